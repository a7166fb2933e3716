#pragma once

#include <cstdint>
#include <vector>

namespace grpo::kernels {

/// Groups of unequal numbers of items, laid out in one line for parallel_for.
///
/// Not a template and not inline, so that no `<op>_cpu.cpp` emits a copy of std::vector for its own
/// instruction set, which the linker could then use for all.
class WorkList {
 public:
  struct Item {
    int64_t group = 0;
    int64_t index = 0;  ///< within the group
  };

  WorkList();
  ~WorkList();
  void add_group(int64_t items);
  int64_t size() const;
  Item item(int64_t i) const;

 private:
  std::vector<int64_t> begin_;  // first item of each group, then the total
};

}  // namespace grpo::kernels
