#include "base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/config_table.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace recipe {  // not grpo: fields and enum_names must be found by argument-dependent lookup

enum class Ratio { token, sequence };
constexpr std::array<std::pair<Ratio, const char*>, 2> enum_names(Ratio) {
  return {{{Ratio::token, "token"}, {Ratio::sequence, "sequence"}}};
}

struct Clip {
  double low = 0.2;
  double high = 0.28;
};
template <class Visitor>
void fields(Visitor& v, Clip& c) {
  v("low", c.low, "ratio is not rewarded below 1 - low", grpo::in_range(0, 1));
  v("high", c.high, "nor above 1 + high", grpo::more_than(0));
}

struct Part {
  std::string name;
  double weight = 1;
};
template <class Visitor>
void fields(Visitor& v, Part& p) {
  v("name", p.name, "which | rule", grpo::required(), grpo::not_empty());
  v("weight", p.weight, "its weight");
}

struct Train {
  int64_t steps = 10;
  double learning_rate = 1e-6;
  bool refill = false;
  std::string output = "runs";
  std::string language = "en";
  Ratio ratio = Ratio::token;
  Clip clip;
  std::optional<int64_t> seed;
  std::optional<Clip> teacher;
  std::vector<int64_t> sizes = {1, 2};
  std::vector<Part> rewards;
};
template <class Visitor>
void fields(Visitor& v, Train& t) {
  v("steps", t.steps, "steps of training", grpo::at_least(1));
  v("learning_rate", t.learning_rate, "of AdamW");
  v("refill", t.refill, "draw again");
  v("output", t.output, "folder");
  v("language", t.language, "of answers", grpo::one_of({"en", "de"}));
  v("ratio", t.ratio, "importance ratio");
  v("clip", t.clip, "clipping");
  v("seed", t.seed, "null: from the clock");
  v("teacher", t.teacher, "clipping of the teacher");
  v("sizes", t.sizes, "some sizes", grpo::at_least(1), grpo::not_empty());
  v("rewards", t.rewards, "weighted parts");
}

}  // namespace recipe

namespace grpo {
namespace {

using recipe::Train;

std::string config_error(std::string_view text, const std::vector<std::string>& overrides = {}) {
  return test::error_of([&] { parse_config<Train>(text, "r.yaml", overrides); }, 2);
}

TEST(Config, ReadsEveryFieldType) {
  const auto t = parse_config<Train>(R"(
steps: 5
learning_rate: 1e-6
refill: true
output: "a b"
language: de
ratio: sequence
clip: {high: 0.3}
seed: -3
teacher:
  low: 0.5
sizes: [4, 5, 6]
rewards:
  - name: accuracy
  - {name: format, weight: 0.5}
)",
                                     "r.yaml");
  EXPECT_EQ(t.steps, 5);
  EXPECT_EQ(t.learning_rate, 1e-6);
  EXPECT_TRUE(t.refill);
  EXPECT_EQ(t.output, "a b");
  EXPECT_EQ(t.language, "de");
  EXPECT_EQ(t.ratio, recipe::Ratio::sequence);
  EXPECT_EQ(t.clip.low, 0.2);
  EXPECT_EQ(t.clip.high, 0.3);
  EXPECT_EQ(t.seed, -3);
  ASSERT_TRUE(t.teacher);
  EXPECT_EQ(t.teacher->low, 0.5);
  EXPECT_EQ(t.teacher->high, 0.28);
  EXPECT_EQ(t.sizes, (std::vector<int64_t>{4, 5, 6}));
  ASSERT_EQ(t.rewards.size(), 2u);
  EXPECT_EQ(t.rewards[0].weight, 1);
  EXPECT_EQ(t.rewards[1].name, "format");
  EXPECT_EQ(t.rewards[1].weight, 0.5);
}

TEST(Config, AbsentKeysKeepTheirDefaults) {
  const auto t = parse_config<Train>("{}", "r.yaml");
  EXPECT_EQ(t.steps, 10);
  EXPECT_FALSE(t.seed);
  EXPECT_EQ(t.sizes, (std::vector<int64_t>{1, 2}));
}

TEST(Config, UnknownKeyNamesPlaceAndNearestKey) {
  EXPECT_EQ(config_error("steps: 1\nclip:\n  hihg: 0.3\n"),
            "r.yaml:3:3: clip.hihg: unknown key; did you mean \"high\"? known here: low, high");
  EXPECT_EQ(config_error("clip: {zzzzzz: 1}"),
            "r.yaml:1:8: clip.zzzzzz: unknown key; known here: low, high");
}

TEST(Config, DuplicateKeysAreRefusedAtAnyLevel) {
  EXPECT_EQ(config_error("steps: 1\nsteps: 2\n"),
            "r.yaml:2:1: steps: duplicate key; first at r.yaml:1:1");
  EXPECT_EQ(config_error("clip: {low: 0.1, low: 0.2}"),
            "r.yaml:1:18: clip.low: duplicate key; first at r.yaml:1:8");
  EXPECT_THAT(config_error("rewards:\n  - name: a\n    name: b\n"),
              testing::HasSubstr("r.yaml:3:5: rewards.0.name: duplicate key"));
}

TEST(Config, WrongTypesNameWhatWasExpected) {
  EXPECT_EQ(config_error("steps: 1.5"), "r.yaml:1:8: steps: expected an integer, got 1.5");
  EXPECT_EQ(config_error("steps: many"), "r.yaml:1:8: steps: expected an integer, got many");
  EXPECT_EQ(config_error("steps: 1e3"), "r.yaml:1:8: steps: expected an integer, got 1e3");
  EXPECT_EQ(config_error("steps: \"5\""),
            "r.yaml:1:8: steps: expected an integer, got the text \"5\"");
  EXPECT_EQ(config_error("steps:"), "r.yaml:1:1: steps: expected an integer, got nothing");
  EXPECT_EQ(config_error("refill: true\nsteps:\noutput: a"),
            "r.yaml:2:1: steps: expected an integer, got nothing");
  EXPECT_EQ(config_error("steps: 99999999999999999999"),
            "r.yaml:1:8: steps: 99999999999999999999 does not fit 64 bits");
  EXPECT_EQ(config_error("learning_rate: fast"),
            "r.yaml:1:16: learning_rate: expected a number, got fast");
  EXPECT_EQ(config_error("learning_rate: [1]"),
            "r.yaml:1:16: learning_rate: expected a number, got a list");
  EXPECT_EQ(config_error("refill: yes"), "r.yaml:1:9: refill: expected true or false, got yes");
  EXPECT_EQ(config_error("clip: 3"), "r.yaml:1:7: clip: expected a section, got 3");
  EXPECT_EQ(config_error("sizes: 3"), "r.yaml:1:8: sizes: expected a list, got 3");
  EXPECT_EQ(config_error("sizes: [1, x]"), "r.yaml:1:12: sizes.1: expected an integer, got x");
  EXPECT_EQ(config_error("output: {a: b}"), "r.yaml:1:9: output: expected a text, got a section");
  EXPECT_EQ(config_error("- 1"), "r.yaml:1:1: expected a section, got a list");
}

TEST(Config, NumbersMayBeWrittenInAnyPlainForm) {
  const auto rate = [](const std::string& text) {
    return parse_config<Train>("learning_rate: " + text, "r").learning_rate;
  };
  EXPECT_EQ(rate("1e-6"), 1e-6);
  EXPECT_EQ(rate("1.0e-06"), 1e-6);
  EXPECT_EQ(rate("+3"), 3);
  EXPECT_EQ(rate("-.5"), -0.5);
  for (const auto* bad : {"0x10", "nan", "inf", ".inf", "1_000", "1e400", "+-1", "."}) {
    EXPECT_THAT(config_error(std::string("learning_rate: ") + bad),
                testing::HasSubstr("expected a number"));
  }
}

TEST(Config, ConstraintsAreChecked) {
  EXPECT_EQ(config_error("steps: 0"), "r.yaml:1:8: steps: expected at least 1, got 0");
  EXPECT_EQ(config_error("clip: {low: 1.5}"),
            "r.yaml:1:13: clip.low: expected from 0 to 1, got 1.5");
  EXPECT_EQ(config_error("clip: {high: 0}"), "r.yaml:1:14: clip.high: expected more than 0, got 0");
  EXPECT_EQ(config_error("sizes: [1, 0]"), "r.yaml:1:12: sizes.1: expected at least 1, got 0");
  EXPECT_EQ(config_error("sizes: []"), "r.yaml:1:8: sizes: must not be empty");
  EXPECT_EQ(config_error("language: fr"),
            "r.yaml:1:11: language: unknown value fr; known here: en, de");
  EXPECT_EQ(
      config_error("ratio: tokn"),
      "r.yaml:1:8: ratio: unknown value tokn; did you mean \"token\"? known here: token, sequence");
  EXPECT_EQ(config_error("rewards: [{weight: 2}]"),
            "r.yaml:1:11: rewards.0: required key \"name\" is missing");
  EXPECT_EQ(config_error("rewards: [{name: \"\"}]"),
            "r.yaml:1:18: rewards.0.name: must not be empty");
}

TEST(Config, WhatStrictYamlLeavesOutIsRefused) {
  EXPECT_THAT(config_error("clip: &c {low: 0}"), testing::HasSubstr("r.yaml:1:7: anchors"));
  EXPECT_THAT(config_error("clip: {low: 0}\nteacher: {<<: {low: 0}}"),
              testing::HasSubstr("r.yaml:2:11: merge keys"));
  EXPECT_THAT(config_error("steps: !!int 5"), testing::HasSubstr("tags are not supported"));
  EXPECT_THAT(config_error("clip:\n\tlow: 0.1"),
              testing::HasSubstr("r.yaml:2:1: a tab in the indentation"));
  EXPECT_THAT(config_error("steps: 1\n---\nsteps: 2"), testing::HasSubstr("a second document"));
  EXPECT_THAT(config_error("? [a]\n: 1"), testing::HasSubstr("expected a key"));
  EXPECT_THAT(config_error("clip: [1, 2"), testing::HasSubstr("r.yaml:"));
  EXPECT_THAT(config_error("steps: \xff"), testing::HasSubstr("not valid UTF-8"));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep = "{a: " + deep + "}";
  EXPECT_THAT(config_error(deep), testing::HasSubstr("nested deeper than 64"));
  EXPECT_THAT(config_error(std::string(100000, '[')), testing::StartsWith("r.yaml:1:1: "));
  EXPECT_EQ(config_error(""), "r.yaml: empty: it holds no keys");
  EXPECT_EQ(config_error("", {"steps=1"}), "r.yaml: empty: it holds no keys");
  EXPECT_EQ(config_error("# only a comment\n"), "r.yaml: empty: it holds no keys");
}

TEST(Config, EveryTruncationOfARecipeIsReadOrRefused) {
  const std::string text =
      "steps: 5\nclip: {low: 0.1, high: 0.3}\nrewards:\n  - name: \"a\\n\"\n    weight: 2\nsizes: "
      "[1, 2]\n";
  for (std::size_t size = 0; size < text.size(); ++size) {
    try {
      parse_config<Train>(text.substr(0, size), "r.yaml");
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 2);
    }
  }
}

TEST(Config, OverridesAreCheckedLikeTheFile) {
  const auto t = parse_config<Train>("clip: {low: 0.1}\nrewards: [{name: a}]", "r.yaml",
                                     {"clip.high=0.5", "sizes=[7, 8]", "rewards.0.weight=3",
                                      "steps=2", "steps=3", "teacher={low: 0.3}", "output=x y"});
  EXPECT_EQ(t.clip.low, 0.1);
  EXPECT_EQ(t.clip.high, 0.5);
  EXPECT_EQ(t.sizes, (std::vector<int64_t>{7, 8}));
  EXPECT_EQ(t.rewards[0].weight, 3);
  EXPECT_EQ(t.steps, 3);
  EXPECT_EQ(t.teacher->low, 0.3);
  EXPECT_EQ(t.output, "x y");
  EXPECT_EQ(config_error("steps: 1", {"clip.low=x"}),
            "--set clip.low=x: clip.low: expected a number, got x");
  EXPECT_EQ(config_error("steps: 1", {"clip.lwo=1"}),
            "--set clip.lwo=1: clip.lwo: unknown key; did you mean \"low\"? known here: low, high");
  EXPECT_EQ(config_error("steps: 1", {"steps.a=1"}),
            "--set steps.a=1: steps.a: a stands below a plain value");
  EXPECT_EQ(config_error("steps: 1", {"steps"}), "--set steps: expected key=value");
  EXPECT_EQ(config_error("steps: 1", {"steps="}),
            "--set steps=: steps: expected an integer, got nothing");
  EXPECT_EQ(config_error("steps: 1", {"clip.low=2"}),
            "--set clip.low=2: clip.low: expected from 0 to 1, got 2");
  EXPECT_THAT(config_error("rewards: []", {"rewards.0.name=a"}),
              testing::HasSubstr("expected an index below 0"));
  EXPECT_THAT(config_error("steps: 1", {"sizes=[1"}), testing::HasSubstr("--set sizes=[1: "));
  EXPECT_THAT(config_error("steps: 1", {"a..b=1"}), testing::HasSubstr("empty word"));
}

TEST(Config, VariablesAreExpandedInTexts) {
  ::setenv("GRPO_TEST_VARIABLE", "value", 1);
  const auto read = [](const std::string& text) {
    return parse_config<Train>("output: \"" + text + "\"", "r.yaml", {}, {{"output_dir", "runs/a"}})
        .output;
  };
  EXPECT_EQ(read("${output_dir}/x-${env:GRPO_TEST_VARIABLE}"), "runs/a/x-value");
  EXPECT_EQ(read("$${output_dir} $5"), "${output_dir} $5");
  EXPECT_THAT(config_error("output: ${nothing}"),
              testing::HasSubstr("unknown variable ${nothing}"));
  EXPECT_THAT(config_error("output: ${env:GRPO_TEST_UNSET}"),
              testing::HasSubstr("GRPO_TEST_UNSET is not set"));
  EXPECT_THAT(config_error("output: \"${env:A\""), testing::HasSubstr("${ without }"));
}

TEST(Config, PrintedConfigReadsBackToTheSame) {
  Train t;
  t.learning_rate = 0.1 + 0.2;
  t.clip.low = 5e-324;
  t.clip.high = 1.7976931348623157e308;
  t.teacher = recipe::Clip{};
  t.sizes = {1};
  t.rewards = {{"null", -0.0}, {"a: \"b\"\n\t#${x}\x01 ü", 1}};
  for (const auto* text :
       {"", "true", "No", "1e5", "~", " lead", "a#b", "a/b-c.d_e", "[x]", "'", "$${"}) {
    t.output = text;
    const std::string printed = print_config(t);
    const auto back = parse_config<Train>(printed, "printed");
    EXPECT_THAT(differing_keys(t, back), testing::IsEmpty()) << printed;
    EXPECT_EQ(back.output, text);
    EXPECT_EQ(back.learning_rate, t.learning_rate);
    EXPECT_EQ(back.rewards[1].name, t.rewards[1].name);
    EXPECT_TRUE(std::signbit(back.rewards[0].weight));
    EXPECT_EQ(print_config(back), printed);
  }
}

TEST(Config, PrintsPlainBlocks) {
  Train t;
  t.rewards = {{"accuracy", 1}, {"format", 0.5}};
  EXPECT_EQ(print_config(t), R"(steps: 10
learning_rate: 1e-06
refill: false
output: runs
language: en
ratio: token
clip:
  low: 0.2
  high: 0.28
seed: null
teacher: null
sizes: [1, 2]
rewards:
  - name: accuracy
    weight: 1.0
  - name: format
    weight: 0.5
)");
}

TEST(Config, MarkdownTableListsEveryFieldInDepth) {
  const std::string table = markdown_table<Train>();
  EXPECT_THAT(
      table, testing::StartsWith("| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
                                 "| `steps` | integer, at least 1 | `10` | steps of training |\n"));
  EXPECT_THAT(table,
              testing::HasSubstr("| `clip.low` | number, from 0 to 1 | `0.2` | ratio is not"));
  EXPECT_THAT(table, testing::HasSubstr("| `ratio` | one of `token`, `sequence` | `token` |"));
  EXPECT_THAT(table, testing::HasSubstr("| `seed` | integer or null | `null` |"));
  EXPECT_THAT(table, testing::HasSubstr("| `teacher.high` | number, more than 0 | `0.28` |"));
  EXPECT_THAT(table,
              testing::HasSubstr(
                  "| `rewards.N.name` | text, required, not empty | `\"\"` | which \\| rule |"));
}

TEST(Config, DifferingKeysAreDotted) {
  Train a, b;
  EXPECT_THAT(differing_keys(a, b), testing::IsEmpty());
  b.clip.low = 0.1;
  b.seed = 1;
  b.sizes = {1, 3};
  b.rewards = {{"x", 1}};
  EXPECT_THAT(differing_keys(a, b), testing::ElementsAre("clip.low", "seed", "sizes.1", "rewards"));
}

TEST(Config, MissingFileIsTheUsersError) {
  const auto message = test::error_of([] { read_config<Train>("/nonexistent/r.yaml"); }, 2);
  EXPECT_EQ(message, "/nonexistent/r.yaml: cannot open: No such file or directory");
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::error_of([&] { read_config<Train>(folder.path()); }, 2),
              testing::HasSubstr("Is a directory"));
  EXPECT_EQ(read_config<Train>(folder.file("r.yaml", "steps: 7\n")).steps, 7);
}

}  // namespace
}  // namespace grpo
