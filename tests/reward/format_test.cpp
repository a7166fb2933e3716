#include "reward/format.h"

#include <gtest/gtest.h>

namespace grpo::reward {
namespace {

double strict(std::string_view text) { return think_answer_format(text, ThinkTag::in_response); }

TEST(Format, AcceptsTheFormWithBlanksAroundTags) {
  EXPECT_EQ(strict("<think>a</think><answer>b</answer>"), 1);
  EXPECT_EQ(strict("<think>\na\n</think>\n\n<answer>\nb\n</answer>\n"), 1);
}

TEST(Format, RefusesEverythingElse) {
  for (const auto text : {"", "b", "<think>a</think>b", "<answer>b</answer>",
                          "x<think>a</think><answer>b</answer>",                   // text before
                          "<think>a</think> so <answer>b</answer>",                // between
                          "<think>a</think><answer>b</answer> sure",               // behind
                          "<think>a</think><answer>b</answer><answer>c</answer>",  // twice
                          "<think>a<think>b</think></think><answer>c</answer>",    // nested
                          "<answer>b</answer><think>a</think>",                    // order
                          "<think>a</think><answer>b", "<think>a</think><answer> </answer>"}) {
    EXPECT_EQ(strict(text), 0) << text;
  }
}

TEST(Format, KnowsThatTheTemplateOpenedThink) {
  EXPECT_EQ(think_answer_format("a</think><answer>b</answer>", ThinkTag::in_prompt), 1);
  EXPECT_EQ(think_answer_format("<think>a</think><answer>b</answer>", ThinkTag::in_prompt), 0);
  EXPECT_EQ(strict("a</think><answer>b</answer>"), 0);
}

TEST(Format, CountsTagsAsOpenR1Does) {
  EXPECT_EQ(tag_count("<think>\nSome reasoning\n</think>\nThe answer\n</answer>"), 0.75);
  EXPECT_EQ(tag_count("<think>\na\n</think>\n<answer>\nb\n</answer>"), 1.0);
  EXPECT_EQ(tag_count("a\n</think>\n<answer>\nb\n</answer>", ThinkTag::in_prompt), 1.0);
}

TEST(Format, CountsReasoningSteps) {
  EXPECT_DOUBLE_EQ(reasoning_steps("Step 1: Only step"), 1.0 / 3);
  EXPECT_DOUBLE_EQ(reasoning_steps("First, we do this.\nFinally, we conclude."), 2.0 / 3);
  EXPECT_DOUBLE_EQ(reasoning_steps("1. a\n2. b\n- c\n* d"), 1.0);
  EXPECT_DOUBLE_EQ(reasoning_steps("plain"), 0.0);
}

TEST(Format, CodeNeedsABlockOfTheLanguageInsideTheAnswer) {
  EXPECT_EQ(code_format("<think>\na\n</think>\n<answer>\n```python\nx\n```\n</answer>", "python"),
            1);
  EXPECT_EQ(code_format("<think>\na\n</think>\n<answer>\n```js\nx\n```\n</answer>", "python"), 0);
  EXPECT_EQ(code_format("<think>\n```python\nx\n```\n</think>\n<answer>\nb\n</answer>", "python"),
            0);
}

TEST(Format, ThinkFormatWantsOnePairFirst) {
  EXPECT_EQ(think_format("<think></think>\nThis is my answer."), 1);
  EXPECT_EQ(think_format("<think>This is<think>my</think></think>x"), 0);
  EXPECT_EQ(think_format("x <think>a</think>"), 0);
}

}  // namespace
}  // namespace grpo::reward
