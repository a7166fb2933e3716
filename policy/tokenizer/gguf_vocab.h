#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace grpo::policy {

/// The `tokenizer.ggml.*` keys of a GGUF file, as they stand in it.
///
/// model "gpt2": byte-level BPE; `pre` names its splits: gpt-2, olmo, smollm, qwen2, llama-bpe,
/// deepseek-llm, deepseek-coder, deepseek-v3, deepseek-r1-qwen. model "llama": SentencePiece BPE by
/// scores; `pre` is not used. Anything else is refused by name. Source: ggml-org/llama.cpp,
/// src/llama-vocab.cpp.
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

  /// Gives the id a token; ids before it that have none become unused ones, "[PAD7]".
  void set_token(int32_t id, const std::string& token, int32_t type, float score = 0);
  /// Fills up to `size` tokens with unused ones: the rows of the model's embedding.
  void pad_to(int64_t size);
  /// `add_bos` and `add_eos` of what a tokenizer puts around a text. Error when that is more than
  /// one bos in front and one eos behind.
  void set_around(const std::vector<int32_t>& prefix, const std::vector<int32_t>& suffix);
};

enum class SplitScheme;  // tokenizer_json.h

/// What `tokenizer.ggml.pre` calls it.
std::string gguf_pre_name(SplitScheme scheme);

}  // namespace grpo::policy
