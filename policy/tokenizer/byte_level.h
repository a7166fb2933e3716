#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace grpo::policy {

/// The printable spelling that GPT-2 gave to bytes: 33-126, 161-172 and 174-255 stand for
/// themselves as code points, the other 68 in ascending order for U+0100 and up.
/// Source: openai/gpt-2, encoder.py, bytes_to_unicode.
std::string bytes_to_printable(std::string_view bytes);

/// The bytes of a spelling, or nothing when a character is not of that alphabet.
/// `printable` is valid UTF-8.
std::optional<std::string> printable_to_bytes(std::string_view printable);

}  // namespace grpo::policy
