#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grpo::policy {

/// The `tokenizer.ggml.*` keys of a GGUF file, as they stand in it.
///
/// model "gpt2": byte-level BPE; `pre` names its splits: gpt-2, olmo, smollm, qwen2, llama-bpe,
/// deepseek-v3, deepseek-r1-qwen. model "llama": SentencePiece BPE by scores; `pre` is not used.
/// Anything else is refused by name. Source: ggml-org/llama.cpp, src/llama-vocab.cpp.
struct GgufVocab {
  std::string file;  ///< for errors
  std::string model;
  std::string pre;
  std::vector<std::string> tokens;
  std::vector<float> scores;        ///< [tokens], "llama" only
  std::vector<int32_t> token_type;  ///< [tokens] 1 normal, 2 unknown, 3 control, 4 user, 5 unused,
                                    ///< 6 byte; empty: all normal
  std::vector<std::string> merges;  ///< "a b", "gpt2" only
  std::optional<int32_t> bos, eos, unk, pad;
  std::optional<bool> add_bos, add_eos, add_space_prefix;  ///< llama.cpp's defaults when absent
};

}  // namespace grpo::policy
