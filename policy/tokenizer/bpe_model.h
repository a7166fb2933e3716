#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/string_table.h"
#include "policy/tokenizer/flat_table.h"
#include "policy/tokenizer/json_node.h"

namespace grpo::policy {

/// What a piece is made of before any merge.
enum class BpeAlphabet {
  kBytes,       ///< pieces are raw bytes; the vocabulary is in GPT-2's printable spelling
  kCharacters,  ///< pieces are UTF-8; a character without a token falls back to bytes or unk
};

/// Byte-pair encoding of one piece: its characters (or bytes), then the adjacent pair of lowest
/// rank merged, leftmost first, until no pair merges. Sennrich et al., arXiv 1508.07909.
///
/// O(n log n) in the length of the piece; short pieces are kept in a small cache per thread.
class BpeModel {
 public:
  /// `model` of tokenizer.json. Error with file and key for anything that is not plain BPE
  /// (dropout, prefixes, suffixes), for a merge of unknown tokens and for an id used twice.
  BpeModel(const JsonNode& model, BpeAlphabet alphabet);

  /// Appends the ids of the piece; Error when a byte or character has no token and no fallback.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;

  /// Id of a token as the file spells it, or StringTable::kNone.
  int32_t find(std::string_view token) const { return spellings_.find(token); }

  /// Spelling by id; ids without a token are empty (`has_id` tells).
  const std::vector<std::string>& tokens() const { return tokens_; }
  bool has_id(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < tokens_.size() && used_[static_cast<size_t>(id)];
  }

  int32_t unk_id() const { return unk_id_; }  ///< kNone when there is none

 private:
  void read_vocab(const JsonNode& vocab);
  void read_merges(const JsonNode& merges);
  void add_merge(const JsonNode& merges, size_t rank, std::string_view left,
                 std::string_view right);
  void symbols(std::string_view piece, std::vector<int32_t>& ids) const;
  void byte_symbols(std::string_view piece, std::vector<int32_t>& ids) const;
  void character_symbols(std::string_view piece, std::vector<int32_t>& ids) const;
  void merge_short(std::vector<int32_t>& ids) const;
  void merge_long(std::vector<int32_t>& ids) const;

  BpeAlphabet alphabet_;
  bool ignore_merges_ = false;  // a piece that is a token stays whole
  bool fuse_unk_ = false;
  bool byte_fallback_ = false;
  int32_t unk_id_ = StringTable::kNone;
  std::string file_;
  std::vector<std::string> tokens_;    // [ids]
  std::vector<bool> used_;             // [ids]
  StringTable spellings_;              // as in the file
  StringTable pieces_;                 // raw bytes, kBytes only
  std::array<int32_t, 256> byte_ids_;  // token of each byte: raw, or of its fallback "<0x0A>"
  MergeTable merges_;
  uint32_t instance_;  // whose entries in the threads' caches these are
};

}  // namespace grpo::policy
