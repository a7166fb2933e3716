#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/tokenizer/json_node.h"
#include "policy/tokenizer/normalizer.h"

namespace grpo::policy {

/// An entry of `added_tokens`: text that is one token wherever it is written.
struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool single_word = false;  ///< only where no word character touches it
  bool lstrip = false;       ///< takes the blanks before it along
  bool rstrip = false;       ///< takes the blanks after it along
  bool normalized = false;   ///< looked for after normalisation
  bool special = false;      ///< left out by skip_special_tokens

  bool operator==(const AddedToken&) const = default;
};

/// `node` is an element of added_tokens; `id` is its own or that of its key.
AddedToken read_added_token(const JsonNode& node, int32_t id);

/// Finds added tokens in a text: leftmost, then longest.
class AddedTokenMatcher {
 public:
  /// A stretch of text: of an added token (id >= 0), or between them (id = -1).
  struct Section {
    size_t begin, end;
    int32_t id;
  };

  AddedTokenMatcher() = default;
  /// `normalizer`, unless null, is applied to the contents first.
  AddedTokenMatcher(const std::vector<AddedToken>& tokens, const Normalizer* normalizer);

  bool empty() const { return tokens_.empty(); }

  /// Appends the sections of `text`, none empty.
  void split(std::string_view text, std::vector<Section>& sections) const;

 private:
  const AddedToken* longest_at(std::string_view text, size_t at, size_t* size) const;

  struct Pattern {
    std::string text;
    AddedToken token;
  };
  std::vector<Pattern> tokens_;           // by first byte, then longest first
  std::array<uint32_t, 257> first_of_{};  // tokens_ that begin with byte b: [b], [b + 1)
};

}  // namespace grpo::policy
