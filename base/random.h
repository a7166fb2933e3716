#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace grpo {

/// Philox 4x32-10: ten rounds turn a 128-bit counter and a 64-bit key into 128 random bits. It has
/// no state, so a draw depends on nothing but its number: the same on CPU and GPU, after a resume,
/// and in whatever batch it is made.
/// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
constexpr std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter,
                                         std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// Philox sequences of a run's seed, by use, so that no draw serves twice: training's answers count
/// from 0.
constexpr uint64_t kEvaluationSequence = uint64_t{1} << 62, kShuffleSequence = uint64_t{1} << 63;

/// The block of draw `position` in `sequence` under `seed`; counter words, least significant first:
/// position, position high, sequence, sequence high.
constexpr std::array<uint32_t, 4> philox_block(uint64_t seed, uint64_t sequence,
                                               uint64_t position) {
  return philox({static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
                 static_cast<uint32_t>(sequence), static_cast<uint32_t>(sequence >> 32)},
                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
}

/// Uniform in the open interval (0, 1): the middle of one of 2^23 (float) or 2^52 (double) equal
/// cells, which the type holds exactly, so that neither log(u) nor log(1 - u) is infinite.
constexpr float uniform_float(uint32_t bits) {
  return (static_cast<float>(bits >> 9) + 0.5f) * 0x1p-23f;
}
constexpr double uniform_double(uint64_t bits) {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

/// Draw `position` of `sequence` (for sampling: the answer's number and the token's place in it).
template <class Real = float>
constexpr Real uniform(uint64_t seed, uint64_t sequence, uint64_t position) {
  const auto block = philox_block(seed, sequence, position);
  if constexpr (sizeof(Real) == sizeof(float)) {
    return uniform_float(block[0]);
  } else {
    return uniform_double(uint64_t{block[1]} << 32 | block[0]);
  }
}

/// A sequential stream for shuffles and generators. Its state is three integers, kept in
/// checkpoints: a stream continued from its state gives what the uninterrupted one would have
/// given.
class Random {
 public:
  struct State {
    uint64_t seed = 0;
    uint64_t sequence = 0;
    uint64_t position = 0;  // 64-bit draws made so far
    bool operator==(const State&) const = default;
  };

  explicit constexpr Random(uint64_t seed, uint64_t sequence = 0) : state_{seed, sequence, 0} {}
  explicit constexpr Random(const State& state) : state_(state) {}
  constexpr const State& state() const { return state_; }

  constexpr uint64_t next_u64() {
    const uint64_t n = state_.position++;
    const auto block = philox_block(state_.seed, state_.sequence, n / 2);  // two draws a block
    return n % 2 == 0 ? uint64_t{block[1]} << 32 | block[0] : uint64_t{block[3]} << 32 | block[2];
  }

  /// Uniform in [0, n), without the bias of a bare remainder. n >= 1.
  constexpr uint64_t below(uint64_t n) {
    const uint64_t unfair = (0 - n) % n;  // 2^64 mod n: so many values are drawn again
    for (;;) {
      const uint64_t x = next_u64();
      if (x >= unfair) return x % n;
    }
  }

  /// Uniform in (0, 1).
  constexpr double uniform() { return uniform_double(next_u64()); }

  /// Standard normal by Box and Muller; always two draws, so the state stays three integers.
  double normal() {
    const double radius = std::sqrt(-2.0 * std::log(uniform()));
    return radius * std::cos(2.0 * std::numbers::pi * uniform());
  }

  /// Fisher and Yates: every order equally likely.
  template <class T>
  constexpr void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  State state_;
};

}  // namespace grpo
