// libFuzzer target: any bytes as a response, by every rule. Built and run by
// tests/fuzz/run_reward.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "reward/extract.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace grpo::reward;
  static const auto extractions = [] {
    std::vector<Extraction> all;
    for (const auto* spec :
         {"", "none", "boxed", "tag:answer", "latex", "expr", "latex+expr", "hash4",
          "answer_colon_last", "answer_is", "bracket_last", "letter", "last_number",
          "bracket_last_else_latex+expr;after_think", "boxed_else_answer_else_last_number;tail=300",
          "latex;final_answer_first;language=fr", "letter;allowed=A,B;marker=\"A:\""}) {
      all.push_back(parse_extraction(spec));
    }
    return all;
  }();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& extraction : extractions) {
    const auto found = candidates(text, extraction);
    if (found.size() > kMaxCandidates) std::abort();
    const auto first = extract(text, extraction);
    if (first.has_value() == found.empty() || (first && *first != found[0])) std::abort();
  }
  return 0;
}
