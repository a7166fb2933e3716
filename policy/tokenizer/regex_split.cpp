#include "policy/tokenizer/regex_split.h"

#include <pcre2.h>

#include "base/error.h"
#include "policy/tokenizer/unicode.h"

namespace grpo::policy {
namespace {

/// PCRE2's own \s also holds U+180E; Oniguruma's does not.
std::string with_white_space(std::string_view pattern) {
  constexpr std::string_view kBlanks = R"(\t-\r\x{85}\p{Z})";
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      if (escaped == 's' && in_class) {
        out += kBlanks;
      } else if (escaped == 's' || (escaped == 'S' && !in_class)) {
        out += fmt::format("[{}{}]", escaped == 'S' ? "^" : "", kBlanks);
      } else {
        out += c;
        out += escaped;
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out += c;
  }
  return out;
}

std::string pcre2_message(int code) {
  PCRE2_UCHAR buffer[256] = {};
  pcre2_get_error_message(code, buffer, sizeof(buffer));
  return reinterpret_cast<const char*>(buffer);
}

/// Room for one match; each thread has its own.
pcre2_match_data* thread_match_data() {
  thread_local const std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> data(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  return data.get();
}

}  // namespace

struct Regex::Compiled {
  pcre2_code* code = nullptr;
  ~Compiled() { pcre2_code_free(code); }
};

Regex::Regex(std::string pattern)
    : pattern_(std::move(pattern)), compiled_(std::make_unique<Compiled>()) {
  const std::string translated = with_white_space(pattern_);
  int code = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, nullptr);
  check_input(compiled_->code != nullptr, "pattern \"{}\": {} at offset {} of \"{}\"", pattern_,
              pcre2_message(code), offset, translated);
  // A refusal (no writable and executable memory) leaves the interpreter, which is slower only.
  pcre2_jit_compile(compiled_->code, PCRE2_JIT_COMPLETE);
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

std::optional<std::pair<size_t, size_t>> Regex::find(std::string_view text, size_t from) const {
  pcre2_match_data* data = thread_match_data();
  check(data != nullptr, "pattern \"{}\": out of memory", pattern_);
  while (from <= text.size()) {
    const auto match = [&](uint32_t options) {
      return pcre2_match(compiled_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                         from, options | PCRE2_NO_UTF_CHECK, data, nullptr);
    };
    int result = match(0);
    // Compiled code has a small stack; the interpreter takes its memory from the heap.
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) result = match(PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH) return {};
    check_input(result >= 0, "pattern \"{}\": {} after byte {} of a text of {} bytes", pattern_,
                pcre2_message(result), from, text.size());
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
    if (bounds[1] > bounds[0]) return std::pair<size_t, size_t>(bounds[0], bounds[1]);
    // An empty match splits nothing: look on after the next character.
    if (bounds[0] >= text.size()) return {};
    from = bounds[0] + char_at(text, bounds[0]).size;
  }
  return {};
}

}  // namespace grpo::policy
