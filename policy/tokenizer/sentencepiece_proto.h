#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace grpo::policy {

/// Types of pieces; GGUF's token types are the same numbers.
enum class PieceType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

/// What of a SentencePiece ModelProto the library does not tell.
/// Source: google/sentencepiece, src/sentencepiece_model.proto.
struct SentencePieceSpec {
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;
  bool has_denormalizer = false;
  bool has_normalizer_rules = false;  ///< precompiled_charsmap: nmt_nfkc and the like
  std::vector<PieceType> types;       ///< [pieces]
  bool bpe = false;                   ///< model_type BPE; else unigram, word or char
  std::string unk_surface = " \xE2\x81\x87 ";
};

/// Error naming `file` when the bytes are not a protobuf message.
SentencePieceSpec read_sentencepiece_spec(std::string_view proto, const std::string& file);

/// A ModelProto's bytes with `add_dummy_prefix` off: of a message that stands twice, protobuf
/// merges the fields, the later ones winning.
std::string without_dummy_prefix(std::string proto);

struct Piece {
  std::string text;
  float score = 0.0f;
  PieceType type = PieceType::kNormal;
};

struct SentencePieceIds {
  int32_t unk = 0, bos = -1, eos = -1, pad = -1;  ///< -1: none
};

/// The ModelProto of a BPE model without normalisation, as Llama's tokenizer.model is.
std::string make_sentencepiece_proto(const std::vector<Piece>& pieces, const SentencePieceIds& ids,
                                     bool byte_fallback, bool add_dummy_prefix);

}  // namespace grpo::policy
