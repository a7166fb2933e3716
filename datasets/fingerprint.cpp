#include "datasets/fingerprint.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/fnv1a.h"

namespace grpo::datasets {
namespace {

class Hash {
 public:
  void add(const std::vector<std::string>& texts) {
    add(static_cast<int64_t>(texts.size()));
    for (const auto& text : texts) add(text);
  }
  void add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    hash_ = fnv1a(text, hash_);
  }
  void add(int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      const char byte = static_cast<char>(static_cast<uint64_t>(number) >> shift);
      hash_ = fnv1a({&byte, 1}, hash_);
    }
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  uint64_t hash_ = kFnv1aStart;
};

void add_tests(Hash& hash, const CodeTests& tests) {
  hash.add(static_cast<int64_t>(tests.style));
  for (const auto* texts : {&tests.inputs, &tests.outputs, &tests.asserts}) hash.add(*texts);
  hash.add(static_cast<int64_t>(tests.compare.mode));
  hash.add(std::bit_cast<int64_t>(tests.compare.tolerance));
  for (const auto* text : {&tests.function, &tests.entry_point, &tests.setup, &tests.prompt}) {
    hash.add(*text);
  }
  hash.add(static_cast<int64_t>(tests.strict_types));
}

}  // namespace

std::string fingerprint(std::span<const Problem> problems) {
  Hash hash;
  for (const Problem& p : problems) {
    hash.add(static_cast<int64_t>(p.kind));
    for (const auto* text : {&p.id, &p.prompt, &p.answer, &p.solution}) hash.add(*text);
    hash.add(static_cast<int64_t>(p.numbers.size()));
    for (const int64_t number : p.numbers) hash.add(number);
    add_tests(hash, p.tests);
    hash.add(static_cast<int64_t>(p.language));
    hash.add(p.limits.dump());
  }
  return hash.text();
}

std::string fingerprint(std::span<const Demonstration> demonstrations) {
  Hash hash;
  for (const Demonstration& d : demonstrations) {
    for (const auto* text : {&d.id, &d.prompt, &d.response}) hash.add(*text);
  }
  return hash.text();
}

}  // namespace grpo::datasets
