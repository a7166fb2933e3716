#include "policy/tokenizer/pretokenize.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "policy/tokenizer/regex_split.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

/// Random text: mostly ASCII and blanks, some of everything that Unicode 14 (PCRE2's) assigns.
std::string random_text(std::mt19937& random, const Regex& unassigned, int length) {
  constexpr char32_t kTricky[] = {' ',    ' ',    '\n',   '\r',   '\t',    '\'',   's',    'L',
                                  'v',    'e',    'T',    0x17F,  0x85,    0xA0,   0x3000, 0x2028,
                                  0x180E, 0x200B, 0x301,  0x20DD, 0x4E00,  0x3042, 0x30FC, 0x9FA5,
                                  0x9FA6, 0xB2,   0x2167, 0x660,  0x1F600, 0xFF01, '$',    '_'};
  std::string text;
  while (length > 0) {
    const uint32_t kind = random() % 4;
    const char32_t code = kind == 0   ? random() % 0x80
                          : kind == 1 ? kTricky[random() % std::size(kTricky)]
                          : kind == 2 ? random() % 0x3000
                                      : random() % 0x20000;
    if (code >= 0xD800 && code < 0xE000) continue;
    std::string character;
    append_utf8(character, code);
    if (unassigned.find(character, 0)) continue;
    text += character;
    --length;
  }
  return text;
}

TEST(Pretokenize, ScannersMatchAsPcre2DoesOnRandomUnicode) {
  const Regex unassigned("\\p{Cn}");
  for (std::string_view pattern : {kGpt2Pattern, kQwen2Pattern, kLlama3Pattern, kDeepSeekNumbers,
                                   kDeepSeekCjk, kDeepSeekPattern}) {
    const Scanner scanner = find_scanner(pattern);
    ASSERT_NE(scanner, nullptr);
    const Regex regex{std::string(pattern)};
    std::mt19937 random(1);
    for (int trial = 0; trial < 2000; ++trial) {
      const std::string text = random_text(random, unassigned, 30);
      for (size_t at = 0; at < text.size(); at += char_at(text, at).size) {
        const auto match = regex.find(text, at);
        const size_t expected = match && match->first == at ? match->second : at;
        ASSERT_EQ(scanner(text, at), expected) << pattern << "\n" << text << "\n" << at;
      }
    }
  }
}

TEST(Pretokenize, APatternWithRealLineEndsIsRecognised) {
  std::string pattern(kDeepSeekPattern);
  for (size_t at; (at = pattern.find("\\r\\n")) != std::string::npos;)
    pattern.replace(at, 4, "\r\n");
  EXPECT_EQ(find_scanner(pattern), find_scanner(kDeepSeekPattern));
  EXPECT_EQ(find_scanner("\\p{L}+"), nullptr);
}

TEST(Pretokenize, APatternThatDoesNotCompileIsNamed) {
  try {
    Regex("a(b");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("a(b"), std::string::npos);
  }
}

TEST(Pretokenize, ALongTextDoesNotExhaustTheStackOfCompiledPatterns) {
  const Regex regex("(?:a|b)+c|.");
  const std::string text(300000, 'a');
  EXPECT_NO_THROW({
    try {
      regex.find(text, 0);
    } catch (const Error& error) {  // a limit of steps is an answer, a crash is not
      EXPECT_NE(std::string(error.what()).find("limit"), std::string::npos);
    }
  });
}

}  // namespace
}  // namespace grpo::policy
