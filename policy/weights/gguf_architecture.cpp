#include "policy/weights/gguf_architecture.h"

#include <algorithm>

#include "base/error.h"

namespace grpo::policy {
namespace {

constexpr GgufArchitecture kArchitectures[] = {
    {.model_type = "llama", .name = "llama", .permuted = true},
    {.model_type = "mistral", .name = "llama", .permuted = true},
    {.model_type = "mixtral", .name = "llama", .permuted = true},
    {.model_type = "qwen2", .name = "qwen2"},
    {.model_type = "qwen3", .name = "qwen3"},
    {.model_type = "qwen3_moe", .name = "qwen3moe"},
    {.model_type = "olmoe", .name = "olmoe"},
    {.model_type = "phi3", .name = "phi3"},
    {.model_type = "granite", .name = "granite", .permuted = true},
    {.model_type = "smollm3", .name = "smollm3", .permuted = true},
    {.model_type = "deepseek_v2", .name = "deepseek2"},
    {.model_type = "deepseek_v3", .name = "deepseek2"},
};

}  // namespace

const GgufArchitecture* find_gguf_architecture(std::string_view model_type) {
  const auto* it = std::ranges::find(kArchitectures, model_type, &GgufArchitecture::model_type);
  return it == std::end(kArchitectures) ? nullptr : it;
}

const GgufArchitecture* gguf_architecture_of(std::string_view name) {
  const auto* it = std::ranges::find(kArchitectures, name, &GgufArchitecture::name);
  return it == std::end(kArchitectures) ? nullptr : it;
}

std::string known_gguf_architectures() {
  std::string names;
  for (const GgufArchitecture& row : kArchitectures) {
    if (gguf_architecture_of(row.name) != &row) continue;  // named already
    names += names.empty() ? "" : ", ";
    names += row.name;
  }
  return names;
}

}  // namespace grpo::policy
