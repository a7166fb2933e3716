#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"

namespace grpo::apps {

/// Rows of a JSON-lines file, read by a thread of its own: what has arrived can be served together
/// without waiting for more, since a program at the other end of a pipe may be waiting itself.
class ArrivingRows {
 public:
  struct Row {
    OrderedJson json;
    std::string where;  ///< "file:line"
  };

  explicit ArrivingRows(const std::string& input);
  ~ArrivingRows();
  ArrivingRows(const ArrivingRows&) = delete;
  ArrivingRows& operator=(const ArrivingRows&) = delete;

  /// Waits for a row, then takes those that are there, `most` at most. None: the end. Throws the
  /// reader's Error once the rows before it are taken.
  std::vector<Row> take(size_t most);

 private:
  struct State;

  std::shared_ptr<State> state_;  // shared with the reader, which may outlive this
  std::thread reader_;
};

}  // namespace grpo::apps
