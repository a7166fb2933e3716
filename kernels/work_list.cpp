#include "kernels/work_list.h"

#include <algorithm>

namespace grpo::kernels {

WorkList::WorkList() : begin_{0} {}
WorkList::~WorkList() = default;

void WorkList::add_group(int64_t items) { begin_.push_back(begin_.back() + items); }

int64_t WorkList::size() const { return begin_.back(); }

WorkList::Item WorkList::item(int64_t i) const {
  const auto next = std::upper_bound(begin_.begin(), begin_.end(), i);
  const int64_t group = next - begin_.begin() - 1;
  return {group, i - begin_[static_cast<size_t>(group)]};
}

}  // namespace grpo::kernels
