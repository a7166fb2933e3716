#pragma once

#include <optional>
#include <string_view>

namespace grpo::reward::math {

/// Words beside a value: which are units or labels and may be left out, and which may not.

/// Abbreviated units that count as words although they are short: cm, kg, mph.
bool is_short_unit(std::string_view word);

/// Words of two or three letters that are no products of variables: yes, no, odd, per.
bool is_short_word(std::string_view word);

/// is, of, has …: words of two or three letters that only sentences have. Sentences are not
/// understood: as letters and units they would say the same as their opposite.
bool is_sentence_word(std::string_view word);

/// Whether two answers differ in words that are left out elsewhere. With numbers on both sides only
/// words that have an opposite count, in their order: left, increase, even. Without any number all
/// words do, in any order: "n odd", "Player A wins". Never when one side has none of them.
bool words_disagree(std::string_view a, std::string_view b);

/// January … December. A number beside a month is a day, not a value.
bool is_month(std::string_view word);

/// "thousand" -> 1000 …; 0 for other words.
long multiplier(std::string_view word);

/// '-' for minus and negative, '+' for plus, '*' for times; 0 for other words.
char operator_word(std::string_view word);

/// Words that make the value another one in a way that is not read: "half", "less", "squared",
/// "not", "except", numbers in words. An answer that holds one is not understood.
bool changes_value(std::string_view word);

/// A whole number in words: "seven", "twenty-one", "three hundred"; nothing for other texts.
std::optional<long> number_in_words(std::string_view text);

/// May `word` stand behind a number as its unit? At least four letters, or a short unit, and none
/// of the words above. Case aside.
bool is_unit(std::string_view word);

}  // namespace grpo::reward::math
