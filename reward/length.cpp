#include "reward/length.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/utf8.h"

namespace grpo::reward {
namespace {

struct HashNgram {
  size_t operator()(const std::vector<int64_t>& ngram) const {
    uint64_t hash = 14695981039346656037u;
    for (const int64_t token : ngram) {
      hash = (hash ^ static_cast<uint64_t>(token)) * 1099511628211u;
      hash ^= hash >> 29;
    }
    return hash;
  }
};

bool is_word_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

double soft_overlong(int64_t length, int64_t max_length, int64_t buffer) {
  check(buffer > 0 && buffer <= max_length, "soft_overlong: buffer {} of {}", buffer, max_length);
  const int64_t expected = max_length - buffer;
  if (length <= expected) return 0;
  if (length > max_length) return -1;
  return static_cast<double>(expected - length) / static_cast<double>(buffer);
}

double cosine_length(bool correct, int64_t length, int64_t max_length, const CosineRange& range) {
  check(max_length > 0, "cosine_length: max_length {}", max_length);
  const double progress =
      std::min(1.0, static_cast<double>(length) / static_cast<double>(max_length));
  const double c = std::cos(progress * std::numbers::pi);
  const double low = correct ? range.min_correct : range.max_wrong;
  const double high = correct ? range.max_correct : range.min_wrong;
  return low + 0.5 * (high - low) * (1 + c);
}

std::vector<double> group_length(std::span<const int64_t> lengths, std::span<const bool> correct) {
  check(lengths.size() == correct.size(), "group_length: {} lengths, {} verdicts", lengths.size(),
        correct.size());
  std::vector<double> rewards(lengths.size(), 0.0);
  if (lengths.empty()) return rewards;
  const auto [low, high] = std::minmax_element(lengths.begin(), lengths.end());
  if (*low == *high) return rewards;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const double lambda =
        0.5 - static_cast<double>(lengths[i] - *low) / static_cast<double>(*high - *low);
    rewards[i] = correct[i] ? lambda : std::min(0.0, lambda);
  }
  return rewards;
}

double repetition_penalty(std::span<const int64_t> tokens, int64_t n, double max_penalty) {
  check(n >= 1 && max_penalty <= 0, "repetition_penalty: n {}, max_penalty {}", n, max_penalty);
  const auto size = static_cast<int64_t>(tokens.size());
  if (size < n) return 0;
  std::unordered_set<std::vector<int64_t>, HashNgram> unique;
  for (int64_t i = 0; i + n <= size; ++i)
    unique.emplace(tokens.begin() + i, tokens.begin() + i + n);
  const auto all = static_cast<double>(size - n + 1);
  return max_penalty * (1 - static_cast<double>(unique.size()) / all);
}

double repetition_penalty(std::string_view text, int64_t n, double max_penalty) {
  std::unordered_map<std::string, int64_t> ids;
  std::vector<int64_t> words;
  for (size_t at = 0; at < text.size();) {
    while (at < text.size() && is_word_space(text[at])) ++at;
    std::string word;
    for (; at < text.size() && !is_word_space(text[at]); ++at) {
      const char c = text[at];
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    if (!word.empty()) {
      words.push_back(ids.emplace(std::move(word), static_cast<int64_t>(ids.size())).first->second);
    }
  }
  return repetition_penalty(words, n, max_penalty);
}

double language_consistency(std::string_view response, std::string_view language) {
  const Script wanted = [&] {
    if (language == "en") return Script::latin;
    check_input(language == "zh", "language_consistency: unknown language '{}'; known: en, zh",
                language);
    return Script::han;
  }();
  std::string_view text = response.substr(0, std::min(response.find("</think>"), response.size()));
  int64_t letters = 0, matching = 0;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    text.remove_prefix(point.size);
    const Script script = script_of(point.code);
    if (!point.valid || script == Script::common) continue;
    ++letters;
    matching += script == wanted;
  }
  return letters == 0 ? 1.0 : static_cast<double>(matching) / static_cast<double>(letters);
}

}  // namespace grpo::reward
