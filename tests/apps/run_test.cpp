#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <regex>
#include <thread>

#include "base/random.h"
#include "kernels/dispatch.h"
#include "rl/recipe.h"
#include "tests/apps/runs.h"

namespace grpo::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

void expect_same_run(const fs::path& run, const fs::path& expected) {
  EXPECT_EQ(metrics(run), metrics(expected));
  if (fs::exists(expected / "samples.jsonl")) {
    EXPECT_EQ(read_file(run / "samples.jsonl"), read_file(expected / "samples.jsonl"));
  }
  // Of the last checkpoint: an interrupted run has others on its way.
  for (const auto& entry : fs::recursive_directory_iterator(expected / "checkpoints/step-6")) {
    const fs::path file = run / fs::relative(entry.path(), expected);
    ASSERT_TRUE(fs::exists(file)) << file;
    std::string bytes = read_file(file), whole = read_file(entry.path());
    if (file.filename() == "trainer_state.json") {
      Json state = parse_json(bytes, file.string());
      state.erase("unfinished");  // an evaluation that was interrupted, and made on resume
      bytes = state.dump(2) + "\n";
    }
    EXPECT_TRUE(bytes == whole) << file;
  }
}

class SlowRun : public ::testing::TestWithParam<std::string> {
 protected:
  static std::string command(const fs::path& run) {
    const fs::path recipe = GetParam() == "train" ? recipes().grpo() : recipes().sft();
    return GetParam() + " " + recipe.string() + " --quiet --output " + run.string();
  }
  /// The run that nothing interrupts, made once per kind.
  static fs::path whole() {
    static std::map<std::string, std::unique_ptr<test::TemporaryFolder>> runs;
    auto& folder = runs[GetParam()];
    if (folder == nullptr) {
      folder = std::make_unique<test::TemporaryFolder>();
      const auto finished = run_grpo(command(folder->path() / "run"));
      EXPECT_EQ(finished.code, 0) << finished.err;
    }
    return folder->path() / "run";
  }
};

TEST_P(SlowRun, LearnsInEveryStepAndEvaluates) {
  const auto rows = metrics(whole());
  ASSERT_EQ(rows.size(), 7u) << "the first evaluation and six steps";
  for (size_t i = 1; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["step"], i);
    EXPECT_EQ(rows[i]["train/skipped"], 0);
    EXPECT_GT(rows[i]["actor/grad_norm"], 0) << i;
    EXPECT_EQ(rows[i]["train/updates"], 1);
    EXPECT_GE(rows[i]["moe/max_vio"], 0);
    EXPECT_GE(rows[i]["moe/idle_experts"], 0);
    EXPECT_EQ(rows[i].contains("val-core/mean@1"), i % 3 == 0);
  }
}

TEST_P(SlowRun, SaysWhatWasBuilt) {
  const Json run = parse_json(read_file(whole() / "run.json"), "run.json");
  EXPECT_EQ(run["version"], "0.1.0");
  EXPECT_TRUE(run["commit"].is_string());
}

TEST(SlowTrain, SamplesHoldThePromptThatTheModelSawAndHowTheAnswerEnded) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  ASSERT_EQ(run_grpo("train " + recipes().grpo().string() +
                     " --quiet --set eval.every=0 --steps 1 --set log.samples=12 --output " +
                     run.string())
                .code,
            0);
  std::istringstream lines(read_file(run / "samples.jsonl"));
  int64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const Json sample = parse_json(line, "samples.jsonl");
    const std::string prompt = sample["prompt"], question = sample["question"];
    EXPECT_NE(prompt, question) << "the chat template's marks";
    EXPECT_THAT(prompt, HasSubstr(question));
    const auto tokens = sample["tokens"].get<int64_t>();
    EXPECT_TRUE(sample["finish"].get<std::string>() == "length" ? tokens == 24 : tokens <= 24)
        << line;
  }
  EXPECT_GT(count, 0);
}

TEST_P(SlowRun, TwoRunsAreTheSame) {
  const test::TemporaryFolder folder;
  ASSERT_EQ(run_grpo(command(folder.path() / "run")).code, 0);
  expect_same_run(folder.path() / "run", whole());
}

TEST_P(SlowRun, KilledAtAnyMomentItGoesOnAsIfItHadNotBeen) {
  const fs::path expected = whole();
  Random random(GetParam() == "train" ? 1 : 2);
  for (const size_t lines : {0, 1, 3, 5}) {
    const test::TemporaryFolder folder;
    const fs::path run = folder.path() / "run";
    const Background program(command(run), folder.path() / "log");
    await_lines(lines == 0 ? run / "recipe.yaml" : run / "metrics.jsonl",
                std::max<size_t>(1, lines));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(60000)));
    program.signal(SIGKILL);
    program.wait();
    SCOPED_TRACE(fmt::format("killed with {} lines written", num_lines(run / "metrics.jsonl")));
    const auto resumed = run_grpo(command(run) + " --resume");
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    expect_same_run(run, expected);
  }
}

TEST_P(SlowRun, InterruptedItSavesACheckpointAndGoesOn) {
  const fs::path expected = whole();
  Random random(3);
  for (const size_t lines : {0, 1, 3}) {
    const test::TemporaryFolder folder;
    const fs::path run = folder.path() / "run";
    const Background program(command(run), folder.path() / "log");
    await_lines(lines == 0 ? run / "recipe.yaml" : run / "metrics.jsonl",
                std::max<size_t>(1, lines));
    std::this_thread::sleep_for(std::chrono::microseconds(random.below(30000)));
    program.signal(SIGINT);
    EXPECT_EQ(program.wait(), 130) << read_file(folder.path() / "log");
    SCOPED_TRACE(
        fmt::format("interrupted with {} lines written", num_lines(run / "metrics.jsonl")));
    EXPECT_FALSE(fs::is_empty(run / "checkpoints"));
    const auto resumed = run_grpo(command(run) + " --resume");
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    expect_same_run(run, expected);
  }
}

TEST_P(SlowRun, AnEvaluationThatWasInterruptedIsMadeOnResume) {
  const test::TemporaryFolder folder;
  // Evaluations that take far longer than steps.
  const std::string slow =
      " --set eval.every=1 --set eval.samples=16 --set eval.temperature=1"
      " --set eval.max_new_tokens=150";
  const fs::path expected = folder.path() / "whole";
  ASSERT_EQ(run_grpo(command(expected) + slow).code, 0);
  bool met = false;
  for (int i = 0; i < 8 && !met; ++i) {
    const fs::path run = folder.path() / fmt::format("run-{}", i);
    const Background program(command(run) + slow, folder.path() / "log");
    await_lines(run / "metrics.jsonl", 3);
    std::this_thread::sleep_for(milliseconds(100 + 20 * i));
    program.signal(SIGINT);
    ASSERT_EQ(program.wait(), 130) << read_file(folder.path() / "log");
    for (const auto& entry : fs::directory_iterator(run / "checkpoints")) {
      met |= read_file(entry.path() / "trainer_state.json").find("unfinished") != std::string::npos;
    }
    const auto resumed = run_grpo(command(run) + slow + " --resume");
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    expect_same_run(run, expected);
  }
  EXPECT_TRUE(met) << "no interrupt came during an evaluation";
}

TEST_P(SlowRun, EndsWithACheckpointWhenAnEvaluationMeetsItsTarget) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string easy = " --set eval.stop_at=0";  // met by the first one after a step
  const auto ended = run_grpo(command(run) + easy);
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(metrics(run).back()["step"], 3);
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-3/model.safetensors"));
  const std::string records = read_file(run / "metrics.jsonl");
  ASSERT_EQ(run_grpo(command(run) + easy + " --resume").code, 0);
  EXPECT_EQ(read_file(run / "metrics.jsonl"), records) << "a run that is over stays over";
  const auto never = run_grpo(command(folder.path() / "never") + easy + " --set eval.every=0");
  EXPECT_EQ(never.code, 2);
  EXPECT_THAT(never.err, HasSubstr("eval.stop_at: without eval.every"));
}

TEST_P(SlowRun, StoppedAfterAStepItGoesOn) {
  for (const int steps : {2, 3}) {  // an evaluation is due after the third
    SCOPED_TRACE(steps);
    const test::TemporaryFolder folder;
    const fs::path run = folder.path() / "run";
    ASSERT_EQ(run_grpo(command(run) + fmt::format(" --steps {}", steps)).code, 0);
    EXPECT_TRUE(fs::exists(run / fmt::format("checkpoints/step-{}", steps)));
    ASSERT_EQ(run_grpo(command(run) + " --resume").code, 0);
    expect_same_run(run, whole());
  }
}

TEST_P(SlowRun, ResumeRefusesAChangedRecipe) {
  const auto refused = run_grpo(command(whole()) + " --resume --set optimizer.beta1=0.8");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("optimizer.beta1"));
  const auto again = run_grpo(command(whole()));
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("holds a run already"));
}

INSTANTIATE_TEST_SUITE_P(Commands, SlowRun, ::testing::Values("train", "sft"),
                         [](const auto& kind) { return kind.param; });

TEST(Run, AnErrorThatEndsItSavesWhatStands) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  // Answers of random weights are never right, so no group says anything.
  const auto ended =
      run_grpo("train " + recipes().grpo().string() + " --quiet --output " + run.string() +
               " --set reward.overlong=0 --set select.refill_rounds=1 --set eval.every=0");
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("had equal rewards"));
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-0/model.safetensors")) << ended.err;
}

TEST(Run, LostRecordsAreToldOnResume) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const std::string command = "train " + recipes().grpo().string() + " --output " + run.string();
  ASSERT_EQ(run_grpo(command + " --steps 3").code, 0);
  std::string records = read_file(run / "metrics.jsonl");
  write_atomically(run / "metrics.jsonl", records.substr(0, records.find("{\"step\":2,")));
  const auto resumed = run_grpo(command + " --steps 4 --resume");
  EXPECT_EQ(resumed.code, 0);
  EXPECT_THAT(resumed.err,
              HasSubstr("metrics.jsonl: ends at step 1, the checkpoint stands after step 3"));
}

TEST(Run, RecordsWithoutARecipeAreAnotherRuns) {
  const test::TemporaryFolder folder;
  const auto records = folder.file("metrics.jsonl", "{\"step\":7}\n");
  const std::string command =
      "train " + recipes().grpo().string() + " --output " + folder.path().string();
  for (int attempt = 0; attempt < 2; ++attempt) {  // the first leaves no trace for the second
    const auto refused = run_grpo(command);
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("metrics.jsonl of another run"));
  }
  EXPECT_EQ(read_file(records), "{\"step\":7}\n");
}

TEST(Run, GroupsThatLeaveStayInTheStatisticsOfTheBatch) {
  const test::TemporaryFolder folder;
  std::vector<OrderedJson> first;
  for (const std::string drop : {"true", "false"}) {
    const fs::path run = folder.path() / drop;
    const auto finished = run_grpo(
        "train " + recipes().grpo().string() + " --quiet --steps 1 --output " + run.string() +
        " --set rollout.questions=8 --set rollout.group_size=2 --set reward.overlong_buffer=1"
        " --set advantage.scale=batch_std --set eval.every=0 --set select.drop_uniform=" +
        drop);
    ASSERT_EQ(finished.code, 0) << finished.err;
    first.push_back(metrics(run).front());
    const double uniform = first.back()["frac_reward_zero_std"];
    ASSERT_TRUE(uniform > 0 && uniform < 1) << uniform;
  }
  EXPECT_EQ(first[0]["advantages/min"], first[1]["advantages/min"]);
  EXPECT_EQ(first[0]["advantages/max"], first[1]["advantages/max"]);
}

TEST(Run, QuestionsAskedInPlaceOfOthersCountInTheStatisticsOfTheBatch) {
  const test::TemporaryFolder folder;
  for (const std::string rounds : {"0", "1"}) {
    const fs::path run = folder.path() / rounds;
    const auto finished = run_grpo(
        "train " + recipes().grpo().string() + " --quiet --steps 1 --output " + run.string() +
        " --set rollout.questions=8 --set rollout.group_size=2 --set reward.overlong_buffer=1"
        " --set advantage.scale=batch_std --set eval.every=0 --set select.refill_rounds=" +
        rounds);
    ASSERT_EQ(finished.code, 0) << finished.err;
    const Json first = metrics(run).front();
    EXPECT_EQ(first["rollout/refill_rounds"], std::stoi(rounds));
    // Rewards are 0 and -1; the deviation is that of all answers.
    const double deviation = first["reward/std"];
    EXPECT_NEAR(first["advantages/max"].get<double>(), 0.5 / (deviation + 1e-6), 1e-9);
    EXPECT_NEAR(first["advantages/min"].get<double>(), -0.5 / (deviation + 1e-6), 1e-9);
  }
}

TEST(SlowRun, APolicyThatDivergedIsNotSaved) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  const auto ended =
      run_grpo("train " + recipes().grpo().string() + " --quiet --output " + run.string() +
               " --set eval.every=0 --set optimizer.learning_rate=1e30"
               " --set schedule.warmup_steps=0 --set checkpoint.every=50");
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("start anew from an earlier checkpoint"));
  EXPECT_FALSE(fs::exists(run / "checkpoints") && !fs::is_empty(run / "checkpoints"));
}

TEST(SlowRun, AnErrorAfterStepsThatLeftThePolicyAloneLosesNoStepBefore) {
  const test::TemporaryFolder folder;
  const fs::path run = folder.path() / "run";
  // The entropy bonus overflows in every step: none is applied.
  const auto ended =
      run_grpo("train " + recipes().grpo().string() + " --quiet --output " + run.string() +
               " --set eval.every=0 --set loss.entropy_weight=1e308"
               " --set checkpoint.every=50 --set max_skipped_steps=3");
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("3 steps in a row had a loss or gradient that is not finite"));
  EXPECT_TRUE(fs::exists(run / "failed_batch.json"));
  EXPECT_TRUE(fs::exists(run / "checkpoints/step-2"));
}

TEST(Run, GroupsWithAGradientAreNotDropped) {
  const auto refused = run_grpo("train " + recipes().grpo().string() +
                                " --dry-run --set advantage.baseline=batch_mean");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("select.drop_uniform: with advantage.baseline batch_mean"));
}

TEST(SlowThreads, ALossOverManyTokensDoesNotDependOnTheirNumber) {
  // ATen cuts sums of 32768 numbers and more by threads; in two of these sizes that shows.
  for (const int questions : {720, 780}) {
    const test::TemporaryFolder folder;
    std::vector<std::string> records;
    for (const std::string threads : {"1", "2"}) {
      const fs::path run = folder.path() / threads;
      setenv("OMP_NUM_THREADS", threads.c_str(), 1);
      const auto finished = run_grpo(
          "train " + recipes().grpo().string() + " --quiet --steps 1 --output " + run.string() +
          fmt::format(" --set rollout.questions={} --set rollout.engine.max_running=128"
                      " --set eval.every=0 --set update.max_tokens=200000",
                      questions * 3 / 2));
      unsetenv("OMP_NUM_THREADS");
      ASSERT_EQ(finished.code, 0) << finished.err;
      const auto row = metrics(run).front();
      ASSERT_GT(row["train/tokens"].get<double>(), 32768);
      records.push_back(row.dump());
    }
    EXPECT_EQ(records[0], records[1]) << questions;
  }
}

/// Losses of the first three steps, recorded once (tests/golden/run/README.md): a change that is
/// not meant to alter numbers must not alter these.
TEST(GoldenRun, LossesAreTheRecordedOnesOnEveryInstructionSet) {
  const fs::path file = kSource / "tests/golden/run/losses.json";
  const Json recorded = parse_json(read_file(file), file.string());
  for (const std::string kind : {"train", "sft"}) {
    const fs::path recipe = kind == "train" ? recipes().grpo() : recipes().sft();
    std::vector<OrderedJson> first;
    for (const auto isa :
         {kernels::cpu::Isa::kAvx512, kernels::cpu::Isa::kAvx2, kernels::cpu::Isa::kGeneric}) {
      if (!kernels::cpu::available(isa)) continue;
      SCOPED_TRACE(kind + " " + kernels::cpu::name(isa));
      const test::TemporaryFolder folder;
      setenv("GRPO_CPU", kernels::cpu::name(isa), 1);
      const auto finished = run_grpo(kind + " " + recipe.string() + " --quiet --steps 3 --output " +
                                     (folder.path() / "run").string());
      unsetenv("GRPO_CPU");
      ASSERT_EQ(finished.code, 0) << finished.err;
      const auto rows = metrics(folder.path() / "run");
      ASSERT_EQ(rows.size(), 4u);
      for (size_t step = 1; step <= 3; ++step) {
        EXPECT_NEAR(rows[step]["train/loss"], recorded[kind][step - 1].get<double>(), 1e-5) << step;
      }
      if (first.empty()) first = rows;
      EXPECT_EQ(rows, first) << "the instruction sets give the same bits";
    }
  }
}

TEST(SlowTrain, SaysWhenThereIsNothingToLearnFrom) {
  const test::TemporaryFolder folder;
  const auto finished = run_grpo("train " + recipes().grpo().string() + " --quiet --output " +
                                 (folder.path() / "run").string() +
                                 " --set reward.overlong=0 --set select.refill_rounds=2"
                                 " --set eval.every=0");
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("step 1: all 9 groups of 3 rounds had equal rewards"));
  EXPECT_THAT(read_file(folder.path() / "run/log.txt"), HasSubstr("error step 1: all 9 groups"));
}

TEST(SlowTrain, SaysWhatToLowerWhenTheWeightsDiverge) {
  const test::TemporaryFolder folder;
  const std::string command = "train " + recipes().grpo().string() + " --quiet --output " +
                              (folder.path() / "run").string() +
                              " --set eval.every=0 --set schedule.warmup_steps=0";
  const auto diverged = run_grpo(command + " --set optimizer.learning_rate=1e30");
  EXPECT_EQ(diverged.code, 1);
  EXPECT_THAT(diverged.err, HasSubstr("lower optimizer.learning_rate"));
}

TEST(Recipe, TheOptimizerTakesNoInfinityAndNoDecayOfOne) {
  const std::string command = "train " + recipes().grpo().string() + " --dry-run --set optimizer.";
  for (const auto& [setting, range] :
       std::map<std::string, std::string>{{"learning_rate=.inf", "a number"},
                                          {"weight_decay=.inf", "a number"},
                                          {"clip_norm=.inf", "a number"},
                                          {"eps=.inf", "a number"},
                                          {"beta1=1", "from 0 to below 1"},
                                          {"beta2=1", "from 0 to below 1"}}) {
    const auto refused = run_grpo(command + setting);
    EXPECT_EQ(refused.code, 2) << setting;
    EXPECT_THAT(refused.err, HasSubstr("expected " + range + ", got"));
  }
}

TEST(Recipe, ATypoIsNamedWithFileAndLine) {
  const auto recipe = recipes().file("typo.yaml", "steps: 1\nrollout:\n  group_sise: 4\n");
  const auto refused = run_grpo("train " + recipe.string());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(
      refused.err,
      HasSubstr("typo.yaml:3:3: rollout.group_sise: unknown key; did you mean \"group_size\"?"));
}

TEST(Recipe, ADryRunPrintsTheResolvedRecipeAndWritesNothing) {
  const auto recipe = recipes().grpo();
  const auto output = recipes().path("dry");
  const auto printed =
      run_grpo("train " + recipe.string() + " --dry-run --seed 8 --output " + output.string());
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("seed: 8"));
  EXPECT_THAT(printed.out, HasSubstr("temperature: 1"));
  EXPECT_FALSE(fs::exists(output));
  // What is printed is a recipe.
  const auto resolved = recipes().file("resolved.yaml", printed.out);
  EXPECT_EQ(run_grpo("train " + resolved.string() + " --dry-run").out, printed.out);
}

TEST(Recipe, ADryRunMissesWhatIsNotThere) {
  const auto dry_run = [](const std::string& command, const std::string& change) {
    const auto recipe = recipes().grpo();
    return run_grpo(command + " " + recipe.string() + " --dry-run --set " + change);
  };
  const auto model = dry_run("train", "model.path=/no/such/model");
  EXPECT_EQ(model.code, 2);
  EXPECT_THAT(model.err, HasSubstr("model.path: /no/such/model: no such file or folder"));
  const auto data = dry_run("train", "'eval.data=[{path: /no/such.jsonl}]'");
  EXPECT_EQ(data.code, 2);
  EXPECT_THAT(data.err, HasSubstr("eval.data.0.path: /no/such.jsonl: no such file or folder"));
}

TEST(Recipe, EveryRecipeOfTheRepositoryIsReadable) {
  int64_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kSource / "recipes")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path().string());
    ++count;
    const std::string text = read_file(entry.path());
    const std::regex header("# command: grpo (train|sft|eval) (\\S+)");
    std::smatch match;
    ASSERT_TRUE(std::regex_search(text, match, header)) << "no line \"# command: grpo …\"";
    EXPECT_EQ(match[2].str(), fs::relative(entry.path(), kSource).string());
    // The models and data that it names are made or fetched by other commands.
    if (match[1] == "train") read_config<rl::TrainRecipe>(entry.path());
    if (match[1] == "sft") read_config<rl::SftRecipe>(entry.path());
    if (match[1] == "eval") read_config<rl::EvalRecipe>(entry.path());
  }
  EXPECT_GE(count, 2);
}

TEST(Recipe, MalformedDataIsNamedWithFileAndLine) {
  const auto data = recipes().file("bad.jsonl", R"({"id": "1", "prompt": "1+1", "answer": "2"}
{"id": "2", "prompt": "1+2", "answer": 
)");
  const auto recipe = recipes().file(
      "bad.yaml", "model: {path: " + recipes().path("model").string() +
                      ", random_init: true}\ndata: [{path: " + data.string() + "}]\n");
  const auto refused =
      run_grpo("train " + recipe.string() + " --output " + recipes().path("bad-run").string());
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("bad.jsonl:2"));
  EXPECT_FALSE(fs::exists(recipes().path("bad-run"))) << "a refused run must not claim its folder";
}

}  // namespace
}  // namespace grpo::testing
