#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace grpo::datasets {

/// One JSON object of a JSON-lines file with its place, "file:line". Every reader throws Error
/// (exit code 2) "file:line: field: what is wrong".
class Row {
 public:
  Row(Json object, std::string where) : object_(std::move(object)), where_(std::move(where)) {}

  bool has(const std::string& field) const { return fields().has(field); }  // and not null

  template <class T>
  T required(const std::string& field) const {
    return fields().required<T>(field);
  }
  std::string text(const std::string& field) const { return required<std::string>(field); }
  std::string text_or(const std::string& field, std::string_view fallback) const;
  /// A text, or a number as JSON prints it: answers and ids come in both forms.
  std::string answer(const std::string& field) const;
  /// The first of `names` that is present: data sets name the same thing differently.
  std::string first_text(std::initializer_list<std::string> names) const;
  std::string first_answer(std::initializer_list<std::string> names) const;

  JsonObject fields() const { return JsonObject(object_, where_); }
  const std::string& where() const { return where_; }
  [[noreturn]] void fail(const std::string& field, std::string_view what) const {
    fields().fail(field, what);
  }

 private:
  std::string first_of(std::initializer_list<std::string> names) const;

  Json object_;
  std::string where_;
};

/// The row's id | task_id | unique_id, else its file's name and line.
std::string id_of(const Row& row);

/// Every row of a JSON-lines file, plain or .gz. Throws Error (exit code 2) on a broken file, a row
/// that is no object, and when there is no row.
std::vector<Row> read_rows(const std::string& file);

}  // namespace grpo::datasets
