#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace grpo::policy {

/// Scores by which SentencePiece, which joins whatever two pieces make the piece of the highest
/// score, joins what the `merges` of a tokenizer.json's `model` join, in the same order: minus the
/// rank of each piece that a merge makes. Pieces that none makes are left out.
///
/// Error (exit code 2) with `file` where no scores do: merges of one piece that stand apart, two
/// pieces that may not be joined though the vocabulary has what they make.
std::map<int32_t, float> merge_scores(const nlohmann::json& model, const std::string& file);

/// Whether a text begins with a blank symbol in SentencePiece's form of a tokenizer.json: its
/// `normalizer` and `pre_tokenizer` put U+2581 for blanks and cut nothing. Nothing when they do
/// something else. `root` is the whole file.
std::optional<bool> adds_blank_in_front(const nlohmann::json& root);

}  // namespace grpo::policy
