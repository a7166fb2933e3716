// Any bytes as a .safetensors file. Of one that is accepted a general JSON parser must read the
// same header, and all bytes of all tensors can be touched.

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "policy/weights/safetensors.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void safetensors(std::string_view bytes) {
  using namespace policy;
  static MemoryFile file;
  try {
    const Safetensors read(file.hold(bytes));
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), sizeof(length));
    const std::string_view data = bytes.substr(sizeof(length) + length);
    auto json = nlohmann::json::parse(bytes.substr(sizeof(length), length));
    json.erase(std::string(kSafetensorsMetadata));
    require(json.size() == read.tensors().size(), "number of tensors");
    for (const SafetensorsTensor& tensor : read.tensors()) {
      const auto& entry = json.at(std::string(tensor.name));
      require(entry.at("dtype") == tensor.dtype, "dtype");
      require(entry.at("shape").get<std::vector<int64_t>>() ==
                  std::vector<int64_t>(tensor.shape.begin(), tensor.shape.end()),
              "shape");
      const auto begin = entry.at("data_offsets").at(0).get<size_t>();
      const auto end = entry.at("data_offsets").at(1).get<size_t>();
      require(end - begin == tensor.bytes.size() &&
                  std::memcmp(tensor.bytes.data(), data.data() + begin, end - begin) == 0,
              "bytes");
      require(read.find(tensor.name) == &tensor, "find");
    }
  } catch (const Error&) {
  }
}

}  // namespace grpo::fuzz
