#pragma once

#include <cstddef>
#include <string>
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

/// DeepSeek-V2 and DeepSeek LLM split by these, one after the other, and by digits.
inline constexpr std::string_view kLineBreak = R"([\r\n])";
inline constexpr std::string_view kDeepSeekLlmLetters =
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ)"
    R"(-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ)"
    R"(-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)";
inline constexpr std::string_view kDeepSeekLlmPunctuation = R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)";
inline constexpr std::string_view kTrailingBlanks = R"(\s+$)";
inline constexpr std::string_view kDeepSeekLlmCjk = "[一-龥ࠀ-一가-퟿]+";
/// DeepSeek Coder the same with all letters and punctuation.
inline constexpr std::string_view kLetters = R"(\s?\p{L}+)";
inline constexpr std::string_view kPunctuation = R"(\s?\p{P}+)";

/// A pattern with `\r` and `\n` as escapes, as above, where it has the characters themselves.
std::string escape_line_breaks(std::string_view pattern);

/// The scanner of a pattern above, where it has one, recognised by its exact text (line breaks in
/// either form); else nullptr. Source: tokenizer.json files of these models.
Scanner find_scanner(std::string_view pattern);

}  // namespace grpo::policy
