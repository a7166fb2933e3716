#include "reward/c_api.h"

#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace grpo::reward {
namespace {

Json taken(char* text) {
  const std::string copy = text;
  grpo_free(text);
  return parse_json(copy, "answer");
}

TEST(CApi, JudgesMathematics) {
  EXPECT_EQ(grpo_verify_math("1/2", "0.5", nullptr, 5), GRPO_CORRECT);
  EXPECT_EQ(grpo_verify_math("1/2", "0.4", nullptr, 5), GRPO_WRONG);
  EXPECT_EQ(grpo_verify_math("1/2", "so \\boxed{0.5}", "", 5), GRPO_CORRECT);
  EXPECT_EQ(grpo_verify_math("", "0.5", nullptr, 5), GRPO_UNVERIFIABLE);
  EXPECT_EQ(grpo_verify_math(nullptr, nullptr, nullptr, 5), GRPO_UNVERIFIABLE);
  EXPECT_EQ(grpo_verify_math("\\frac{1}{2", "0.5", nullptr, 5), GRPO_UNVERIFIABLE);
  EXPECT_EQ(grpo_verify_math("1/2", nullptr, nullptr, 5), GRPO_WRONG);
  EXPECT_EQ(grpo_verify_math("1/2", "0.5", "nonsense", 5), GRPO_BAD_ARGUMENT);
}

TEST(CApi, RowsAreThoseOfTheCommand) {
  const auto row = R"({"id": 3, "gold": "1/3", "prediction": "0.333", "precision": 3})";
  EXPECT_EQ(taken(grpo_verify_math_row(row, 5))["verdict"], "correct");
  for (const char* bad : {"", "{", "[]", "{\"id\": 1}", "\xFF"}) {
    EXPECT_TRUE(taken(grpo_verify_math_row(bad, 5)).contains("error")) << bad;
  }
  EXPECT_TRUE(taken(grpo_verify_math_row(nullptr, 5)).contains("error"));
}

TEST(CApi, JudgesPrograms) {
  char* error = nullptr;
  EXPECT_EQ(grpo_code_judge_new("none", 1, &error), nullptr);
  EXPECT_EQ(std::string(error), "level: expected full or landlock, got none");
  grpo_free(error);
  EXPECT_EQ(grpo_code_judge_new("full", 0, nullptr), nullptr);

  grpo_code_judge* judge = grpo_code_judge_new("full", 1, nullptr);
  if (judge == nullptr) judge = grpo_code_judge_new("landlock", 1, &error);
  if (judge == nullptr) {
    const std::string why = error;
    grpo_free(error);
    GTEST_SKIP() << why;
  }
  const auto row = [](const std::string& code) {
    return R"({"id": 1, "code": ")" + code +
           R"(", "tests": {"kind": "stdin", "inputs": ["4\n"], "outputs": ["8\n"]}})";
  };
  EXPECT_EQ(taken(grpo_verify_code(judge, row("print(2*int(input()))").c_str()))["verdict"],
            "correct");
  EXPECT_EQ(taken(grpo_verify_code(judge, row("print(9)").c_str()))["verdict"], "wrong");
  EXPECT_TRUE(taken(grpo_verify_code(judge, "{}")).contains("error"));
  grpo_code_judge_free(judge);
  grpo_code_judge_free(nullptr);
  EXPECT_TRUE(taken(grpo_verify_code(nullptr, "{}")).contains("error"));
}

}  // namespace
}  // namespace grpo::reward
