#include "datasets/demonstrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "datasets/formats.h"
#include "tests/support/temporary_folder.h"

namespace grpo::datasets {
namespace {

using testing::HasSubstr;

/// Every test writes into a folder of its own: tests run side by side.
class Demonstrations : public testing::Test {
 protected:
  std::string written(const std::string& bytes) const {
    return folder_.file("demonstrations.jsonl", bytes).string();
  }

  std::string refusal(const std::string& bytes) const {
    try {
      read_demonstrations(written(bytes));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(Demonstrations, ReadsTheThreeForms) {
  const auto items = read_demonstrations(
      written(R"({"id": "a", "prompt": "p", "response": "r"})"
              "\n"
              R"({"messages": [{"role": "user", "content": "u"},)"
              R"( {"role": "assistant", "content": "v"}]})"
              "\n"
              R"({"question": "q", "solution": "2*3 = <<2*3=6>>6\n#### 6", "answer": "6"})"));
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0], (Demonstration{"a", "p", "r"}));
  EXPECT_EQ(items[1].prompt, "u");
  EXPECT_EQ(items[1].response, "v");
  EXPECT_EQ(items[2].response, "<think>2*3 = 6</think><answer>6</answer>");
}

TEST_F(Demonstrations, RefusesIncompleteRows) {
  EXPECT_THAT(refusal(R"({"prompt": "p"})"), HasSubstr(":1: solution: required field is missing"));
  EXPECT_THAT(refusal(R"({"prompt": "p", "response": ""})"), HasSubstr(":1: response: empty"));
  EXPECT_THAT(refusal(R"({"messages": [{"role": "assistant", "content": "v"}]})"),
              HasSubstr("messages: expected one user message"));
  EXPECT_THAT(
      refusal(R"({"messages": [{"role": "system", "content": "s"},)"
              R"({"role": "user", "content": "u"}, {"role": "assistant", "content": "v"}]})"),
      HasSubstr(":1: messages: expected one user message and one assistant message; a system "
                "message is prompt.system"));
  EXPECT_THAT(refusal(R"({"messages": [1]})"), HasSubstr("messages"));
  EXPECT_THAT(refusal("\n"), HasSubstr("no rows"));
  EXPECT_THAT(refusal(R"({"prompt": "p", "solution": "s", "answer": 12345678901234567890123})"),
              HasSubstr(":1: answer: a number beyond 2^53 loses digits: write it as a text"));
}

TEST_F(Demonstrations, EveryShippedSampleMakesOne) {
  const std::string file = GRPO_SOURCE_DIR "/datasets/samples/gsm8k_train_1000.jsonl.gz";
  const auto items = read_demonstrations(file);
  EXPECT_EQ(items.size(), 1000u);
  for (const auto& item : items) {
    EXPECT_EQ(item.response.find("<<"), std::string::npos);
    EXPECT_TRUE(item.response.starts_with("<think>") && item.response.ends_with("</answer>"));
  }
}

}  // namespace
}  // namespace grpo::datasets
