#pragma once

#include <optional>
#include <string_view>
#include <vector>

/// The scanners behind extract.h. All work on bytes, in one pass from the end or the start, and
/// never throw. Results are views into `text`.
namespace grpo::reward {

/// A piece of `text`; `end` is where the construct that holds it ends, for "which came last".
struct Found {
  std::string_view text;
  size_t end = 0;
  bool anchored = false;  // follows "answer is", or stands in a box
};

std::string_view trim(std::string_view text);

/// The brace group that opens at `open` (text[open] == '{'): content, or nothing if never closed.
/// A backslash hides the character after it.
std::optional<std::string_view> brace_group(std::string_view text, size_t open);

std::vector<Found> boxes(std::string_view text);
/// The last box; nothing when the last `\boxed` has no braces or is never closed.
std::optional<Found> last_box(std::string_view text);
std::optional<std::string_view> last_tag(std::string_view text, std::string_view name);
std::vector<Found> math_environments(std::string_view text);
/// \frac{a}{b} outside math, with the parentheses around it left out.
std::vector<Found> bare_fractions(std::string_view text);

/// Whether nothing but a comma, "and" or "or" stands between two pieces; between boxes also a few
/// words before it ("\boxed{1} apples and \boxed{2}") and the name of the next ("and y =
/// \boxed{2}").
enum class Connection { formulas, boxes };
bool are_connected(std::string_view text, const Found& first, const Found& second,
                   Connection connection);

std::vector<Found> plain_expressions(std::string_view text);
std::optional<std::string_view> after_hashes(std::string_view text);
std::optional<std::string_view> last_answer_line(std::string_view text);
std::optional<std::string_view> after_answer_is(std::string_view text,
                                                std::string_view language = {});
std::optional<std::string_view> last_bracket(std::string_view text);
std::optional<std::string_view> choice_letter(std::string_view text, std::string_view allowed,
                                              std::string_view language = {});
std::optional<std::string_view> last_number(std::string_view text);

/// Places just behind "answer is", "answer:" and the like, in ascending order.
struct Anchor {
  size_t end = 0;
  bool final_answer = false;  // "final answer"
};
/// `language` (english or en, chinese or zh …) leaves out the words of other languages than it and
/// English; empty or unknown: all of them.
std::vector<Anchor> answer_anchors(std::string_view text, std::string_view language = {});

}  // namespace grpo::reward
