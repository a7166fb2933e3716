#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "reward/code/descriptor.h"
#include "reward/code/interpreter.h"
#include "reward/code/jail.h"

namespace grpo::reward::code {

/// What the zygote says: its JSON, and who sent it. The kernel writes the sender's process id.
struct WorkerMessage {
  Json json;
  pid_t sender = -1;
};

/// One jail with a Python that forks (reward/code/python/zygote.py). Used by one run at a time.
/// A worker that misbehaves is thrown away whole.
class Worker {
 public:
  /// Starts jail and Python and waits until it is ready. Throws Error with the reason. The worker
  /// dies with the calling thread.
  Worker(Level level, const Interpreter& interpreter);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Becomes readable when `receive` has something to read.
  int control() const { return control_.get(); }

  /// Throws Error if the zygote is gone.
  void send(const OrderedJson& message, const std::vector<int>& descriptors = {});
  /// The next message, waiting at most so long; nothing after that time. Throws Error if the zygote
  /// is gone or its words make no sense.
  std::optional<WorkerMessage> receive(int timeout_ms);

  /// Whether it can take a run. A zygote without one has nothing to say: what can be read is its
  /// end.
  bool alive() const;
  pid_t pid() const { return process_.pid(); }
  Level level() const { return level_; }
  int64_t next_run() { return ++runs_; }
  int64_t num_runs() const { return runs_; }
  /// A run may not have ended: the worker must not be used again.
  void give_up() { broken_ = true; }
  bool broken() const { return broken_; }

 private:
  std::string last_words() const;

  Level level_;
  Descriptor control_;
  Descriptor errors_;    // a memory file: the zygote's standard error
  JailProcess process_;  // ends first: the jail with everything in it
  int64_t runs_ = 0;
  bool broken_ = false;
};

}  // namespace grpo::reward::code
