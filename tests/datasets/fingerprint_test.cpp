#include "datasets/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace grpo::datasets {
namespace {

TEST(Fingerprint, IsTheFnv1aOfNoRowsAtFirst) {
  EXPECT_EQ(fingerprint(std::vector<Problem>{}), "cbf29ce484222325") << "its offset basis";
}

TEST(Fingerprint, EveryFieldAndTheOrderOfProblemsMatter) {
  Problem problem;
  problem.id = "a";
  problem.prompt = "1+1=";
  problem.answer = "2";
  Problem other = problem;
  other.id = "b";
  const std::vector<Problem> rows = {problem, other};
  std::set<std::string> seen = {fingerprint(rows)};
  const auto expect_new = [&](std::vector<Problem> changed) {
    EXPECT_TRUE(seen.insert(fingerprint(changed)).second);
  };
  expect_new({other, problem});
  expect_new({problem});
  for (std::string Problem::*field :
       {&Problem::id, &Problem::prompt, &Problem::answer, &Problem::solution}) {
    auto changed = rows;
    changed[1].*field += "x";
    expect_new(changed);
  }
  auto changed = rows;
  changed[1].kind = Kind::text;
  expect_new(changed);
  changed = rows;
  changed[1].numbers = {1};
  expect_new(changed);
  changed[1].numbers = {1, 0};
  expect_new(changed);
  changed = rows;
  changed[1].tests.inputs = {"1"};
  expect_new(changed);
  changed[1].tests.outputs = {"2"};
  expect_new(changed);
  changed[1].tests.outputs = {"3"};
  expect_new(changed);
  changed[1].tests.style = CodeTests::Style::assertion;
  expect_new(changed);
  for (std::string CodeTests::*field :
       {&CodeTests::function, &CodeTests::entry_point, &CodeTests::setup, &CodeTests::prompt}) {
    changed[1].tests.*field = "x";
    expect_new(changed);
  }
  changed[1].tests.strict_types = false;
  expect_new(changed);
  changed[1].tests.compare.tolerance = 0.5;
  expect_new(changed);
  changed[1].language = Language::cpp;
  expect_new(changed);
  changed[1].limits = {{"seconds", 1}};
  expect_new(changed);
}

TEST(Fingerprint, TextsThatRunIntoEachOtherDiffer) {
  const std::vector<Demonstration> one = {{"1", "ab", "c"}}, two = {{"1", "a", "bc"}};
  EXPECT_NE(fingerprint(one), fingerprint(two));
  EXPECT_EQ(fingerprint(one), fingerprint(std::vector<Demonstration>{{"1", "ab", "c"}}));
}

}  // namespace
}  // namespace grpo::datasets
