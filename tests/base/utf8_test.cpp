#include "base/utf8.h"

#include <gtest/gtest.h>

namespace grpo {
namespace {

TEST(Utf8, DecodeOfEncodeIsTheCode) {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, code);
    const CodePoint point = decode_utf8(text);
    ASSERT_TRUE(point.valid);
    ASSERT_EQ(point.code, code);
    ASSERT_EQ(point.size, text.size());
  }
  EXPECT_EQ(encode_utf8(U"aü€😀"), "aü€😀");
  EXPECT_EQ(utf8_to_codes("aü€😀"), U"aü€😀");
  EXPECT_EQ(encode_utf8(std::u32string{0xD800, 0x110000}), "\xef\xbf\xbd\xef\xbf\xbd");
}

// Unicode standard 15, table 3-8: U+FFFD for each maximal subpart.
TEST(Utf8, InvalidBytesBecomeReplacementsByMaximalSubparts) {
  EXPECT_EQ(sanitize_utf8("\xF0\x80\x80\x41"), "\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(sanitize_utf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFDA");
  EXPECT_EQ(sanitize_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(sanitize_utf8("\xC0\xAF"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(sanitize_utf8("ok ü"), "ok ü");
  EXPECT_TRUE(is_valid_utf8("ok ü😀"));
  EXPECT_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_valid_utf8("\xE2\x82"));
}

TEST(Utf8, CompletePrefixLeavesOnlyAnUnfinishedEnd) {
  const std::string text = "a😀";
  EXPECT_EQ(utf8_complete_prefix(text), 5u);
  for (std::size_t size = 2; size <= 4; ++size)
    EXPECT_EQ(utf8_complete_prefix(text.substr(0, size)), 1u);
  EXPECT_EQ(utf8_complete_prefix(""), 0u);
  EXPECT_EQ(utf8_complete_prefix("a\xFF"), 2u);     // never valid: nothing to wait for
  EXPECT_EQ(utf8_complete_prefix("\x80\x80"), 2u);  // continuations without a lead
  EXPECT_EQ(utf8_complete_prefix("\xE0\x80"), 2u);  // overlong already
}

TEST(Utf8, ClassesKnowTheUsualCharacters) {
  EXPECT_TRUE(is_space(U' '));
  EXPECT_TRUE(is_space(0x3000));
  EXPECT_FALSE(is_space(0x200B));
  EXPECT_EQ(script_of(U'q'), Script::latin);
  EXPECT_EQ(script_of(U'ß'), Script::latin);
  EXPECT_EQ(script_of(U'×'), Script::common);
  EXPECT_EQ(script_of(U'7'), Script::common);
  EXPECT_EQ(script_of(U'Ж'), Script::cyrillic);
  EXPECT_EQ(script_of(U'漢'), Script::han);
  EXPECT_EQ(script_of(U'か'), Script::kana);
  EXPECT_EQ(script_of(U'한'), Script::hangul);
  EXPECT_EQ(display_width("a漢e\u0301"), 4u);
}

}  // namespace
}  // namespace grpo
