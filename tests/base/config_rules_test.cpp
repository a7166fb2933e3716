#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/config.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace recipe {  // not grpo: rules must be found by argument-dependent lookup

struct Model {
  std::string path;
  std::string tokenizer;
};
template <class Visitor>
void fields(Visitor& v, Model& m) {
  v("path", m.path, "folder", grpo::required(), grpo::not_empty(), grpo::existing_path());
  v("tokenizer", m.tokenizer, "another folder", grpo::existing_path());
}

struct Bounds {
  int64_t low = 1;
  int64_t high = 4;
};
template <class Visitor>
void fields(Visitor& v, Bounds& b) {
  v("low", b.low, "lower bound");
  v("high", b.high, "upper bound");
}
template <class Rules>
void rules(const Rules& r, const Bounds& b) {
  r(b.low <= b.high, "low", "expected at most high = {}, got {}", b.high, b.low);
}

struct Run {
  Model model;
  std::vector<Bounds> bounds;
};
template <class Visitor>
void fields(Visitor& v, Run& r) {
  v("model", r.model, "the model");
  v("bounds", r.bounds, "some bounds", grpo::required(), grpo::not_empty());
}
template <class Rules>
void rules(const Rules& r, const Run& c) {
  r(c.bounds.size() < 3, "", "three bounds are too many");
  for (std::size_t i = 0; i < c.bounds.size(); ++i) {
    r(c.bounds[i].low > 0, fmt::format("bounds.{}.low", i), "expected above 0");
  }
}

}  // namespace recipe

namespace grpo {
namespace {

std::string run_error(std::string_view text, Paths paths = Paths::may_be_missing) {
  return test::error_of([&] { parse_config<recipe::Run>(text, "r.yaml", {}, {}, paths); }, 2);
}

TEST(ConfigRules, RequiredKeysHoldWhereTheirSectionIsLeftOut) {
  EXPECT_EQ(run_error("bounds: [{low: 1}]"), "r.yaml:1:1: model: required key \"path\" is missing");
  EXPECT_EQ(run_error("model: {}\nbounds: [{low: 1}]"),
            "r.yaml:1:8: model: required key \"path\" is missing");
  EXPECT_EQ(run_error("model: {path: a}"), "r.yaml:1:1: required key \"bounds\" is missing");
  EXPECT_EQ(run_error("bounds: [{lwo: 1}]"),  // what is there is looked at first
            "r.yaml:1:11: bounds.0.lwo: unknown key; did you mean \"low\"? known here: low, high");
}

TEST(ConfigRules, RulesBetweenFieldsNameTheKeyAndItsPlace) {
  const std::string model = "model: {path: a}\n";
  EXPECT_EQ(run_error(model + "bounds:\n  - low: 2\n  - {high: 2, low: 3}"),
            "r.yaml:4:20: bounds.1.low: expected at most high = 2, got 3");
  EXPECT_EQ(run_error(model + "bounds:\n  - {high: 0}"),  // low is the default
            "r.yaml:3:5: bounds.0.low: expected at most high = 0, got 1");
  EXPECT_EQ(run_error(model + "bounds: [{low: 2}, {low: 0}]"),
            "r.yaml:2:26: bounds.1.low: expected above 0");
  EXPECT_EQ(run_error(model + "bounds: [{}, {}, {}]"), "r.yaml:1:1: three bounds are too many");
  const auto overridden = [&] {
    parse_config<recipe::Run>(model + "bounds: [{}]", "r.yaml", {"bounds.0.low=9"});
  };
  EXPECT_EQ(test::error_of(overridden, 2),
            "--set bounds.0.low=9: bounds.0.low: expected at most high = 4, got 9");
  const auto filled = [] { check_config(recipe::Bounds{.low = 5}, "outer.bounds"); };
  EXPECT_EQ(test::error_of(filled, 2), "outer.bounds.low: expected at most high = 4, got 5");
  check_config(recipe::Bounds{.low = 3}, "outer.bounds");
}

TEST(ConfigRules, NamedFilesMustExistWhereThatIsAsked) {
  const test::TemporaryFolder folder;
  const std::string there = "bounds: [{}]\nmodel: {path: " + folder.path().string();
  parse_config<recipe::Run>(there + "}", "r.yaml", {}, {}, Paths::must_exist);
  parse_config<recipe::Run>(there + "/none}", "r.yaml");
  const auto missing = there + ", tokenizer: /no/such}";
  EXPECT_THAT(run_error(missing, Paths::must_exist),
              testing::EndsWith("model.tokenizer: /no/such: no such file or folder"));
  EXPECT_THAT(run_error(missing, Paths::must_exist), testing::StartsWith("r.yaml:2:"));
}

}  // namespace
}  // namespace grpo
