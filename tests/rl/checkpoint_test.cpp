#include "rl/checkpoint.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <csignal>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace grpo::rl {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kModel = fs::path(GRPO_SOURCE_DIR) / "recipes/tiny/model";

/// A policy that has made `steps` updates by random gradients.
struct Trained {
  explicit Trained(uint64_t seed, int64_t steps)
      : policy(policy::Policy::random(kModel, seed, 0.05)),
        optimizer({.learning_rate = 1e-3}, policy->decoder()) {
    for (int64_t i = 0; i < steps; ++i) step(static_cast<uint64_t>(i));
  }

  void step(uint64_t seed) {
    Random random(seed);
    for (auto& p : policy->decoder().parameters()) {
      // By rows: the padding of the packed form has no gradient.
      if (!p.value.requires_grad()) continue;
      p.value.mutable_grad() = at::zeros_like(p.value);
      const int64_t rows = p.is_matrix() ? p.out() : 1;
      const int64_t width = p.is_matrix() ? p.in() : p.shape[0];
      std::vector<float> row(static_cast<size_t>(width));
      for (int64_t e = 0; e < p.experts(); ++e) {
        for (int64_t r = 0; r < rows; ++r) {
          for (float& x : row) x = static_cast<float>(random.normal());
          p.write_plain(e, p.is_matrix() ? r : 0, p.is_matrix() ? r + 1 : width, row.data(),
                        p.value.grad());
        }
      }
    }
    optimizer.step(1.0, optimizer.grad_norm());
  }

  std::unique_ptr<policy::Policy> policy;
  Optimizer optimizer;
};

TrainerState state_of(int64_t step) {
  return {.step = step,
          .next_sequence = 12345678901ULL,
          .skipped_in_a_row = 2,
          .reached_target = true,
          .stream = Json{{"epoch", 3}, {"at", {1, 2}}}};
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class CheckpointTest : public ::testing::Test {
 protected:
  void save(Trained& trained, int64_t step, int64_t keep = 10) {
    Checkpoints(run.path(), keep).save(*trained.policy, trained.optimizer, state_of(step));
  }
  std::string latest() const {
    const auto folder = Checkpoints(run.path(), 10).latest();
    return folder ? folder->filename().string() : "";
  }
  /// Cuts the files of a checkpoint whose names end so.
  void truncate(int64_t step, const std::string& ending, uintmax_t bytes) const {
    for (const auto& entry : fs::directory_iterator(checkpoints() / fmt::format("step-{}", step))) {
      if (entry.path().filename().string().ends_with(ending)) fs::resize_file(entry.path(), bytes);
    }
  }
  fs::path checkpoints() const { return run.path() / "checkpoints"; }

  test::TemporaryFolder run;
};

TEST_F(CheckpointTest, RestoresEveryBitAndTrainingGoesOnTheSame) {
  Trained trained(1, 3);
  save(trained, 3);
  const auto folder = Checkpoints(run.path(), 1).latest();
  ASSERT_TRUE(folder);
  Trained restored(2, 0);
  restored.policy = policy::Policy::load(*folder);
  Optimizer optimizer({.learning_rate = 1e-3}, restored.policy->decoder());
  const TrainerState state = Checkpoints::restore(*folder, *restored.policy, optimizer);
  EXPECT_EQ(state.step, 3);
  EXPECT_EQ(state.next_sequence, 12345678901ULL);
  EXPECT_EQ(state.skipped_in_a_row, 2);
  EXPECT_TRUE(state.reached_target);
  EXPECT_EQ(state.stream, state_of(3).stream);
  EXPECT_EQ(optimizer.num_steps(), 3);
  const auto& a = trained.policy->decoder().parameters();
  const auto& b = restored.policy->decoder().parameters();
  ASSERT_EQ(a.size(), b.size());
  int64_t moments = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(at::equal(a[i].value.detach(), b[i].value.detach())) << a[i].name;
    ASSERT_EQ(trained.optimizer.first_moments()[i].defined(),
              optimizer.first_moments()[i].defined());
    if (!optimizer.first_moments()[i].defined()) continue;
    EXPECT_TRUE(at::equal(trained.optimizer.first_moments()[i], optimizer.first_moments()[i]));
    EXPECT_TRUE(at::equal(trained.optimizer.second_moments()[i], optimizer.second_moments()[i]));
    moments += optimizer.first_moments()[i].abs().max().item<float>() > 0 ? 1 : 0;
  }
  EXPECT_GT(moments, 20);
}

TEST_F(CheckpointTest, KeepsTheRecordOfAnUnfinishedStep) {
  Trained trained(1, 0);
  TrainerState state = state_of(4);
  state.unfinished = monitor::Record{4, {}};
  state.unfinished->set("train/loss", 0.1);
  state.unfinished->set("b", -std::numeric_limits<double>::infinity());
  state.unfinished->set("a", std::numeric_limits<double>::quiet_NaN());
  Checkpoints checkpoints(run.path(), 1);
  checkpoints.save(*trained.policy, trained.optimizer, state);
  const auto restored =
      Checkpoints::restore(*checkpoints.latest(), *trained.policy, trained.optimizer).unfinished;
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->step, 4);
  ASSERT_EQ(restored->metrics.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const auto& [name, value] = state.unfinished->metrics[i];
    EXPECT_EQ(restored->metrics[i].first, name);
    EXPECT_EQ(std::bit_cast<uint64_t>(restored->metrics[i].second), std::bit_cast<uint64_t>(value));
  }
}

TEST_F(CheckpointTest, KeepsTheNewest) {
  Trained trained(1, 1);
  for (const int64_t step : {1, 2, 9, 10}) save(trained, step, 2);
  EXPECT_THAT(names_in(checkpoints()), ElementsAre("step-10", "step-9"));
}

// vLLM and SGLang read every *.safetensors of a folder without an index as weights.
TEST_F(CheckpointTest, OnlyWeightsEndInSafetensors) {
  Trained trained(1, 1);
  save(trained, 1);
  std::vector<std::string> weights;
  for (const auto& entry : fs::directory_iterator(checkpoints() / "step-1")) {
    if (entry.path().extension() == ".safetensors") weights.push_back(entry.path().filename());
  }
  EXPECT_THAT(weights, ElementsAre("model.safetensors"));
}

TEST_F(CheckpointTest, PassesOverBrokenOnes) {
  Trained trained(1, 1);
  EXPECT_EQ(latest(), "");
  for (const int64_t step : {1, 2, 3, 4, 5}) save(trained, step);
  EXPECT_EQ(latest(), "step-5");
  truncate(5, "model.safetensors", 100000);
  EXPECT_EQ(latest(), "step-4");
  truncate(4, "optimizer.moments", 100000);
  EXPECT_EQ(latest(), "step-3");
  truncate(3, "trainer_state.json", 10);
  EXPECT_EQ(latest(), "step-2");
  fs::remove(checkpoints() / "step-2" / "config.json");
  EXPECT_EQ(latest(), "step-1");
}

TEST_F(CheckpointTest, ReplacesABrokenOneWhenItsStepIsMadeAgain) {
  Trained trained(1, 1);
  save(trained, 1);
  save(trained, 2);
  truncate(2, "optimizer.moments", 100000);
  EXPECT_EQ(latest(), "step-1");
  save(trained, 2);
  EXPECT_EQ(latest(), "step-2");
}

TEST_F(CheckpointTest, ABrokenOneDoesNotPushOutAWholeOne) {
  Trained trained(1, 1);
  save(trained, 1, 1);
  save(trained, 5, 2);
  truncate(5, "optimizer.moments", 100000);
  save(trained, 2, 1);  // gone on from step 1
  EXPECT_THAT(names_in(checkpoints()), ElementsAre("step-2"));
}

TEST_F(CheckpointTest, RemovesWhatAKilledProcessLeftHalfWritten) {
  Trained trained(1, 1);
  fs::create_directories(checkpoints() / ".step-3.4711-0.tmp");
  save(trained, 1);
  EXPECT_THAT(names_in(checkpoints()), ElementsAre("step-1"));
}

TEST_F(CheckpointTest, AFullDiskLeavesTheOneBeforeAndIsReported) {
  Trained trained(1, 1);
  save(trained, 1, 1);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 200000;  // less than the weights have
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string message = test::error_of([&] { save(trained, 2, 1); }, 1);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_THAT(message, HasSubstr("model.safetensors"));
  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_THAT(names_in(checkpoints()), ElementsAre("step-1"));
  EXPECT_EQ(latest(), "step-1");
}

}  // namespace
}  // namespace grpo::rl
