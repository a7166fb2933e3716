#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Python's str operations on valid UTF-8. Positions and counts are of code points.
/// Source: Python 3 library reference, "Text Sequence Type"; Unicode SpecialCasing.
namespace grpo::policy::jinja {

bool is_valid_utf8(std::string_view text);
/// Bytes of the code point that begins at `offset`.
size_t code_point_bytes(std::string_view text, size_t offset);
char32_t code_point_at(std::string_view text, size_t offset);
std::u32string to_code_points(std::string_view text);
void append_code_point(std::string& text, char32_t code_point);
std::string from_code_points(std::u32string_view code_points);
size_t count_code_points(std::string_view text);

bool is_space(char32_t code_point);  ///< str.isspace
bool is_printable(char32_t code_point);

enum class Side { both, left, right };
/// str.strip, lstrip, rstrip; without `characters`, white space.
std::string_view strip(std::string_view text, Side side,
                       std::optional<std::string_view> characters = std::nullopt);

inline constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
/// str.split at `separator` (not empty), or at runs of white space.
std::vector<std::string> split(std::string_view text, std::optional<std::string_view> separator,
                               int64_t max_splits = kNoLimit);
/// str.rsplit with a separator.
std::vector<std::string> split_right(std::string_view text, std::string_view separator,
                                     int64_t max_splits = kNoLimit);
std::vector<std::string> split_lines(std::string_view text);
/// str.count: how often `part` stands in the text, without overlap.
size_t count_matches(std::string_view text, std::string_view part);
/// str.replace, at most `limit` times.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to,
                        int64_t limit = kNoLimit);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string to_title(std::string_view text);     ///< str.title
std::string capitalize(std::string_view text);   ///< str.capitalize
std::string title_words(std::string_view text);  ///< Jinja's `title` filter, not str.title

}  // namespace grpo::policy::jinja
