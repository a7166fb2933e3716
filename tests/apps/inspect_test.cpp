#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string with_model(const std::string& command) { return command + " --model " + tiny_model(); }

TEST(InspectTokens, IdsComeBackAsTheyCameAndInOrder) {
  const auto done = run_grpo(with_model("inspect tokens"),
                             "{\"id\":\"b\",\"text\":\"hi\"}\n"
                             "{\"id\":18446744073709551615,\"text\":\"<|eos|>é\"}\n"
                             "\n"
                             "{\"id\":-3,\"ids\":[257,104],\"skip_special_tokens\":true}\n");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out,
            "{\"id\":\"b\",\"ids\":[104,105],\"text\":\"hi\"}\n"
            "{\"id\":18446744073709551615,\"ids\":[257,195,169],\"text\":\"<|eos|>é\"}\n"
            "{\"id\":-3,\"text\":\"h\"}\n");
}

TEST(InspectTokens, UnknownIdsMakeAnErrorRowAndTheRunGoesOn) {
  const auto done = run_grpo(with_model("inspect tokens"),
                             "{\"id\":1,\"ids\":[258]}\n{\"id\":2,\"ids\":[-1]}\n"
                             "{\"id\":3,\"ids\":[9223372036854775807]}\n{\"id\":4,\"ids\":[65]}\n");
  EXPECT_EQ(done.code, 0);
  const auto rows = done.rows();
  ASSERT_EQ(rows.size(), 4u);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rows[static_cast<size_t>(i)].contains("error")) << i;
  EXPECT_EQ(rows[3]["text"], "A");
}

TEST(InspectTokens, MalformedRowsEndWithTwoAndTheirPlace) {
  const struct {
    const char *row, *message;
  } cases[] = {
      {"{\"id\":1,\"text\":5}", "<stdin>:2: text: expected"},
      {"{\"id\":1}", "<stdin>:2: ids: required field is missing"},
      {"{\"text\":\"a\"}", "<stdin>:2: id: required field is missing"},
      {"{\"id\":1.5,\"text\":\"a\"}", "<stdin>:2: id: expected a text or an integer"},
      {"{\"id\":1,\"text\":\"a\",\"add_special_tokens\":1}",
       "<stdin>:2: add_special_tokens: expected"},
      {"{\"id\":1,\"ids\":[1,\"2\"]}", "<stdin>:2: ids[1]: expected"},
      {"{\"id\":1", "<stdin>:2"},
      {"[1]", "<stdin>:2"},
  };
  for (const auto& [row, message] : cases) {
    const auto done =
        run_grpo(with_model("inspect tokens"), "{\"id\":0,\"text\":\"\"}\n" + std::string(row));
    EXPECT_EQ(done.code, 2) << row;
    EXPECT_THAT(done.err, HasSubstr(message));
  }
}

TEST(InspectChat, RendersAndEncodesTheModelsTemplate) {
  const auto done = run_grpo(with_model("inspect chat"),
                             "{\"id\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                             "\"add_generation_prompt\":true}\n");
  EXPECT_EQ(done.code, 0) << done.err;
  const auto row = done.rows().at(0);
  EXPECT_EQ(row["text"], "user: x\nassistant: ");
  EXPECT_EQ(row["ids"].size(), row["text"].get<std::string>().size());
}

TEST(InspectChat, ATemplateThatRaisesMakesAnErrorRow) {
  const test::TemporaryFolder folder;
  const auto file =
      folder.file("t.jinja", "{{ who }}{{ raise_exception('no ' ~ messages[0].role) }}");
  const auto done =
      run_grpo(with_model("inspect chat") + " --template " + file.string(),
               "{\"id\":\"r\",\"messages\":[{\"role\":\"tool\"}],\"variables\":{\"who\":1}}\n"
               "{\"id\":\"s\",\"messages\":[{\"role\":\"user\"}]}\n");
  EXPECT_EQ(done.code, 0) << done.err;
  const auto rows = done.rows();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0]["error"].get<std::string>(), HasSubstr("no tool"));
  EXPECT_EQ(run_grpo(with_model("inspect chat"), "{\"id\":1,\"messages\":\"x\"}\n").code, 2);
}

TEST(InspectModel, CountsParametersWithoutReadingThem) {
  const auto done = run_grpo(with_model("inspect model"));
  EXPECT_EQ(done.code, 0) << done.err;
  const auto row = done.rows().at(0);
  EXPECT_EQ(row["family"], "qwen3");
  // Embedding and head 260 x 32; per layer q and o 32 x 32, k and v 16 x 32, three of 48 x 32, two
  // norms of 32 and two of 8; a last norm.
  EXPECT_EQ(row["parameters"]["total"],
            2 * 260 * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 48 * 32 + 2 * 32 + 2 * 8) + 32);
  EXPECT_EQ(row["vocabulary"], (OrderedJson{{"model", 260}, {"tokenizer", 258}}));
  EXPECT_EQ(row["kv_bytes_per_token"], 2 * 2 * (8 + 8) * 2);
  EXPECT_EQ(row["eos"], OrderedJson::array({257}));
  EXPECT_EQ(row["chat_template"], true);
  EXPECT_EQ(row["dtype"], "float32");
  EXPECT_EQ(row["unsupported"], OrderedJson::array());
}

TEST(InspectModel, ATokenizerWithTooManyIdsIsUnsupportedAsItIsRefused) {
  const test::TemporaryFolder folder;
  const auto model = folder.path() / "model";
  std::filesystem::copy(tiny_model(), model, std::filesystem::copy_options::recursive);
  Json tokenizer = parse_json(read_file(model / "tokenizer.json"), "tokenizer.json");
  for (int id = 258; id < 262; ++id) {  // the model knows 260
    Json added = tokenizer["added_tokens"].back();
    added["id"] = id;
    added["content"] = "<|" + std::to_string(id) + "|>";
    tokenizer["added_tokens"].push_back(added);
  }
  write_atomically(model / "tokenizer.json", tokenizer.dump());
  const std::string why = "the tokenizer has 262 ids, the model's vocabulary only 260";
  const auto row = run_grpo("inspect model --model " + model.string()).rows().at(0);
  ASSERT_EQ(row["unsupported"].size(), 1u);
  EXPECT_THAT(row["unsupported"][0].get<std::string>(), HasSubstr(why));
  const auto refused = run_grpo("generate --model " + model.string(), "");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr(why));
}

/// Rows of several lengths, past a page, past a chunk and past the model's context of 256.
std::string logits_rows() {
  std::string rows;
  for (const int length : {1, 2, 15, 16, 17, 40, 230, 300}) {
    OrderedJson ids = OrderedJson::array();
    for (int i = 0; i < length; ++i) ids.push_back((i * 37 + length) % 260);
    rows += OrderedJson{{"id", length}, {"ids", ids}, {"top", 3}}.dump() + "\n";
  }
  return rows;
}

TEST(InspectLogits, PackedAndPagedPrintTheSameBits) {
  const auto packed = run_grpo(with_model("inspect logits"), logits_rows());
  const auto paged = run_grpo(with_model("inspect logits --path paged"), logits_rows());
  EXPECT_EQ(packed.code, 0) << packed.err;
  EXPECT_EQ(packed.out, paged.out);
  EXPECT_EQ(packed.rows().size(), 8u);
}

TEST(InspectLogits, ARowDoesNotDependOnItsNeighbours) {
  const auto together = run_grpo(with_model("inspect logits"), logits_rows());
  std::istringstream rows(logits_rows()), answers(together.out);
  size_t index = 0;
  for (std::string row, answer; std::getline(rows, row) && std::getline(answers, answer);) {
    if (index++ % 3 != 0) continue;  // 1, 16 and 230 tokens
    EXPECT_EQ(run_grpo(with_model("inspect logits"), row).out, answer + "\n");
  }
  EXPECT_EQ(index, 8u);
}

TEST(InspectLogits, TheWholeDistributionAddsUp) {
  const auto done =
      run_grpo(with_model("inspect logits"), "{\"id\":1,\"ids\":[5,9,5],\"top\":1000}\n");
  const auto row = done.rows().at(0);
  ASSERT_EQ(row["top"].size(), 260u);
  double sum = 0, entropy = 0, before = INFINITY;
  for (const auto& entry : row["top"]) sum += std::exp(entry[1].get<double>());
  for (const auto& entry : row["top"]) {
    const double logit = entry[1].get<double>(), p = std::exp(logit) / sum;
    EXPECT_LE(logit, before);
    before = logit;
    entropy -= p * std::log(p);
  }
  // Sums of 260 float32 terms against float64.
  EXPECT_NEAR(row["entropy"][2].get<double>(), entropy, 1e-4);
  EXPECT_EQ(row["entropy"].size(), 3u);
  EXPECT_EQ(row["logprobs"].size(), 2u);
}

TEST(InspectLogits, NumbersArePrintedInTheirShortestFloat32Form) {
  const auto done = run_grpo(with_model("inspect logits"), logits_rows());
  for (const auto& row : done.rows()) {
    for (const auto& value : row["entropy"]) {
      const auto number = value.get<double>();
      EXPECT_EQ(number_text(static_cast<float>(number)), number_text(number));
    }
  }
}

TEST(InspectLogits, RefusesWhatItCannotServe) {
  const auto done =
      run_grpo(with_model("inspect logits"),
               "{\"id\":1,\"ids\":[260]}\n{\"id\":2,\"ids\":[]}\n{\"id\":3,\"ids\":[1]}\n");
  EXPECT_EQ(done.code, 0) << done.err;
  const auto rows = done.rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_THAT(rows[0]["error"].get<std::string>(), HasSubstr("260"));
  EXPECT_TRUE(rows[1].contains("error"));
  EXPECT_EQ(rows[2]["logprobs"].size(), 0u);
  EXPECT_EQ(run_grpo(with_model("inspect logits"), "{\"id\":1,\"ids\":[1],\"top\":-1}").code, 2);
  const auto narrow = run_grpo(with_model("inspect logits --dtype bfloat16"), "");
  EXPECT_EQ(narrow.code, 2);
  EXPECT_THAT(narrow.err, HasSubstr("--dtype bfloat16"));
}

TEST(InspectLoss, AnswersRowsAndPlacesErrors) {
  const std::string row =
      "{\"id\":\"a\",\"advantage\":{\"baseline\":\"group_mean\",\"scale\":\"none\",\"eps\":0},"
      "\"loss\":{\"ratio\":\"token\",\"clip\":{\"kind\":\"none\",\"low\":0.2,\"high\":0.2,"
      "\"dual\":null},\"aggregate\":\"token_mean\",\"constant_length\":1,"
      "\"kl\":{\"weight\":0,\"estimator\":\"k3\"},\"correction\":{\"kind\":\"none\",\"cap\":null}},"
      "\"groups\":[{\"rewards\":[1,0],\"completions\":["
      "{\"logprobs\":[-1],\"old_logprobs\":[-1]},{\"logprobs\":[-2],\"old_logprobs\":[-2]}]}]}\n";
  const auto done = run_grpo("inspect loss", row);
  ASSERT_EQ(done.code, 0) << done.err;
  const auto out = done.rows().at(0);
  // -rho A, rho = 1, A = +-1/2: the terms cancel; d loss / d logprob = -A / 2.
  EXPECT_EQ(out["loss"], 0.0);
  EXPECT_EQ(out["grad"][0][0][0], -0.25);
  EXPECT_EQ(out["grad"][0][1][0], 0.25);
  const auto bad = run_grpo("inspect loss", "{\"id\":\"a\",\"groups\":3}\n");
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.err, HasSubstr("<stdin>:1: "));
}

}  // namespace
}  // namespace grpo::testing
