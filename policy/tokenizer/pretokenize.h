#pragma once

#include <cstddef>
#include <string_view>

namespace grpo::policy {

/// A split pattern written out by hand: the end of its match that starts exactly at `begin`, or
/// `begin` when it does not match there. The text is valid UTF-8 and begin < text.size(); the text
/// is the whole piece, so that look-ahead and look-behind see what the pattern would see.
using Scanner = size_t (*)(std::string_view text, size_t begin);

inline constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// DeepSeek-V3 and R1 split three times: numbers, Chinese and Japanese, the rest.
inline constexpr std::string_view kDeepSeekNumbers = R"(\p{N}{1,3})";
inline constexpr std::string_view kDeepSeekCjk = "[一-龥぀-ゟ゠-ヿ]+";
inline constexpr std::string_view kDeepSeekPattern =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// The scanner of a pattern above, recognised by its exact text (`\r` and `\n` may also stand as
/// the characters themselves), or nullptr. Source: tokenizer.json files of these models.
Scanner find_scanner(std::string_view pattern);

}  // namespace grpo::policy
