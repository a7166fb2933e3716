#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

/// What the scanners of extract_rules.h share.
namespace grpo::reward {

inline bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

inline bool word_boundary(std::string_view text, size_t at) {
  return at == 0 || at >= text.size() || !std::isalnum(static_cast<unsigned char>(text[at - 1])) ||
         !std::isalnum(static_cast<unsigned char>(text[at]));
}

/// The next place of `what` at or after a position; positions asked for only grow, so that all
/// searches together read the text once.
class NextPlace {
 public:
  NextPlace(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  size_t from(size_t at) {
    while (place_ < at || !searched_) {
      searched_ = true;
      place_ = text_.find(what_, std::max(at, place_));
      if (place_ == std::string_view::npos) break;
      // \$ is money, not the end of math.
      if (what_[0] == '$' && place_ > 0 && text_[place_ - 1] == '\\') {
        at = std::max(at, place_ + 1);
        continue;
      }
    }
    return place_;
  }

 private:
  std::string_view text_;
  std::string_view what_;
  size_t place_ = 0;
  bool searched_ = false;
};

}  // namespace grpo::reward
