#pragma once

#include <optional>
#include <string_view>

/// What the lexer knows by name.
namespace grpo::reward::math {

/// The functions known by name, in plain text or with a backslash.
bool is_function_name(std::string_view name);

/// Commands that say nothing about the value: spacing, sizes, styles.
bool is_ignored(std::string_view command);

/// Commands whose first group is dropped with them: \color{red}, \phantom{1}, \hspace{1em}.
bool drops_group(std::string_view command);

/// Commands whose group is words, or one upright sign: \text, \mathrm, \operatorname.
bool holds_words(std::string_view command);

/// The name under which the parser knows a command: dfrac is frac, leq is <=.
std::string_view usual_name(std::string_view command);

/// The name of a sign beyond ASCII ("" when it is left out); nothing for an unknown one.
std::optional<std::string_view> unicode_sign(std::string_view bytes);

/// ½ as "12", ⅝ as "58": top and bottom, one digit each; empty for other signs.
std::string_view vulgar_fraction(std::string_view bytes);

/// The digit, or '-', of a raised or lowered one: ², ⁻, ₁; '\0' for other signs.
char script_digit(std::string_view bytes);

}  // namespace grpo::reward::math
