#include "base/utf8.h"

#include <array>

namespace grpo {
namespace {

/// What a lead byte promises: total size (0: not a lead byte), bits of its own, bounds of the
/// second byte, which alone rule out overlong forms, surrogates and values above U+10FFFF.
struct Lead {
  std::size_t size;
  unsigned char mask, second_low, second_high;
};

constexpr Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {1, 0x7F, 0, 0};
  if (byte >= 0xC2 && byte <= 0xDF) return {2, 0x1F, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0x0F, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x0F, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x0F, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x07, 0x90, 0xBF};
  if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x07, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x07, 0x80, 0x8F};
  return {0, 0, 0, 0};
}

struct Range {
  char32_t first, last;
};

template <std::size_t N>
constexpr bool within(const std::array<Range, N>& ranges, char32_t code) {
  for (const auto& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

// The blocks that matter in model output; terminals differ in the rest.
constexpr std::array<Range, 14> kWide{{{0x1100, 0x115F},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0x9FFF},
                                       {0xA000, 0xA4CF},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE4F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F},
                                       {0x1F680, 0x1F9FF},
                                       {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 7> kZeroWidth{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x064B, 0x065F},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F}}};

struct ScriptRange {
  char32_t first, last;
  Script script;
};
constexpr std::array<ScriptRange, 23> kScripts{
    {{'A', 'Z', Script::latin},          {'a', 'z', Script::latin},
     {0xC0, 0xD6, Script::latin},        {0xD8, 0xF6, Script::latin},
     {0xF8, 0x2AF, Script::latin},       {0x370, 0x3FF, Script::greek},
     {0x400, 0x52F, Script::cyrillic},   {0x591, 0x5F4, Script::hebrew},
     {0x620, 0x6FF, Script::arabic},     {0x750, 0x77F, Script::arabic},
     {0x900, 0x97F, Script::devanagari}, {0xE01, 0xE5B, Script::thai},
     {0x1100, 0x11FF, Script::hangul},   {0x1E00, 0x1EFF, Script::latin},
     {0x1F00, 0x1FFF, Script::greek},    {0x3005, 0x3007, Script::han},
     {0x3041, 0x30FF, Script::kana},     {0x3131, 0x318E, Script::hangul},
     {0x31F0, 0x31FF, Script::kana},     {0x3400, 0x9FFF, Script::han},
     {0xAC00, 0xD7A3, Script::hangul},   {0xF900, 0xFAFF, Script::han},
     {0x20000, 0x3FFFD, Script::han}}};

}  // namespace

CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.size == 0) return {kReplacement, 1, false};
  char32_t code = byte(0) & lead.mask;
  for (std::size_t i = 1; i < lead.size; ++i) {
    const unsigned char low = i == 1 ? lead.second_low : 0x80;
    const unsigned char high = i == 1 ? lead.second_high : 0xBF;
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {kReplacement, i, false};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  return {code, lead.size, true};
}

std::u32string utf8_to_codes(std::string_view text) {
  std::u32string codes;
  codes.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    codes.push_back(point.code);
    text.remove_prefix(point.size);
  }
  return codes;
}

void append_utf8(std::string& out, char32_t code) {
  if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) code = kReplacement;
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::string encode_utf8(std::u32string_view codes) {
  std::string out;
  out.reserve(codes.size());
  for (const char32_t code : codes) append_utf8(out, code);
  return out;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!point.valid) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

std::string sanitize_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (point.valid) {
      out.append(text.substr(0, point.size));
    } else {
      append_utf8(out, kReplacement);
    }
    text.remove_prefix(point.size);
  }
  return out;
}

std::size_t utf8_complete_prefix(std::string_view text) {
  // Only a lead byte among the last three can still be waiting for its continuation.
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto tail = text.substr(text.size() - back);
    const Lead lead = lead_of(static_cast<unsigned char>(tail[0]));
    if (lead.size == 0) continue;  // a continuation byte: look further back
    const CodePoint point = decode_utf8(tail);
    const bool unfinished = !point.valid && point.size == tail.size() && lead.size > tail.size();
    return unfinished ? text.size() - back : text.size();
  }
  return text.size();
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    if (!within(kZeroWidth, point.code)) width += within(kWide, point.code) ? 2 : 1;
    text.remove_prefix(point.size);
  }
  return width;
}

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || code == 0x20 || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

Script script_of(char32_t code) {
  for (const auto& range : kScripts) {
    if (code >= range.first && code <= range.last) return range.script;
  }
  return Script::common;
}

}  // namespace grpo
