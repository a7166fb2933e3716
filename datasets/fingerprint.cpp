#include "datasets/fingerprint.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

namespace grpo::datasets {
namespace {

class Fnv1a {
 public:
  void add(std::string_view text) {
    add(static_cast<int64_t>(text.size()));
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
  }
  void add(int64_t number) {
    for (int shift = 0; shift < 64; shift += 8) {
      add_byte(static_cast<unsigned char>(static_cast<uint64_t>(number) >> shift));
    }
  }
  std::string text() const { return fmt::format("{:016x}", hash_); }

 private:
  void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 1099511628211u; }

  uint64_t hash_ = 14695981039346656037u;
};

}  // namespace

std::string fingerprint(std::span<const Problem> problems) {
  Fnv1a hash;
  for (const Problem& p : problems) {
    hash.add(static_cast<int64_t>(p.kind));
    for (const auto* text : {&p.id, &p.prompt, &p.answer, &p.setup, &p.entry_point, &p.solution}) {
      hash.add(*text);
    }
    hash.add(static_cast<int64_t>(p.numbers.size()));
    for (const int64_t number : p.numbers) hash.add(number);
    hash.add(static_cast<int64_t>(p.tests.size()));
    for (const TestCase& test : p.tests) {
      hash.add(static_cast<int64_t>(test.style));
      hash.add(test.input);
      hash.add(test.output);
    }
  }
  return hash.text();
}

std::string fingerprint(std::span<const Demonstration> demonstrations) {
  Fnv1a hash;
  for (const Demonstration& d : demonstrations) {
    for (const auto* text : {&d.id, &d.prompt, &d.response}) hash.add(*text);
  }
  return hash.text();
}

}  // namespace grpo::datasets
