#include "policy/weights/json_scanner.h"

#include <bit>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/utf8.h"

namespace grpo::policy {
namespace {

constexpr uint64_t kOnes = 0x0101010101010101u;
constexpr uint64_t kHigh = 0x8080808080808080u;

/// The high bits of the bytes that are a quote, a backslash or a control character. Borrows run
/// upwards only, so the lowest one is exact.
uint64_t find_special(uint64_t word) {
  const auto below = [](uint64_t v, uint64_t limit) { return (v - kOnes * limit) & ~v & kHigh; };
  return below(word ^ kOnes * '"', 1) | below(word ^ kOnes * '\\', 1) | below(word, 0x20);
}

}  // namespace

void JsonScanner::fail(std::string_view expected) const {
  std::string got = "the end";
  if (at_ < text_.size()) {
    const char c = text_[at_];
    const bool plain = c > ' ' && c < 0x7f;
    got = plain ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", static_cast<uint8_t>(c));
  }
  throw Error(fmt::format("{}: {}{}JSON, byte {}: expected {}, got {}", file_, place_,
                          place_.empty() ? "" : ": ", at_, expected, got),
              2);
}

void JsonScanner::begin_object() {
  if (!accept('{')) fail("an object");
  first_ = true;
}

bool JsonScanner::next_key(std::string_view& key) {
  if (accept('}')) {
    first_ = false;
    return false;
  }
  if (!first_ && !accept(',')) fail("',' or '}'");
  first_ = false;
  skip_space();
  if (at_ >= text_.size() || text_[at_] != '"') fail("a key");
  key = string();
  if (!accept(':')) fail("':'");
  return true;
}

bool JsonScanner::skip_plain() {
  uint64_t word = 0;
  uint64_t high = 0;
  while (at_ + sizeof(word) <= text_.size()) {
    std::memcpy(&word, text_.data() + at_, sizeof(word));
    if (const uint64_t special = find_special(word)) {
      const int bits = std::countr_zero(special) - 7;
      at_ += static_cast<size_t>(bits / 8);
      return ((high | (word & ((uint64_t{1} << bits) - 1))) & kHigh) == 0;
    }
    high |= word;
    at_ += sizeof(word);
  }
  for (; at_ < text_.size(); ++at_) {
    const auto c = static_cast<unsigned char>(text_[at_]);
    if (c == '"' || c == '\\' || c < 0x20) return (high & kHigh) == 0;
    high |= c;
  }
  fail("the end of a string");
}

std::string_view JsonScanner::string() {
  if (!accept('"')) fail("a string");
  const size_t begin = at_;
  const bool ascii = skip_plain();
  std::string_view taken = text_.substr(begin, at_ - begin);
  const bool escaped = text_[at_] != '"';
  if (escaped) taken = unescape(begin);
  ++at_;
  if ((!ascii || escaped) && !is_valid_utf8(taken)) {
    at_ = begin;
    fail("UTF-8");
  }
  return taken;
}

uint32_t JsonScanner::hex4() {
  uint32_t code = 0;
  const char* begin = text_.data() + at_;
  if (text_.size() - at_ < 4) fail("four hexadecimal digits");
  const auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
  if (error != std::errc() || end != begin + 4) fail("four hexadecimal digits");
  at_ += 4;
  return code;
}

std::string_view JsonScanner::unescape(size_t begin) {
  std::string out(text_.substr(begin, at_ - begin));
  while (text_[at_] != '"') {
    if (text_[at_] != '\\') fail("no control character in a string");
    ++at_;
    constexpr std::string_view kNames = "\"\\/bfnrtu";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const size_t which = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) fail("an escape");
    ++at_;
    if (which < kMeant.size()) {
      out += kMeant[which];
    } else {
      uint32_t code = hex4();
      if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
        at_ += 2;
        const uint32_t low = hex4();
        if (low < 0xDC00 || low > 0xDFFF) fail("the second half of a surrogate pair before it");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
      if (code >= 0xD800 && code <= 0xDFFF) fail("a surrogate pair before it");
      append_utf8(out, code);
    }
    const size_t from = at_;
    skip_plain();
    out += text_.substr(from, at_ - from);
  }
  return strings_.emplace_front(std::move(out));
}

int64_t JsonScanner::integer() {
  skip_space();
  const size_t begin = at_;
  const char* end_of_text = text_.data() + text_.size();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text_.data() + at_, end_of_text, value);
  const std::string_view digits(text_.data() + begin,
                                static_cast<size_t>(end - text_.data()) - begin);
  const bool leading_zero =
      digits.size() > 1 && (digits.starts_with('0') || digits.starts_with("-0"));
  const bool fraction = end < end_of_text && (*end == '.' || *end == 'e' || *end == 'E');
  if (error != std::errc() || (leading_zero && digits != "-0") || fraction) fail("an integer");
  at_ = begin + digits.size();
  return value;
}

void JsonScanner::integers(std::vector<int64_t>& out) {
  if (!accept('[')) fail("a list of integers");
  if (accept(']')) return;
  do {
    out.push_back(integer());
  } while (accept(','));
  if (!accept(']')) fail("',' or ']'");
}

std::string_view JsonScanner::value() {
  skip_space();
  const size_t begin = at_;
  int64_t depth = 0;
  do {
    skip_space();
    if (at_ >= text_.size()) fail("a value");
    const char c = text_[at_];
    if (c == '"') {
      string();
    } else if (c == '[' || c == '{') {
      ++depth;
      ++at_;
    } else if (c == ']' || c == '}') {
      if (--depth < 0) fail("a value");
      ++at_;
    } else if (depth > 0 && (c == ',' || c == ':')) {
      ++at_;
    } else {
      const size_t from = at_;
      while (at_ < text_.size() && std::strchr(",:]}[{\" \n\r\t", text_[at_]) == nullptr) ++at_;
      if (at_ == from) fail("a value");
    }
  } while (depth > 0);
  return text_.substr(begin, at_ - begin);
}

void JsonScanner::finish() {
  skip_space();
  if (at_ < text_.size()) fail("nothing more");
}

}  // namespace grpo::policy
