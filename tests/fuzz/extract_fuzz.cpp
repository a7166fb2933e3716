// Any bytes as a response, by every rule.

#include <vector>

#include "reward/extract.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void extract(std::string_view text) {
  using namespace reward;
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
  for (const auto& extraction : extractions) {
    const auto found = candidates(text, extraction);
    require(found.size() <= kMaxCandidates, "number of candidates");
    const auto first = reward::extract(text, extraction);
    require(first ? !found.empty() && *first == found[0] : found.empty(), "the first candidate");
  }
}

}  // namespace grpo::fuzz
