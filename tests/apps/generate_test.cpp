#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

std::string generate(const std::string& flags) {
  return "generate --model " + tiny_model() + " --max-tokens 24 " + flags;
}

const char* const kRows =
    "{\"id\":\"a\",\"prompt\":\"one\",\"n\":3}\n"
    "{\"id\":\"b\",\"messages\":[{\"role\":\"user\",\"content\":\"two\"}],\"n\":2,\"seed\":5}\n"
    "{\"id\":\"c\",\"ids\":[1,2,3],\"n\":3}\n"
    "{\"id\":\"d\",\"prompt\":\"one\",\"n\":1}\n";

TEST(Generate, TheSameSeedGivesTheSameAnswersWhateverTheBatch) {
  const auto all = run_grpo(generate("--seed 3"), kRows);
  ASSERT_EQ(all.code, 0) << all.err;
  EXPECT_EQ(run_grpo(generate("--seed 3 --batch 1"), kRows).out, all.out);
  EXPECT_EQ(run_grpo(generate("--seed 3 --batch 3"), kRows).out, all.out);
  EXPECT_NE(run_grpo(generate("--seed 4"), kRows).out, all.out);
  const auto rows = all.rows();
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["completions"].size(), 3u);
  // Answer 0 of a row does not depend on how many there are, nor on the rows beside it.
  EXPECT_EQ(rows[3]["completions"][0], rows[0]["completions"][0]);
  EXPECT_NE(rows[0]["completions"][1], rows[0]["completions"][0]);
}

TEST(Generate, GreedyAnswersFollowTheLargestLogit) {
  const auto done = run_grpo(generate("--temperature 0"), "{\"id\":1,\"ids\":[7,8]}\n");
  ASSERT_EQ(done.code, 0) << done.err;
  const auto completion = done.rows().at(0)["completions"][0];
  std::vector<int32_t> ids = {7, 8};
  for (size_t i = 0; i < 4; ++i) {
    const auto logits = run_grpo("inspect logits --model " + tiny_model(),
                                 OrderedJson{{"id", 0}, {"ids", ids}, {"top", 3}}.dump() + "\n")
                            .rows()
                            .at(0);
    // Ids 258 and 259 pad the vocabulary; the tokenizer does not know them.
    int32_t best = -1;
    for (const auto& entry : logits["top"]) {
      if (best < 0 && entry[0] < 258) best = entry[0];
    }
    EXPECT_EQ(completion["ids"][i], best);
    ids.push_back(best);
  }
}

TEST(Generate, AStopStringEndsTheAnswerBeforeIt) {
  const auto free = run_grpo(generate("--temperature 0"), "{\"id\":1,\"prompt\":\"x\"}\n");
  const auto ids = free.rows().at(0)["completions"][0]["ids"].get<std::vector<int32_t>>();
  // Any byte that the free answer holds and that is a character of its own.
  const auto letter = std::find_if(ids.begin(), ids.end(), [](int32_t id) {
    return (id >= 'a' && id <= 'z') || (id >= 'A' && id <= 'Z') || (id >= '0' && id <= '9');
  });
  ASSERT_NE(letter, ids.end()) << free.out;
  const std::string stop(1, static_cast<char>(*letter));
  const auto cut =
      run_grpo(generate("--temperature 0 --stop " + stop), "{\"id\":1,\"prompt\":\"x\"}\n");
  const auto completion = cut.rows().at(0)["completions"][0];
  EXPECT_EQ(completion["finish"], "stop");
  EXPECT_EQ(completion["ids"].size(), static_cast<size_t>(letter - ids.begin()) + 1);
  EXPECT_EQ(completion["text"].get<std::string>().find(stop), std::string::npos);
}

TEST(Generate, RowsThatCannotBeServedAreErrorsAndMalformedOnesEndTheRun) {
  const auto done = run_grpo(generate(""),
                             "{\"id\":1,\"ids\":[]}\n{\"id\":2,\"ids\":[999]}\n"
                             "{\"id\":5,\"ids\":[1],\"n\":9000000000000}\n"
                             "{\"id\":3,\"prompt\":\"" +
                                 std::string(256, 'a') + "\"}\n{\"id\":4,\"prompt\":\"ok\"}\n");
  ASSERT_EQ(done.code, 0) << done.err;
  const auto rows = done.rows();
  ASSERT_EQ(rows.size(), 5u);
  for (size_t i = 0; i < 4; ++i) EXPECT_TRUE(rows[i].contains("error")) << i;
  EXPECT_EQ(rows[4]["completions"].size(), 1u);
  for (const auto* row :
       {"{\"id\":1}", "{\"id\":1,\"prompt\":\"a\",\"ids\":[1]}",
        "{\"id\":1,\"prompt\":\"a\",\"n\":0}", "{\"id\":1,\"prompt\":3}",
        "{\"id\":1,\"prompt\":\"a\",\"seed\":-1}", "{\"id\":1,\"messages\":[1]}"}) {
    const auto bad = run_grpo(generate(""), row);
    EXPECT_EQ(bad.code, 2) << row;
    EXPECT_THAT(bad.err, HasSubstr("<stdin>:1: ")) << row;
  }
}

TEST(Convert, TheCopyGivesTheSameLogits) {
  const test::TemporaryFolder folder;
  const auto copy = (folder.path() / "copy").string();
  const auto done = run_grpo("convert --model " + tiny_model() + " --output " + copy);
  ASSERT_EQ(done.code, 0) << done.err;
  const std::string row = "{\"id\":1,\"ids\":[4,5,6,7,8,9]}\n";
  EXPECT_EQ(run_grpo("inspect logits --model " + copy, row).out,
            run_grpo("inspect logits --model " + tiny_model(), row).out);
  const std::string chat = "{\"id\":1,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}\n";
  EXPECT_EQ(run_grpo("inspect chat --model " + copy, chat).out,
            run_grpo("inspect chat --model " + tiny_model(), chat).out);
  EXPECT_EQ(run_grpo("convert --model " + tiny_model() + " --output " + copy).code, 2)
      << "an existing folder is not written over";
}

TEST(Convert, AGgufFileGivesTheSameLogitsAndPrompts) {
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "tiny.gguf").string();
  const auto done = run_grpo("convert --format gguf --model " + tiny_model() + " --output " + file);
  ASSERT_EQ(done.code, 0) << done.err;
  for (const auto& [command, row] :
       {std::pair{"inspect logits", R"({"id":1,"ids":[4,5,6,7,8,9]})"},
        {"inspect tokens", R"({"id":1,"text":"a <|eos|> b12"})"},
        {"inspect chat", R"({"id":1,"messages":[{"role":"user","content":"x"}]})"}}) {
    const auto with = [&](const std::string& model) {
      return run_grpo(std::string(command) + " --model " + model, std::string(row) + "\n").out;
    };
    EXPECT_EQ(with(file), with(tiny_model())) << command;
  }
  const auto model = run_grpo("inspect model --model " + file).rows().at(0);
  EXPECT_EQ(model["vocabulary"],
            run_grpo("inspect model --model " + tiny_model()).rows().at(0)["vocabulary"]);
  EXPECT_EQ(model["unsupported"], Json::array());
  EXPECT_EQ(run_grpo("convert --format gguf --model " + tiny_model() + " --output " + file).code, 2)
      << "an existing file is not written over";

  // Another name is a folder's.
  const auto narrow = (folder.path() / "narrow").string();
  ASSERT_EQ(
      run_grpo("convert --format gguf --quantize q8_0 --model " + file + " --output " + narrow)
          .code,
      0);
  EXPECT_EQ(run_grpo("inspect model --model " + narrow + "/model.gguf").rows().at(0)["dtype"],
            "q8_0");
  EXPECT_EQ(run_grpo("convert --quantize q8_0 --model " + file + " --output " + narrow + "2").code,
            2);
}

TEST(Convert, GenerationSettingsStayWithTheModel) {
  const test::TemporaryFolder folder;
  const auto model = folder.path() / "model";
  std::filesystem::copy(tiny_model(), model, std::filesystem::copy_options::recursive);
  write_atomically(
      model / "generation_config.json",
      R"({"do_sample": true, "temperature": 0.6, "top_p": 0.95, "eos_token_id": [257, 256]})");
  const auto copy = folder.path() / "copy";
  ASSERT_EQ(run_grpo("convert --model " + model.string() + " --output " + copy.string()).code, 0);
  const auto generation = parse_json<Json>(read_file(copy / "generation_config.json"), "copy");
  EXPECT_EQ(generation["temperature"], 0.6);
  EXPECT_EQ(generation["do_sample"], true);
  EXPECT_EQ(generation["eos_token_id"], Json({257, 256}));
}

TEST(Convert, NarrowTypesRoundOnce) {
  const test::TemporaryFolder folder;
  const auto narrow = (folder.path() / "bf16").string(), wide = (folder.path() / "f32").string();
  ASSERT_EQ(
      run_grpo("convert --model " + tiny_model() + " --dtype bfloat16 --output " + narrow).code, 0);
  EXPECT_EQ(run_grpo("inspect model --model " + narrow).rows().at(0)["dtype"], "bfloat16");
  ASSERT_EQ(run_grpo("convert --model " + narrow + " --dtype float32 --output " + wide).code, 0);
  const std::string row = "{\"id\":1,\"ids\":[4,5,6]}\n";
  EXPECT_EQ(run_grpo("inspect logits --model " + narrow, row).out,
            run_grpo("inspect logits --model " + wide, row).out);
}

}  // namespace
}  // namespace grpo::testing
