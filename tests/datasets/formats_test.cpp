#include "datasets/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "datasets/names.h"

namespace grpo::datasets {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Problem problem(const std::string& json, Format format) {
  return to_problem(Row(parse_json(json, "dir/rows.jsonl:7"), "dir/rows.jsonl:7"), format);
}

std::string refusal(const std::string& json, Format format) {
  try {
    problem(json, format);
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
    return error.what();
  }
  return "accepted";
}

TEST(Formats, Gsm8kReadsBothItsForms) {
  const auto original =
      problem(R"({"question": "Q?", "answer": "48/2 = <<48/2=24>>24\n#### 1,072"})", Format::gsm8k);
  EXPECT_EQ(original.answer, "1072");
  EXPECT_EQ(original.prompt, "Q?");
  EXPECT_EQ(original.id, "rows.jsonl:7");
  EXPECT_THAT(original.solution, HasSubstr("48/2"));
  const auto split =
      problem(R"({"id": "g-1", "question": "Q?", "solution": "s", "answer": "72"})", Format::gsm8k);
  EXPECT_EQ(split.answer, "72");
  EXPECT_EQ(split.id, "g-1");
}

TEST(Formats, MathTakesTheLastBoxOfTheSolution) {
  const auto made =
      problem(R"({"problem": "P", "solution": "\\boxed{1} then \\boxed{\\frac{1}{\\{2\\}}}."})",
              Format::math);
  EXPECT_EQ(made.answer, "\\frac{1}{\\{2\\}}");
  EXPECT_EQ(problem(R"({"problem": "P", "answer": 27})", Format::math).answer, "27");
  EXPECT_EQ(problem(R"({"problem": "P", "solution": "\\fbox{3}"})", Format::math).answer, "3");
}

TEST(Formats, MathRefusesASolutionWithoutABox) {
  EXPECT_EQ(refusal(R"({"problem": "P", "solution": "so 3"})", Format::math),
            "dir/rows.jsonl:7: solution: no \\boxed{…} in it and no answer field");
  EXPECT_THAT(refusal(R"({"problem": "P", "solution": "\\boxed{3"})", Format::math),
              HasSubstr("never closed"));
  EXPECT_EQ(refusal(R"({"problem": "P", "answer": " "})", Format::math),
            "dir/rows.jsonl:7: answer: empty");
}

TEST(Formats, AQuestionIsAText) {
  EXPECT_THAT(refusal(R"({"question": 5, "answer": "#### 5"})", Format::gsm8k),
              HasSubstr("question: expected a text, got the number 5"));
  EXPECT_THAT(refusal(R"({"problem": 5, "answer": 5})", Format::math),
              HasSubstr("problem: expected a text, got the number 5"));
  EXPECT_THAT(refusal(R"({"prompt": 5, "answer": 5})", Format::prompt),
              HasSubstr("prompt: expected a text, got the number 5"));
  EXPECT_EQ(problem(R"({"prompt": "2+3", "answer": 5})", Format::prompt).answer, "5");
}

TEST(Formats, CountdownKeepsNumbersAndTarget) {
  const auto made = problem(R"({"nums": [44, 19, 35], "target": 98})", Format::countdown);
  EXPECT_EQ(made.kind, Kind::countdown);
  EXPECT_THAT(made.numbers, ElementsAre(44, 19, 35));
  EXPECT_EQ(made.answer, "98");
  EXPECT_THAT(made.prompt, HasSubstr("44, 19, 35"));
  EXPECT_THAT(refusal(R"({"numbers": [], "target": 9})", Format::countdown), HasSubstr("empty"));
  EXPECT_THAT(refusal(R"({"numbers": [1.5], "target": 9})", Format::countdown),
              HasSubstr("numbers[0]: expected a 64-bit integer"));
}

TEST(Formats, CodeRowsCarryTheirTests) {
  const auto contest =
      problem(R"({"prompt": "P", "inputs": ["1\n"], "outputs": ["2\n"]})", Format::contest);
  EXPECT_EQ(contest.kind, Kind::code);
  EXPECT_THAT(contest.tests.outputs, ElementsAre("2\n"));
  EXPECT_EQ(contest.language, Language::python);
  EXPECT_TRUE(contest.limits.is_null());
  EXPECT_THAT(refusal(R"({"prompt": "P", "inputs": ["1"], "outputs": []})", Format::contest),
              HasSubstr("outputs: expected 1, as many as inputs, got 0"));

  const auto mbpp = problem(
      R"({"task_id": 11, "text": "T", "test_list": ["assert f"], "test_setup_code": "import x"
})",
      Format::mbpp);
  EXPECT_EQ(mbpp.tests.style, CodeTests::Style::assertion);
  EXPECT_EQ(mbpp.tests.setup, "import x");
  EXPECT_THAT(mbpp.prompt,
              HasSubstr("T\n\nYour program should pass this test, among others:\nassert f"));

  const auto human = problem(
      R"({"task_id": "H/0", "prompt": "def f", "entry_point": "f", "test": "def check(c): pass"})",
      Format::humaneval);
  EXPECT_EQ(human.tests.entry_point, "f");
  EXPECT_EQ(human.tests.prompt, "def f");
  EXPECT_EQ(human.tests.style, CodeTests::Style::function);
}

TEST(Formats, CodeRowsTakeTheFormsOfVerifyCode) {
  const auto made = problem(
      R"({"id": 3, "question": "Q", "language": "cpp", "limits": {"seconds": 2}, "solution": "s",
          "tests": {"kind": "stdin", "inputs": ["1"], "outputs": ["1.0"],
                    "compare": {"tolerance": 1e-6}}})",
      Format::code);
  EXPECT_EQ(made.kind, Kind::code);
  EXPECT_EQ(made.language, Language::cpp);
  EXPECT_EQ(made.tests.compare.mode, Compare::Mode::number);
  EXPECT_EQ(limits_from_json(made.limits, {}, "").seconds, 2);
  EXPECT_EQ(made.solution, "s");
  const auto tokens =
      problem(R"({"prompt": "P", "inputs": ["1"], "outputs": ["2"], "compare": "tokens"})",
              Format::contest);
  EXPECT_EQ(tokens.tests.compare.mode, Compare::Mode::tokens);
}

TEST(Formats, BadCodeRowsAreRefusedWithTheirPlace) {
  const auto refused = [](const std::string& rest) {
    return refusal(R"({"prompt": "P")" + rest + "}", Format::code);
  };
  const std::string tests = R"(, "tests": {"kind": "stdin", "inputs": ["1"], "outputs": ["1"]})";
  EXPECT_EQ(refused(""), "dir/rows.jsonl:7: tests: required field is missing");
  EXPECT_EQ(refused(R"(, "tests": {"kind": "poem"})"),
            "dir/rows.jsonl:7: tests.kind: unknown kind \"poem\"; known: stdin, assert, function");
  EXPECT_EQ(refused(R"(, "tests": {"kind": "assert", "list": ["assert f"], "compare": "same"})"),
            "dir/rows.jsonl:7: tests.compare: expected \"strict\" or \"python\", got \"same\"");
  EXPECT_EQ(refused(R"(, "tests": {"kind": "assert", "list": []})"),
            "dir/rows.jsonl:7: tests.list: an empty list");
  EXPECT_THAT(refused(tests + R"(, "limits": {"cpu": 1})"),
              HasSubstr("rows.jsonl:7: limits.cpu: unknown"));
  EXPECT_THAT(refused(tests + R"(, "limits": {"seconds": 0})"),
              HasSubstr("limits.seconds: expected 0.01 to 3600, got 0"));
  EXPECT_EQ(refused(tests + R"(, "language": "perl")"),
            "dir/rows.jsonl:7: language: unknown 'perl'; known: python, cpp");
}

TEST(Formats, UnknownNamesAreRefusedWithTheKnownOnes) {
  EXPECT_THROW(from_name<Format>("parquet", "x"), Error);
  EXPECT_THROW(from_name<Kind>("poem", "x"), Error);
  EXPECT_EQ(from_name<Format>("gsm8k", "x"), Format::gsm8k);
  EXPECT_THAT(refusal(R"({"prompt": "P", "answer": "1", "kind": "poem"})", Format::prompt),
              HasSubstr("rows.jsonl:7: kind: unknown 'poem'"));
}

TEST(Formats, TheShippedSampleReadsWholeAndItsSplitsAreDisjoint) {
  const std::string folder = GRPO_SOURCE_DIR "/datasets/samples/";
  const auto train = read_problems(folder + "gsm8k_train_1000.jsonl.gz", Format::gsm8k);
  const auto test = read_problems(folder + "gsm8k_test_200.jsonl.gz", Format::gsm8k);
  ASSERT_EQ(train.size(), 1000u);
  ASSERT_EQ(test.size(), 200u);
  EXPECT_EQ(train[0].answer, "72");
  EXPECT_EQ(test[0].answer, "18");
  std::set<std::string> prompts;
  for (const auto& item : train) prompts.insert(item.prompt);
  for (const auto& item : test) EXPECT_FALSE(prompts.contains(item.prompt));
}

TEST(Formats, TheShippedProgramsReadWholeAndTheirSplitsAreDisjoint) {
  const std::string folder = GRPO_SOURCE_DIR "/datasets/samples/";
  const auto train = read_problems(folder + "mbpp_train_374.jsonl.gz", Format::mbpp);
  const auto validation = read_problems(folder + "mbpp_validation_90.jsonl.gz", Format::mbpp);
  ASSERT_EQ(train.size(), 374u);
  ASSERT_EQ(validation.size(), 90u);
  EXPECT_EQ(train[0].id, "601");
  EXPECT_EQ(train[0].tests.asserts.size(), 3u);
  std::set<std::string> ids;
  for (const auto& item : train) ids.insert(item.id);
  EXPECT_EQ(ids.size(), 374u);
  for (const auto& item : validation) EXPECT_FALSE(ids.contains(item.id));
}

}  // namespace
}  // namespace grpo::datasets
