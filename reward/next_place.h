#pragma once

#include <algorithm>
#include <string_view>

namespace grpo::reward {

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
