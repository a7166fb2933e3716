#pragma once

#include <string>
#include <string_view>

namespace grpo::policy {

/// GGUF's architecture of a transformers model type. Several model types share one: what GGUF calls
/// llama is also Mistral and, with experts, Mixtral.
/// Source: llama.cpp, convert_hf_to_gguf.py.
struct GgufArchitecture {
  std::string_view model_type;
  std::string_view name;
  /// Rows of q and k stand in pairs, as Meta rotates them: row s * D/2 + j of a head at 2 j + s.
  bool permuted = false;
};

/// nullptr when GGUF has no such architecture.
const GgufArchitecture* find_gguf_architecture(std::string_view model_type);

/// The model type that a file of this architecture has unless it says more (experts, gating);
/// nullptr when the architecture is not known.
const GgufArchitecture* gguf_architecture_of(std::string_view name);

/// All architectures, for messages.
std::string known_gguf_architectures();

}  // namespace grpo::policy
