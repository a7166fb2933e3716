#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace grpo::policy {

/// A split pattern without a hand-written scanner, compiled by PCRE2 (UTF, Unicode properties),
/// just-in-time compiled where the machine allows it. `\s` and `\S` mean White_Space, as in
/// Oniguruma, which Hugging Face's tokenizers use. Threads may share it.
class Regex {
 public:
  /// Error with the pattern and the position in it when it does not compile.
  explicit Regex(std::string pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// First match that starts at or after `from` and is not empty: [begin, end) in bytes. The text
  /// is valid UTF-8. Error when the pattern runs into PCRE2's limit of steps.
  std::optional<std::pair<size_t, size_t>> find(std::string_view text, size_t from) const;

  const std::string& pattern() const { return pattern_; }

 private:
  struct Compiled;
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace grpo::policy
