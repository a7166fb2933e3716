// Any bytes as what a process that runs a candidate writes into the channel of
// its answers, whole and cut into two.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "reward/code/frame.h"
#include "reward/code/plain_value.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {
namespace {

using namespace reward::code;

/// The frames of a stream as texts, "error" last where it breaks.
std::vector<std::string> read_all(std::string_view bytes, size_t first) {
  FrameReader reader;
  std::vector<std::string> frames;
  try {
    for (const auto part : {bytes.substr(0, first), bytes.substr(first)}) {
      reader.append(part);
      while (const auto frame = reader.next()) {
        frames.push_back(frame->dump(-1, ' ', true));
        for (const auto types : {NumberTypes::strict, NumberTypes::python}) {
          // Equal values are written alike, and what equals nothing is no value.
          require(canonical_value(*frame, types) == canonical_value(Json(*frame), types), "equal");
        }
      }
    }
  } catch (const Error&) {
    frames.emplace_back("error");
  }
  return frames;
}

}  // namespace

void code_frame(std::string_view bytes) {
  const auto whole = read_all(bytes, bytes.size());
  require(read_all(bytes, bytes.size() / 2) == whole, "cut into halves");
  require(read_all(bytes, 0) == whole, "an empty part first");
}

}  // namespace grpo::fuzz
