#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/json.h"
#include "monitor/record.h"
#include "policy/policy.h"
#include "rl/optimizer.h"

namespace grpo::rl {

/// What a run needs, beside policy and optimiser, to go on as if it had never stopped. Everything
/// random follows from the recipe's seed and these counters.
struct TrainerState {
  int64_t step = 0;            ///< updates done
  uint64_t next_sequence = 0;  ///< Philox sequence of the next answer
  int64_t skipped_in_a_row = 0;
  bool reached_target = false;  ///< an evaluation met eval.stop_at: the run is over
  Json stream;                  ///< cursor of the data stream
  std::string eval_data;        ///< fingerprint of the questions of eval.data
  std::string reference;        ///< that of the weights of the frozen policy; "" without one
  /// Record of the step just made, when its evaluation was interrupted: evaluated and written on
  /// resume.
  std::optional<monitor::Record> unfinished;
};

/// Sixteen hexadecimal digits that tell whether weights are the same: FNV-1a of 64 bits over each
/// parameter's name and values.
std::string weights_fingerprint(const policy::Decoder& decoder);

/// Checkpoints of a run: <run>/checkpoints/step-<N>, each a Hugging Face folder with float32
/// weights, and beside them optimizer.moments (a safetensors file) and trainer_state.json. A
/// checkpoint appears whole or not at all: written aside, synced, renamed. So a kill or a full disk
/// leaves the one before.
class Checkpoints {
 public:
  Checkpoints(const std::filesystem::path& run_folder, int64_t keep);

  /// Then removes all but the newest `keep`, and what a killed process has left half-written. A
  /// whole checkpoint of the same step stays. Throws Error naming the file; nothing else has
  /// changed.
  void save(const policy::Policy& policy, Optimizer& optimizer, const TrainerState& state);

  /// Folder of the newest readable checkpoint. One whose files are broken is passed over with a
  /// warning.
  std::optional<std::filesystem::path> latest() const;

  /// Moments and state from `folder`; the policy is loaded from the same folder by Policy::load.
  static TrainerState restore(const std::filesystem::path& folder, policy::Policy& policy,
                              Optimizer& optimizer);

  /// Whether there is one at all, readable or not.
  bool any() const;

  std::filesystem::path folder_of(int64_t step) const;

 private:
  void remove_others(int64_t saved) const;

  std::filesystem::path folder_;  // <run>/checkpoints
  int64_t keep_;
};

}  // namespace grpo::rl
