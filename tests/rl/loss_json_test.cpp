#include "rl/loss_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "base/json_lines.h"

namespace grpo::rl {
namespace {

OrderedJson small_row() {
  return parse_json<OrderedJson>(R"({"id": 7,
    "advantage": {"baseline": "group_mean", "scale": "group_std", "eps": 1e-6},
    "loss": {"ratio": "token", "clip": {"kind": "ppo", "low": 0.2, "high": 0.28, "dual": null},
             "aggregate": "token_mean", "constant_length": 8,
             "kl": {"weight": 0.0, "estimator": "k3"},
             "correction": {"kind": "none", "cap": null}},
    "groups": [{"rewards": [1, 0], "completions": [
       {"logprobs": [-1, -2], "old_logprobs": [-1, -2]},
       {"logprobs": [-1], "old_logprobs": [-1], "mask": [1]}]}]})",
                                 "row");
}

void expect_near(const OrderedJson& got, const OrderedJson& want, const std::string& where) {
  if (want.is_array()) {
    ASSERT_EQ(got.size(), want.size()) << where;
    for (std::size_t i = 0; i < want.size(); ++i) {
      expect_near(got[i], want[i], where + "[" + std::to_string(i) + "]");
    }
    return;
  }
  ASSERT_TRUE(got.is_number()) << where << ": " << got.dump();
  const double w = want.get<double>();
  EXPECT_NEAR(got.get<double>(), w, 1e-10 + 1e-9 * std::abs(w)) << where;
}

TEST(GoldenLosses, AdvantagesLossAndGradientMatchTheReference) {
  const std::string folder = GRPO_SOURCE_DIR "/tests/golden/losses/";
  OrderedJsonLines cases(folder + "cases.jsonl"), expected(folder + "expected.jsonl");
  int rows = 0;
  while (const auto want = expected.next()) {
    const auto row = cases.next();
    ASSERT_TRUE(row.has_value());
    const auto got = inspect_loss(*row, cases.where());
    const auto id = (*want)["id"].get<std::string>();
    EXPECT_EQ(got["id"], id);
    ASSERT_FALSE(got.contains("error")) << id << ": " << got["error"];
    for (const char* key : {"advantages", "loss", "grad"}) {
      expect_near(got[key], (*want)[key], id + " " + key);
    }
    ++rows;
  }
  EXPECT_EQ(rows, 18);
}

TEST(InspectLoss, GivesTheIdBackAsItCame) {
  EXPECT_EQ(inspect_loss(small_row(), "row")["id"], 7);
  EXPECT_EQ(inspect_loss(small_row(), "row")["metrics"]["actor/ratio_max"], 1.0);
}

TEST(InspectLoss, AnUnscorableRewardIsNullOrNan) {
  for (const OrderedJson& unscorable : {OrderedJson(nullptr), OrderedJson("nan")}) {
    auto row = small_row();
    row["groups"][0]["rewards"] = {1, unscorable};
    EXPECT_EQ(inspect_loss(row, "row")["advantages"][0][1], 0.0);
  }
}

TEST(InspectLoss, WellFormedRowsThatAreRefusedAnswerWithAnError) {
  const auto refused = [](const std::function<void(OrderedJson&)>& change, const char* part) {
    auto row = small_row();
    change(row);
    const auto out = inspect_loss(row, "row");
    ASSERT_TRUE(out.contains("error")) << part;
    EXPECT_NE(out["error"].get<std::string>().find(part), std::string::npos) << out["error"];
    EXPECT_EQ(out.size(), 2u);
  };
  refused(
      [](OrderedJson& row) {
        row["loss"]["ratio"] = "sequence";
        row["loss"]["correction"] = {{"kind", "token_mask"}, {"cap", 2}};
        for (auto& c : row["groups"][0]["completions"]) c["rollout_logprobs"] = c["logprobs"];
      },
      "correction.kind");
  refused(
      [](OrderedJson& row) {
        row["groups"][0]["rewards"] = {1};
        row["groups"][0]["completions"].erase(1);
      },
      "group of 1");
  refused([](OrderedJson& row) { row["groups"] = OrderedJson::array(); }, "trained tokens");
}

TEST(InspectLoss, MissingAndMistypedFieldsAreNamed) {
  const auto refused = [](const std::function<void(OrderedJson&)>& change, const char* part) {
    auto row = small_row();
    change(row);
    try {
      inspect_loss(row, "rows.jsonl:3");
      ADD_FAILURE() << part << ": not refused";
    } catch (const Error& error) {
      const std::string what = error.what();
      EXPECT_EQ(what.rfind("rows.jsonl:3: ", 0), 0u) << what;
      EXPECT_NE(what.find(part), std::string::npos) << what;
      EXPECT_EQ(error.exit_code(), 2);
    }
  };
  refused([](OrderedJson& r) { r.erase("id"); }, "id");
  refused([](OrderedJson& r) { r.erase("groups"); }, "groups");
  refused([](OrderedJson& r) { r["loss"].erase("ratio"); }, "loss.ratio");
  refused([](OrderedJson& r) { r["loss"]["clip"]["kind"] = "pppo"; }, "loss.clip.kind");
  refused([](OrderedJson& r) { r["loss"]["clip"]["high"] = "0.2"; }, "loss.clip.high");
  refused([](OrderedJson& r) { r["loss"]["clip"]["low"] = -1; }, "loss.clip.low");
  refused([](OrderedJson& r) { r["loss"]["constant_length"] = 0; }, "loss.constant_length");
  refused([](OrderedJson& r) { r["loss"]["kl"]["weight"] = 0.1; }, "ref_logprobs");
  refused([](OrderedJson& r) { r["loss"]["correction"]["kind"] = "token_mask"; },
          "rollout_logprobs");
  refused([](OrderedJson& r) { r["groups"][0]["rewards"] = {1}; }, "completions");
  refused([](OrderedJson& r) { r["groups"][0]["rewards"] = {1, "a"}; }, "rewards");
  refused([](OrderedJson& r) { r["groups"][0]["completions"][0]["old_logprobs"] = {-1}; },
          "old_logprobs");
  refused([](OrderedJson& r) { r["groups"][0]["completions"][1]["mask"] = {2}; }, "mask");
  refused([](OrderedJson& r) { r["groups"][0]["completions"][1].erase("logprobs"); }, "logprobs");
}

}  // namespace
}  // namespace grpo::rl
