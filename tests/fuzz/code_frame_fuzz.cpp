// libFuzzer target: any bytes as what a process that runs a candidate writes into the channel of
// its answers, whole and cut into two. Not part of the build. From the root of the repository:
//
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -I. -DFMT_HEADER_ONLY \
//     tests/fuzz/code_frame_fuzz.cpp reward/code/frame.cpp reward/code/plain_value.cpp \
//     base/json.cpp base/number.cpp base/utf8.cpp -lutf8proc -o code_frame_fuzz
//   ./code_frame_fuzz -max_total_time=60 -rss_limit_mb=2048 CORPUS

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "reward/code/frame.h"
#include "reward/code/plain_value.h"

namespace {

using namespace grpo;
using namespace grpo::reward::code;

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
          if (canonical_value(*frame, types) != canonical_value(Json(*frame), types)) std::abort();
        }
      }
    }
  } catch (const Error&) {  // the one way to fail
    frames.emplace_back("error");
  }
  return frames;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = read_all(bytes, size);
  if (read_all(bytes, size / 2) != whole || read_all(bytes, 0) != whole) std::abort();
  return 0;
}
