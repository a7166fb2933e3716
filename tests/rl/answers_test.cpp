#include "rl/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace grpo::rl {
namespace {

TEST(Answers, AQuestionOfAKindWithoutAVerifierIsNamed) {
  const reward::Rubric rubric{reward::RubricConfig{}};  // it has no sandbox for programs
  datasets::Problem sum, program;
  sum.id = "sums.jsonl:1";
  program.id = "mixture.jsonl:7";
  program.kind = datasets::Kind::code;
  check_judged(rubric, std::vector{sum}, "sums");
  EXPECT_EQ(test::error_of(
                [&] {
                  check_judged(rubric, std::vector{sum, program}, "mixture");
                },
                2),
            "mixture: question mixture.jsonl:7: no verifier for problems of kind code");
}

}  // namespace
}  // namespace grpo::rl
