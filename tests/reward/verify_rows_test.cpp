#include "reward/verify_rows.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace grpo::reward {
namespace {

OrderedJson math(const std::string& row) {
  return verify_math_row(parse_json(row, "r"), "rows.jsonl:3", 5000);
}

TEST(VerifyRows, MathRowsCarryVerdictScoreAndRule) {
  const auto out = math(R"({"id": 7, "gold": "1/2", "prediction": "0.5"})");
  EXPECT_EQ(out["id"], 7);
  EXPECT_EQ(out["verdict"], "correct");
  EXPECT_EQ(out["score"], 1);
  EXPECT_EQ(out["extracted"], "0.5");
  EXPECT_GE(out["seconds"].get<double>(), 0);
  EXPECT_EQ(math(R"({"id": "a", "gold": "1/2", "prediction": null})")["verdict"], "wrong");
  EXPECT_EQ(math(R"({"id": "a", "gold": "1/2", "prediction": null})")["extracted"], nullptr);
  const auto none = math(R"({"id": "a", "gold": null, "prediction": "1"})");
  EXPECT_EQ(none["verdict"], "unverifiable");
  EXPECT_TRUE(none["score"].is_null());
}

TEST(VerifyRows, AResponseIsAWholeAnswer) {
  EXPECT_EQ(
      math(R"({"id": 1, "gold": "4", "response": "<think>5</think> so \\boxed{4}"})")["verdict"],
      "correct");
  EXPECT_EQ(math(R"({"id": 1, "gold_list": ["3", "4"], "prediction": "\\boxed{4}",
                     "extraction": "boxed"})")["verdict"],
            "correct");
}

TEST(VerifyRows, MissingAndMistypedFieldsNameThePlace) {
  for (const auto row :
       {R"({"id": 1, "gold": "4"})", R"({"id": 1, "prediction": "4"})",
        R"({"id": 1, "gold": 4, "prediction": "4"})",
        R"({"id": 1, "gold": "4", "prediction": "4", "precision": -1})",
        R"({"id": 1, "gold": "4", "prediction": "4", "extraction": "nonsense"})"}) {
    EXPECT_THROW(math(row), Error) << row;
  }
  try {
    math(R"({"id": 1, "gold": "4"})");
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find("rows.jsonl:3: prediction"), 0u) << error.what();
    EXPECT_EQ(error.exit_code(), 2);
  }
}

TEST(VerifyRows, AWrongExtractionNamesItsPlace) {
  const auto place = [](const auto& judge) {
    try {
      judge();
      return std::string("accepted");
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 2);
      return std::string(error.what()).substr(0, 46);
    }
  };
  const std::string expected = "rows.jsonl:3: extraction: unknown rule 'boxd'";
  EXPECT_EQ(place([] {
              math(R"({"id": 1, "gold": "4", "response": "4", "extraction": "boxd"})");
            }).substr(0, expected.size()),
            expected);
  const auto text = parse_json(R"({"id": 1, "text": "4", "extraction": "boxd"})", "r");
  EXPECT_EQ(place([&] { verify_extract_row(text, "rows.jsonl:3"); }).substr(0, expected.size()),
            expected);
}

TEST(VerifyRows, ConditionsCountForSetsUnlessToldOtherwise) {
  const std::string row = R"("gold": "$x \\in [-2,7]$", "prediction": "$-2 \\le x \\le 7$",
                             "extraction": "latex")";
  EXPECT_EQ(math(R"({"id": 1, )" + row + "}")["verdict"], "correct");
  const std::string strict = R"({"id": 1, "allow_set_relation_comp": false, )";
  EXPECT_EQ(math(strict + row + "}")["verdict"], "wrong");
  // The other way round it always counts.
  EXPECT_EQ(math(strict + R"("gold": "$-2 \\le x \\le 7$", "prediction": "$x \\in [-2,7]$",
                             "extraction": "latex"})")["verdict"],
            "correct");
}

TEST(VerifyRows, LanguageSaysWhichWordsMeanAnswer) {
  const std::string row = R"("gold": "4", "response": "Respuesta: 4. Antwort: 5"})";
  EXPECT_EQ(math(R"({"id": 1, "language": "spanish", )" + row)["verdict"], "correct");
  EXPECT_EQ(math(R"({"id": 1, "language": "de", )" + row)["verdict"], "wrong");
  EXPECT_EQ(math(R"({"id": 1, )" + row)["verdict"], "wrong");  // the last one counts
}

TEST(VerifyRows, GoldOnlyListsWhatCannotBeRead) {
  const auto gold = [](const std::string& row) {
    return unreadable_gold_row(parse_json(row, "r"), "rows.jsonl:3");
  };
  EXPECT_FALSE(gold(R"({"id": 1, "gold": "\\frac12"})"));
  EXPECT_FALSE(gold(R"({"id": 1, "answer": "$x=4$", "prediction": "5"})"));
  EXPECT_FALSE(gold(R"({"id": 1, "gold": "Monday"})"));
  const auto open = gold(R"({"id": 7, "gold": "\\frac{1}{2"})");
  ASSERT_TRUE(open);
  EXPECT_EQ((*open)["id"], 7);
  EXPECT_EQ((*open)["gold"], "\\frac{1}{2");
  EXPECT_EQ((*open)["error"], "at byte 10: a brace that is never closed");
  EXPECT_EQ((*gold(R"({"id": 1, "gold": null})"))["error"], "empty");
  EXPECT_EQ((*gold(R"({"id": 1, "gold_list": ["3", " "]})"))["error"], "empty");
  EXPECT_THROW(gold(R"({"id": 1})"), Error);
}

TEST(VerifyRows, LatexGivesValueOrPosition) {
  const auto good = verify_latex_row(parse_json(R"({"id": 1, "latex": "\\frac12"})", "r"), "r:1");
  EXPECT_EQ(good["parsed"], true);
  EXPECT_EQ(std::stod(good["value"].get<std::string>()), 0.5);
  const auto bad = verify_latex_row(parse_json(R"({"id": 1, "latex": "1+"})", "r"), "r:1");
  EXPECT_EQ(bad["parsed"], false);
  EXPECT_EQ(bad["position"], 2);
}

TEST(VerifyRows, ExtractAndReward) {
  const auto found = verify_extract_row(parse_json(R"({"id": 1, "text": "#### 5"})", "r"), "r:1");
  EXPECT_EQ(found["extracted"], "5");
  EXPECT_EQ(found["rule"], "hash4");
  EXPECT_TRUE(verify_extract_row(parse_json(R"({"id": 1, "text": ""})", "r"), "r:1")["extracted"]
                  .is_null());
  EXPECT_EQ(verify_reward_row(parse_json(R"({"id": 1, "input": "x"})", "r"), "format_reward",
                              "r:1")["value"],
            0);
}

}  // namespace
}  // namespace grpo::reward
