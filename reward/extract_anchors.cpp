#include <algorithm>
#include <array>
#include <string>

#include "reward/ascii.h"
#include "reward/extract_rules.h"
#include "reward/next_place.h"

namespace grpo::reward {
namespace {

/// The word for "answer", in lower case as far as ASCII goes.
struct AnswerWord {
  std::string_view language, code, word;
};
constexpr std::array<AnswerWord, 19> kWords{{
    {"english", "en", "answer"},      {"chinese", "zh", "答案"},
    {"chinese", "zh", "答："},        {"french", "fr", "réponse"},
    {"spanish", "es", "respuesta"},   {"portuguese", "pt", "resposta"},
    {"italian", "it", "risposta"},    {"german", "de", "antwort"},
    {"dutch", "nl", "antwoord"},      {"russian", "ru", "ответ"},
    {"ukrainian", "uk", "відповідь"}, {"polish", "pl", "odpowied"},
    {"turkish", "tr", "cevap"},       {"indonesian", "id", "jawaban"},
    {"vietnamese", "vi", "đáp án"},   {"arabic", "ar", "الجواب"},
    {"arabic", "ar", "الإجابة"},      {"hindi", "hi", "उत्तर"},
    {"korean", "ko", "답"},
}};

/// What may stand between the word and the answer, within one line.
constexpr std::array<std::string_view, 17> kLinks{"is:", "is",     "are:", "are", ":",     "：",
                                                  "=",   "equals", "est",  "es",  "ist",   "是",
                                                  "为",  "هي",     "هو",   "है",   "adalah"};

/// Bytes with which a link begins: most places are passed by a look at one byte.
constexpr std::array<bool, 256> kFirstBytes = [] {
  std::array<bool, 256> first{};
  for (const auto word : kLinks) first[static_cast<unsigned char>(word[0])] = true;
  return first;
}();

/// The end of a link that stands at `at`, or 0.
size_t link_end(const std::string& low, size_t at) {
  if (!kFirstBytes[static_cast<unsigned char>(low[at])]) return 0;
  for (const auto word : kLinks) {
    if (low.compare(at, word.size(), word) != 0) continue;
    if (is_letter(word[0]) && !(word_boundary(low, at) && word_boundary(low, at + word.size()))) {
      continue;
    }
    return at + word.size();
  }
  return 0;
}

}  // namespace

std::vector<Anchor> answer_anchors(std::string_view text, std::string_view language) {
  const std::string low = lowered(text);
  const auto is_language = [&](const AnswerWord& w) {
    return w.language == language || w.code == language;
  };
  const bool known = std::any_of(kWords.begin(), kWords.end(), is_language);
  const bool ascii = std::all_of(low.begin(), low.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  std::vector<std::pair<NextPlace, size_t>> words;  // with the word's length
  for (const auto& w : kWords) {
    if (known && w.code != "en" && !is_language(w)) continue;
    if (ascii && static_cast<unsigned char>(w.word[0]) >= 0x80) continue;
    words.emplace_back(NextPlace(low, w.word), w.word.size());
  }
  std::vector<Anchor> anchors;
  for (size_t at = 0;;) {
    size_t length = 0, place = std::string::npos;
    for (auto& [word, size] : words) {
      if (const size_t next = word.from(at); next < place) {
        place = next;
        length = size;
      }
    }
    if (place == std::string::npos) return anchors;
    const bool final_answer = place >= 6 && low.compare(place - 6, 6, "final ") == 0;
    at = place + length;
    const size_t limit = std::min(low.size(), at + 60);
    // A word that ends in its own colon needs no link.
    size_t end = low.compare(at - 3, 3, "：") == 0 ? at : 0;
    for (size_t i = at; end == 0 && i < limit && low[i] != '\n' && low[i] != '.' && low[i] != '$' &&
                        low[i] != '\\';
         ++i) {
      end = link_end(low, i);
    }
    if (end == 0) continue;
    while (end < low.size() && (is_blank(low[end]) || low[end] == ':' || low[end] == '*')) ++end;
    anchors.push_back({end, final_answer});
  }
}

}  // namespace grpo::reward
