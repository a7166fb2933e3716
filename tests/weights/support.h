#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "policy/weights/weight_reader.h"
#include "tests/support/temporary_folder.h"

namespace grpo::policy {

inline std::filesystem::path golden(const std::string& name) {
  return std::filesystem::path(GRPO_SOURCE_DIR) / "tests/golden/weights" / name;
}

struct TemporaryFolder : test::TemporaryFolder {
  std::filesystem::path operator/(const std::string& name) const { return path() / name; }
};

inline std::string slurp(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

inline std::vector<float> read_all(const WeightReader& reader, const std::string& name) {
  size_t size = 1;
  for (const int64_t n : reader.shape(name)) size *= static_cast<size_t>(n);
  std::vector<float> values(size);
  reader.read_rows(name, 0, reader.shape(name)[0], values.data());
  return values;
}

/// Calls `read` on every sixteenth of the bytes, and on copies with a few bits turned.
template <class Read>
void feed_damaged(const std::string& bytes, size_t header_bytes, Read read) {
  for (size_t i = 0; i < 16; ++i) read(bytes.substr(0, bytes.size() * i / 16));
  for (size_t i = 0; i < 16; ++i) read(bytes.substr(0, header_bytes * i / 16));
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::string damaged = bytes;
    const int flips = 1 + round % 3;
    for (int flip = 0; flip < flips; ++flip) {
      damaged[random() % header_bytes] ^= static_cast<char>(1u << random() % 8);
    }
    read(damaged);
  }
}

}  // namespace grpo::policy
