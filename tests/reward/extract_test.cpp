#include "reward/extract.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"

namespace grpo::reward {
namespace {

std::string found(std::string_view text, std::string_view spec = "") {
  const auto result = extract(text, parse_extraction(spec));
  return result ? result->text : "(nothing)";
}

std::string rule(std::string_view text, std::string_view spec = "") {
  const auto result = extract(text, parse_extraction(spec));
  return result ? result->rule : "(nothing)";
}

TEST(Extract, TheLastBoxWinsWithItsBracesNested) {
  EXPECT_EQ(found("\\boxed{1} and \\boxed{\\frac{1}{2}}", "boxed"), "\\frac{1}{2}");
  EXPECT_EQ(found("\\fbox{7}", "boxed"), "7");
  EXPECT_EQ(found("\\boxed{a\\}b}", "boxed"), "a\\}b");
  EXPECT_EQ(found("x \\boxed   {  y } z", "boxed"), "  y ");
}

TEST(Extract, AnUnclosedBoxIsNoAnswerEvenAfterAClosedOne) {
  EXPECT_EQ(found("\\boxed{1} then \\boxed{2", "boxed"), "(nothing)");
  EXPECT_EQ(found("\\boxed 2", "boxed"), "(nothing)");
}

TEST(Extract, TheDefaultLooksIntoTheAnswerTagFirst) {
  EXPECT_EQ(found("<think>\\boxed{3}</think><answer> 4 </answer>"), "4");
  EXPECT_EQ(rule("<think>3</think><answer>4</answer>"), "tag:answer");
  EXPECT_EQ(found("<answer>so \\boxed{5}</answer>"), "5");
  EXPECT_EQ(rule("<answer>so \\boxed{5}</answer>"), "tag+boxed");
}

TEST(Extract, TheDefaultFallsBackInOrderAndSaysWhichRuleFired) {
  EXPECT_EQ(rule("so \\boxed{5}\n#### 6"), "boxed");
  EXPECT_EQ(found("7 * 8\n#### 1,056"), "1,056");
  EXPECT_EQ(rule("7 * 8\n#### 56"), "hash4");
  EXPECT_EQ(found("Therefore, the answer is 12 apples. Good."), "12 apples");
  EXPECT_EQ(rule("the answer is 12"), "answer_is");
  EXPECT_EQ(found("we get 3 and then 1,234"), "1234");
  EXPECT_EQ(rule("we get 1234"), "last_number");
  EXPECT_EQ(found("no number at all"), "(nothing)");
}

TEST(Extract, ThoughtsAreNotRead) {
  EXPECT_EQ(found("<think>\\boxed{3}</think> no idea"), "(nothing)");
  EXPECT_EQ(found("\\boxed{3}", "boxed;after_think"), "(nothing)");
  EXPECT_EQ(found("x</think>\\boxed{3}", "boxed;after_think"), "3");
}

TEST(Extract, LastNumberReadsSignsDecimalsAndFractions) {
  EXPECT_EQ(found("is -3.5", "last_number"), "-3.5");
  EXPECT_EQ(found("costs $1,234.50.", "last_number"), "1234.50");
  EXPECT_EQ(found("so 3/4 of it", "last_number"), "3/4");
  EXPECT_EQ(found("10-3", "last_number"), "3");
  EXPECT_EQ(found("(-3)", "last_number"), "-3");
}

TEST(Extract, MarkersTailsAndOtherTags) {
  EXPECT_EQ(found("12 A: 13 14", "last_number;marker=\"A:\""), "14");
  EXPECT_EQ(found("12 B", "last_number;marker=\"A:\""), "12");
  EXPECT_EQ(found("#### 5" + std::string(400, 'x'), "hash4;tail=300"), "(nothing)");
  EXPECT_EQ(found("<result>8</result>", "tag:result"), "8");
  EXPECT_EQ(found("a\nAnswer: 5\nAnswer: **6**", "answer_colon_last"), "6**");
  EXPECT_EQ(found("The length is [5.0].", "bracket_last"), "5.0");
}

TEST(Extract, ChoiceLetters) {
  EXPECT_EQ(found("The answer is B.", "letter"), "B");
  EXPECT_EQ(found("I think it's (D).", "letter"), "D");
  EXPECT_EQ(found("A. Because B is not valid", "letter"), "A");
  EXPECT_EQ(found("It is a car. A car", "letter"), "(nothing)");
  EXPECT_EQ(found("c", "letter"), "C");
  EXPECT_EQ(found("Answer: C, no wait B.", "letter;allowed=A,B"), "B");
}

TEST(Extract, FormulasBehindAnswerIsComeBeforeTheLastOne) {
  EXPECT_EQ(found("the answer is $5$ since $x=7$", "latex"), "5");
  EXPECT_EQ(found("so $5$ but \\(7\\)", "latex"), "7");
  EXPECT_EQ(found("so \\boxed{5} and $7$", "latex"), "5");
  EXPECT_EQ(found("costs \\$5 or 1,000.99 m", "latex+expr"), "1,000.99");
  EXPECT_EQ(found("final answer is $9$, \\boxed{1}", "latex;final_answer_first"), "9");
}

TEST(Extract, BoxesJoinedByWordsAreOneList) {
  EXPECT_EQ(found("\\boxed{1} and \\boxed{2}", "latex"), "1, 2");
  EXPECT_EQ(found("$x=1$ or $x=2$", "latex"), "x=1, x=2");
  EXPECT_EQ(found("\\boxed{1} thus but \\boxed{2} and \\boxed{3}", "latex"), "2, 3");
  EXPECT_EQ(found("\\boxed{1}. Then and \\boxed{2}", "latex"), "2");
  EXPECT_EQ(found("$3$ is less than $5$", "latex"), "5");
}

TEST(Extract, OtherLanguagesHaveTheirWordForAnswer) {
  EXPECT_EQ(found("La r\u00e9ponse est C non A", "letter"), "C");
  EXPECT_EQ(found("\u7b54\u6848: B", "letter"), "B");
}

TEST(Extract, TextWithoutAnyFormulaIsOfferedWhole) {
  EXPECT_EQ(found("(a, b] \\cup \\{c\\}", "latex"), "(a, b] \\cup \\{c\\}");
  EXPECT_EQ(found("so \\( \nx \n\\)", "latex"), "(nothing)");
}

TEST(Extract, UnknownRulesAreRefused) {
  EXPECT_THROW(parse_extraction("boxd"), Error);
  EXPECT_THROW(parse_extraction("boxed;tial=3"), Error);
  EXPECT_THROW(parse_extraction("boxed;tail=x"), Error);
}

TEST(Extract, HostileTextTakesLinearTime) {
  const size_t size = 500'000;
  const auto repeated = [&](std::string_view piece) {
    std::string text;
    while (text.size() < size) text += piece;
    return text;
  };
  const auto start = std::chrono::steady_clock::now();
  for (const auto piece : {"{", "\\boxed{", "\\[", "\\(", "$ \n", "(", "((1", "answer is ",
                           "</answer>", "1,", "[", "\\", "1+", "####", "\xFF", "<answer>"}) {
    const auto text = repeated(piece);
    for (const auto spec : {"", "boxed", "latex+expr", "letter",
                            "hash4_else_answer_is_else_last_number", "bracket_last_else_answer"}) {
      extract(text, parse_extraction(spec));
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 20.0);  // 96 runs over 0.5 MB: quadratic scans would take hours
}

TEST(Extract, BytesThatAreNoTextAreHarmless) {
  EXPECT_EQ(found(std::string_view("\0\\boxed{\0}\xFF", 11), "boxed"), std::string("\0", 1));
  EXPECT_EQ(found(""), "(nothing)");
  EXPECT_EQ(found("\\"), "(nothing)");
}

}  // namespace
}  // namespace grpo::reward
