#include "reward/named_rewards.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::reward {
namespace {

std::optional<double> reward(const std::string& name, const std::string& input,
                             const std::string& params = "{}") {
  return named_reward(name, parse_json(input, "input"), parse_json(params, "params"), "rows:1");
}

TEST(NamedRewards, FormatsOfOtherProjects) {
  EXPECT_EQ(reward("format_reward", R"("<think>\na\n</think>\n<answer>\nb\n</answer>")"), 1);
  EXPECT_EQ(reward("format_reward", R"("<think>a</think>")"), 0);
  EXPECT_EQ(reward("nemo_format", R"("<answer>b</answer>")"), 0.75);
  EXPECT_EQ(reward("tag_count_reward", R"("<think>\na\n</think>\n")"), 0.5);
}

TEST(NamedRewards, LengthsTakeTextOrTokens) {
  const std::string params = R"({"ngram_size": 2, "max_penalty": -1.0})";
  EXPECT_NEAR(*reward("repetition_penalty_reward", "[1, 2, 3, 1, 2, 3]", params), -0.4, 1e-12);
  EXPECT_NEAR(*reward("repetition_penalty_reward", R"("a b c a b c")", params), -0.4, 1e-12);
  EXPECT_EQ(reward("soft_overlong_punishment", "[1, 1, 1]",
                   R"({"max_completion_len": 4, "soft_punish_cache": 2})"),
            -0.5);
}

TEST(NamedRewards, AccuracyBasedOnesJudgeTheBox) {
  EXPECT_NEAR(*reward("cosine_scaled_reward",
                      R"({"completion": "\\boxed{1/3}", "gold": "\\frac{1}{3}", "length": 25})",
                      R"({"max_len": 100})"),
              0.92678, 1e-5);
  EXPECT_DOUBLE_EQ(*reward("geo3k", R"({"gold": "A", "completion": "<think>x</think>\\boxed{A}"})"),
                   1);
  EXPECT_EQ(reward("len_reward", R"({"gold": "4", "completion": "\\boxed{4}",
                                     "group": ["\\boxed{4}", "\\boxed{4}    "]})"),
            0.5);
}

TEST(NamedRewards, AReferenceThatIsNoMathematicsSkipsTheSample) {
  EXPECT_EQ(
      reward("accuracy_unparsable_gold", R"({"gold": "forty two", "completion": "\\boxed{42}"})"),
      std::nullopt);
  EXPECT_EQ(reward("accuracy_unparsable_gold", R"({"gold": "42", "completion": "\\boxed{42}"})"),
            1);
}

TEST(NamedRewards, MistakesAreNamed) {
  EXPECT_THROW(reward("nonsense", R"("x")"), Error);
  EXPECT_THROW(reward("format_reward", "3"), Error);
  EXPECT_THROW(reward("geo3k", R"({"gold": "A"})"), Error);
  EXPECT_THROW(reward("repetition_penalty_reward", R"("x")"), Error);
  EXPECT_THROW(reward("soft_overlong_punishment", R"(["a"])",
                      R"({"max_completion_len": 4, "soft_punish_cache": 2})"),
               Error);
}

}  // namespace
}  // namespace grpo::reward
