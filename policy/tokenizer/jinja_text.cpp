#include "policy/tokenizer/jinja_text.h"

#include <utf8proc.h>

#include <algorithm>

#include "policy/tokenizer/jinja_special_casing.h"

namespace grpo::policy::jinja {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

struct Range {
  char32_t first, last;
};

template <size_t N>
bool in_ranges(const Range (&ranges)[N], char32_t c) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [c](const Range& range) { return range.first <= c && c <= range.last; });
}

/// The Unicode property Cased: letters with case, Other_Lowercase, Other_Uppercase.
bool is_cased(char32_t c) {
  static constexpr Range kOther[] = {
      {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},
      {0x2E0, 0x2E4},     {0x345, 0x345},     {0x37A, 0x37A},     {0x1D2C, 0x1D6A},
      {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},
      {0x2090, 0x209C},   {0x2160, 0x217F},   {0x24B6, 0x24E9},   {0x2C7C, 0x2C7D},
      {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},
      {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA},
      {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_LU || kind == UTF8PROC_CATEGORY_LL ||
         kind == UTF8PROC_CATEGORY_LT || in_ranges(kOther, c);
}

/// The Unicode property Case_Ignorable.
bool is_case_ignorable(char32_t c) {
  static constexpr std::u32string_view kMidLetters =
      U"'.:\u00B7\u0387\u055F\u05F4\u2018\u2019\u2024\u2027\uFE13\uFE52\uFE55\uFF07\uFF0E\uFF1A";
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME ||
         kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_LM ||
         kind == UTF8PROC_CATEGORY_SK || kMidLetters.find(c) != std::u32string_view::npos;
}

/// Sigma at the end of a word has its own lower case (SpecialCasing: Final_Sigma).
bool is_final_sigma(const std::u32string& text, size_t at) {
  size_t i = at;
  while (i > 0 && is_case_ignorable(text[i - 1])) --i;
  if (i == 0 || !is_cased(text[i - 1])) return false;
  i = at + 1;
  while (i < text.size() && is_case_ignorable(text[i])) ++i;
  return i == text.size() || !is_cased(text[i]);
}

const SpecialCasing* special_casing(char32_t c) {
  const auto* found = std::lower_bound(
      std::begin(kSpecialCasing), std::end(kSpecialCasing), c,
      [](const SpecialCasing& entry, char32_t key) { return entry.code_point < key; });
  return found != std::end(kSpecialCasing) && found->code_point == c ? found : nullptr;
}

void append_upper(std::u32string& out, char32_t c) {
  if (const SpecialCasing* special = special_casing(c)) {
    out += special->upper;
  } else {
    out += static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
  }
}

void append_title(std::u32string& out, char32_t c) {
  if (const SpecialCasing* special = special_casing(c)) {
    out += special->title;
  } else {
    out += static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)));
  }
}

void append_lower(std::u32string& out, const std::u32string& text, size_t at) {
  const char32_t c = text[at];
  if (c == 0x3A3) {
    out += is_final_sigma(text, at) ? char32_t{0x3C2} : char32_t{0x3C3};
  } else if (c == 0x130) {
    out += U"i\u0307";  // the one unconditional lower case of several code points
  } else {
    out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
  }
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

std::vector<std::string> split_at_space(std::string_view text, int64_t max_splits) {
  std::vector<std::string> parts;
  std::string_view rest = strip(text, Side::left);
  while (!rest.empty()) {
    if (static_cast<int64_t>(parts.size()) == max_splits) {
      parts.emplace_back(rest);
      break;
    }
    size_t end = 0;
    while (end < rest.size() && !is_space(code_point_at(rest, end))) {
      end += code_point_bytes(rest, end);
    }
    parts.emplace_back(rest.substr(0, end));
    rest = strip(rest.substr(end), Side::left);
  }
  return parts;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t c = 0;
    const utf8proc_ssize_t n = utf8proc_iterate(at, left, &c);
    if (n <= 0) return false;
    at += n;
    left -= n;
  }
  return true;
}

size_t code_point_bytes(std::string_view text, size_t offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  const size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(bytes, text.size() - offset);
}

char32_t code_point_at(std::string_view text, size_t offset) {
  utf8proc_int32_t c = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + offset),
                   static_cast<utf8proc_ssize_t>(text.size() - offset), &c);
  return static_cast<char32_t>(c);
}

std::u32string to_code_points(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); i += code_point_bytes(text, i)) {
    out += code_point_at(text, i);
  }
  return out;
}

void append_code_point(std::string& text, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  text.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
}

std::string from_code_points(std::u32string_view code_points) {
  std::string text;
  text.reserve(code_points.size());
  for (const char32_t c : code_points) append_code_point(text, c);
  return text;
}

size_t count_code_points(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

bool is_printable(char32_t c) {
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    case UTF8PROC_CATEGORY_ZS:
      return c == ' ';
    default:
      return true;
  }
}

std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters) {
  const std::u32string set = characters ? to_code_points(*characters) : std::u32string();
  const auto drops = [&](char32_t c) {
    return characters ? set.find(c) != std::u32string::npos : is_space(c);
  };
  if (side != Side::right) {
    while (!text.empty() && drops(code_point_at(text, 0))) {
      text.remove_prefix(code_point_bytes(text, 0));
    }
  }
  if (side != Side::left) {
    while (!text.empty()) {
      size_t last = text.size() - 1;
      while (last > 0 && (text[last] & 0xC0) == 0x80) --last;
      if (!drops(code_point_at(text, last))) break;
      text = text.substr(0, last);
    }
  }
  return text;
}

std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               int64_t max_splits) {
  if (max_splits < 0) max_splits = kNoLimit;
  if (!separator) return split_at_space(text, max_splits);
  std::vector<std::string> parts;
  size_t begin = 0;
  while (static_cast<int64_t>(parts.size()) < max_splits) {
    const size_t end = text.find(*separator, begin);
    if (end == std::string_view::npos) break;
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + separator->size();
  }
  parts.emplace_back(text.substr(begin));
  return parts;
}

std::vector<std::string> split_right(std::string_view text, std::string_view separator,
                                     int64_t max_splits) {
  if (max_splits < 0) max_splits = kNoLimit;
  std::vector<std::string> parts;
  size_t end = text.size();
  while (static_cast<int64_t>(parts.size()) < max_splits && end >= separator.size()) {
    const size_t begin = text.substr(0, end).rfind(separator);
    if (begin == std::string_view::npos) break;
    parts.emplace_back(text.substr(begin + separator.size(), end - begin - separator.size()));
    end = begin;
  }
  parts.emplace_back(text.substr(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  size_t i = 0;
  while (i < text.size()) {
    const size_t bytes = code_point_bytes(text, i);
    if (!is_line_end(code_point_at(text, i))) {
      i += bytes;
      continue;
    }
    lines.emplace_back(text.substr(begin, i - begin));
    i += text.substr(i, 2) == "\r\n" ? 2 : bytes;
    begin = i;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

size_t count_matches(std::string_view text, std::string_view part) {
  if (part.empty()) return count_code_points(text) + 1;
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

std::string replace_all(std::string_view text, std::string_view from, std::string_view to,
                        int64_t limit) {
  if (limit < 0) limit = kNoLimit;
  std::string out;
  size_t begin = 0;
  if (from.empty()) {  // Python: before every code point and at the end
    while (limit-- > 0) {
      out += to;
      if (begin == text.size()) return out;
      const size_t bytes = code_point_bytes(text, begin);
      out += text.substr(begin, bytes);
      begin += bytes;
    }
    return out.append(text.substr(begin));
  }
  while (limit-- > 0) {
    const size_t found = text.find(from, begin);
    if (found == std::string_view::npos) break;
    out.append(text.substr(begin, found - begin)).append(to);
    begin = found + from.size();
  }
  return out.append(text.substr(begin));
}

std::string to_upper(std::string_view text) {
  std::u32string out;
  for (const char32_t c : to_code_points(text)) append_upper(out, c);
  return from_code_points(out);
}

std::string to_lower(std::string_view text) {
  const std::u32string in = to_code_points(text);
  std::u32string out;
  for (size_t i = 0; i < in.size(); ++i) append_lower(out, in, i);
  return from_code_points(out);
}

std::string to_title(std::string_view text) {
  const std::u32string in = to_code_points(text);
  std::u32string out;
  bool inside_word = false;
  for (size_t i = 0; i < in.size(); ++i) {
    if (inside_word) {
      append_lower(out, in, i);
    } else {
      append_title(out, in[i]);
    }
    inside_word = is_cased(in[i]);
  }
  return from_code_points(out);
}

std::string capitalize(std::string_view text) {
  const std::u32string in = to_code_points(text);
  std::u32string out;
  for (size_t i = 0; i < in.size(); ++i) {
    if (i == 0) {
      append_title(out, in[i]);
    } else {
      append_lower(out, in, i);
    }
  }
  return from_code_points(out);
}

std::string title_words(std::string_view text) {
  // Words begin after white space and any of - ( { [ <.
  const auto separates = [](char32_t c) {
    return is_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos;
  };
  const std::u32string in = to_code_points(text);
  std::u32string out;
  for (size_t begin = 0; begin < in.size();) {
    size_t end = begin + 1;
    while (end < in.size() && separates(in[end]) == separates(in[begin])) ++end;
    append_upper(out, in[begin]);
    // Without the first letter, as Jinja lowers it: a final sigma looks no further.
    const std::u32string rest = in.substr(begin + 1, end - begin - 1);
    for (size_t i = 0; i < rest.size(); ++i) append_lower(out, rest, i);
    begin = end;
  }
  return from_code_points(out);
}

}  // namespace grpo::policy::jinja
