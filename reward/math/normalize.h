#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reward/math/expression.h"

/// Readings of a tree that comparison needs besides the literal one.
namespace grpo::reward::math {

/// Words that say a set, as that set: "all real numbers", "no solution". Other trees unchanged.
Ref said_in_words(const Ref& e);

/// Text, or letters that were read as a product (ABC), as one word; nothing for others.
std::optional<std::string> as_word(const Expression& e);

/// Lower case, without the article before it: "An ellipse" is "ellipse".
std::string plain_word(std::string_view text);

/// A matrix, also as a multiple or sum of matrices: 2(1, 2)^T + t(0, 1)^T; nothing for others.
std::optional<Ref> as_matrix(const Ref& e);

/// "5 m", "9.8 m/s^2" read as a value and its unit, letters being symbols elsewhere.
std::optional<Ref> as_quantity(const Ref& e);

/// (x, y) = (1, 2) as the list x = 1, y = 2; nothing for others.
std::optional<Ref> spread(const Ref& e);

/// The tree with every ± read as + or as -.
Ref with_sign(const Ref& e, bool plus);

/// Items with every ± item made two.
std::vector<Ref> both_signs(const std::vector<Ref>& items);

}  // namespace grpo::reward::math
