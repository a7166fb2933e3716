#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/apps/runs.h"

namespace grpo::testing {
namespace {

using ::testing::HasSubstr;

TEST(Eval, WritesEveryAnswerAndTheResults) {
  const test::TemporaryFolder folder;
  const auto recipe =
      folder.file("eval.yaml", "seed: 3\nmodel:\n  path: " + tiny_model() +
                                   "\nprompt:\n  chat: false\n  text: \"{question}=\"\n"
                                   "eval:\n  samples: 2\n  temperature: 1.0\n"
                                   "  max_new_tokens: 4\n  data:\n"
                                   "    - generator:\n        family: arithmetic\n"
                                   "      count: 3\n");
  const auto run = folder.path() / "run";
  const std::string command = "eval " + recipe.string() + " --output " + run.string();
  const auto first = run_grpo(command);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("problems   3\nsamples    2\navg@2"));
  const auto results = parse_json(read_file(run / "results.json"), "results.json");
  EXPECT_EQ(results["problems"], 3);
  EXPECT_TRUE(std::filesystem::exists(run / "recipe.yaml"));
  const auto samples = read_file(run / "samples.jsonl");
  EXPECT_EQ(std::count(samples.begin(), samples.end(), '\n'), 6);
  const Json sample = parse_json(samples.substr(0, samples.find('\n')), "samples.jsonl");
  EXPECT_EQ(sample["prompt"], sample["question"].get<std::string>() + "=") << "what the model saw";

  EXPECT_EQ(run_grpo(command).code, 2) << "the folder holds a run already";
  EXPECT_EQ(run_grpo(command + " --resume").out, first.out);
  const auto other = run_grpo("eval " + recipe.string() + " --quiet --output " +
                              (folder.path() / "other").string());
  EXPECT_EQ(other.out, first.out);
  EXPECT_EQ(other.err, "");
}

/// A recipe for `questions` questions of two answers each.
std::filesystem::path write_recipe(const test::TemporaryFolder& folder, int64_t questions) {
  return folder.file("eval.yaml", "model: {path: " + tiny_model() +
                                      "}\nprompt: {chat: false}\neval:\n  samples: 2\n"
                                      "  temperature: 1.0\n  data: [{generator: {}, count: " +
                                      std::to_string(questions) + "}]\n");
}

TEST(Eval, ShowsItsProgressOnATerminal) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  const std::string terminal = ::ptsname(master);
  const int held = ::open(terminal.c_str(), O_RDWR | O_NOCTTY);  // keeps what was written
  const test::TemporaryFolder folder;
  const std::string command = std::string(GRPO_BINARY) + " eval " +
                              write_recipe(folder, 2).string() + " --output " +
                              (folder.path() / "run").string() + " > /dev/null 2> " + terminal;
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::string shown;
  pollfd ready{master, POLLIN, 0};
  while (shown.find("answers 4/4") == std::string::npos && ::poll(&ready, 1, 1000) > 0) {
    std::string piece(1 << 12, ' ');
    piece.resize(static_cast<size_t>(::read(master, piece.data(), piece.size())));
    shown += piece;
  }
  EXPECT_THAT(shown, HasSubstr("\r\x1b[Kanswers 1/4  ETA "));
  EXPECT_THAT(shown, HasSubstr("\r\x1b[Kanswers 4/4  ETA 0s"));
  ::close(held);
  ::close(master);
}

TEST(Eval, AnInterruptSaysThatItStartsOver) {
  const test::TemporaryFolder folder;
  const auto recipe = write_recipe(folder, 2000);
  const auto run = folder.path() / "run";
  const Background eval("eval " + recipe.string() + " --output " + run.string(),
                        folder.path() / "log");
  const auto started = [&] {
    const auto log = folder.path() / "log";
    return std::filesystem::exists(log) &&
           read_file(log).find("2000 questions") != std::string::npos;
  };
  for (int i = 0; i < 60000 && !started(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  eval.signal(SIGINT);
  EXPECT_EQ(eval.wait(), 130);
  EXPECT_THAT(read_file(folder.path() / "log"),
              HasSubstr("interrupted; --resume makes the evaluation again from its start"));
}

TEST(Eval, ResultsOfAnotherRunAreNeitherTakenNorReplaced) {
  const test::TemporaryFolder folder;
  const auto recipe = write_recipe(folder, 2);
  const auto run = folder.path() / "run";
  std::filesystem::create_directory(run);
  write_atomically(run / "results.json", "{}");
  const auto refused = run_grpo("eval " + recipe.string() + " --output " + run.string());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("run holds results.json of another run"));
  EXPECT_EQ(read_file(run / "results.json"), "{}");
}

TEST(Eval, RefusesWhatItDoesNotKnow) {
  const test::TemporaryFolder folder;
  const auto recipe = folder.file(
      "eval.yaml", "model:\n  path: " + folder.path().string() + "\neval:\n  sampels: 2\n");
  const auto misspelt = run_grpo("eval " + recipe.string());
  EXPECT_EQ(misspelt.code, 2);
  EXPECT_THAT(misspelt.err, HasSubstr("eval.yaml:4"));
  EXPECT_THAT(misspelt.err, HasSubstr("eval.sampels: unknown key"));
  EXPECT_EQ(run_grpo("eval " + recipe.string() + " --resume").code, 2);
}

}  // namespace
}  // namespace grpo::testing
