#include "policy/tokenizer/merge_scores.h"

#include <set>
#include <unordered_set>
#include <vector>

#include "base/error.h"

namespace grpo::policy {
namespace {

constexpr std::string_view kBlankSymbol = "\xE2\x96\x81";

struct Pair {
  std::string left, right;
};

Pair read_merge(const nlohmann::json& merge) {
  if (merge.is_array()) return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  const auto text = merge.get<std::string>();
  const size_t blank = text.find(' ', 1);
  return {text.substr(0, blank), text.substr(blank + 1)};
}

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

nlohmann::json replace_blanks() {
  return {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kBlankSymbol}};
}

}  // namespace

std::map<int32_t, float> merge_scores(const nlohmann::json& model, const std::string& file) {
  const nlohmann::json& vocab = model.at("vocab");
  std::map<int32_t, float> scores;
  std::vector<std::string> made;
  std::unordered_set<std::string> pairs;  // left, NUL, right
  for (const auto& merge : model.at("merges")) {
    const auto [left, right] = read_merge(merge);
    const std::string piece = left + right;
    pairs.insert(left + '\0' + right);
    if (!made.empty() && made.back() == piece) continue;
    const bool fresh =
        scores.emplace(vocab.at(piece).get<int32_t>(), -static_cast<float>(made.size())).second;
    check_input(fresh, "{}: model: merges: those of \"{}\" stand apart: GGUF has no form for that",
                file, piece);
    made.push_back(piece);
  }
  for (const std::string& piece : made) {
    for (size_t at = 1; at < piece.size(); ++at) {
      if (continues_character(piece[at])) continue;
      const std::string left = piece.substr(0, at), right = piece.substr(at);
      check_input(
          !vocab.contains(left) || !vocab.contains(right) || pairs.contains(left + '\0' + right),
          "{}: model: merges: none of \"{}\" and \"{}\", though there is \"{}\": GGUF has no "
          "form for that",
          file, left, right, piece);
    }
  }
  return scores;
}

std::optional<bool> adds_blank_in_front(const nlohmann::json& root) {
  const auto part = [&](const char* key) { return root.value(key, nlohmann::json()); };
  const nlohmann::json normalizer = part("normalizer"), pre_tokenizer = part("pre_tokenizer");
  if (pre_tokenizer.is_null()) {
    if (normalizer == replace_blanks()) return false;
    const nlohmann::json prepend = {{"type", "Prepend"}, {"prepend", kBlankSymbol}};
    const nlohmann::json both = {{"type", "Sequence"},
                                 {"normalizers", {prepend, replace_blanks()}}};
    return normalizer == both ? std::optional(true) : std::nullopt;
  }
  if (!normalizer.is_null() || pre_tokenizer.value("type", "") != "Metaspace") return std::nullopt;
  const std::string scheme = pre_tokenizer.value("prepend_scheme", "always");
  if (pre_tokenizer.value("replacement", kBlankSymbol) != kBlankSymbol ||
      pre_tokenizer.value("split", true) || scheme == "first") {
    return std::nullopt;
  }
  return scheme == "always";
}

}  // namespace grpo::policy
