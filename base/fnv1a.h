#pragma once

#include <cstdint>
#include <string_view>

namespace grpo {

inline constexpr uint64_t kFnv1aStart = 14695981039346656037u;

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo) of a text, from `hash` on: that of what stands before.
constexpr uint64_t fnv1a(std::string_view text, uint64_t hash = kFnv1aStart) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace grpo
