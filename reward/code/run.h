#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reward/code/frame.h"
#include "reward/code/tests.h"
#include "reward/code/worker.h"

namespace grpo::reward::code {

/// One fork of a run: what it plays and which descriptors it gets (reward/code/python/guest.py).
struct Role {
  std::string name;                  // script, answer, examine, plan, compile, execute
  OrderedJson task;                  // its task, without anything that is expected of a candidate
  std::optional<std::string> input;  // standard input; nothing: empty
  bool keep_output = false;          // standard output is read; else dropped
  std::vector<int> channels;         // its descriptors 4, 5
  std::string filter = "thread";
};

/// How a fork ended.
struct RoleEnd {
  bool started = false;  // false: the sandbox failed before the program's first instruction
  int exit_status = -1;  // -1: by a signal
  int signal = 0;
  double cpu_seconds = 0;
};

/// Forks a worker's Python once per role, and keeps time: CPU time by the forks' own clocks, wall
/// time as a backstop. The run has ended, for certain, when the destructor returns, or the worker
/// has been declared broken. Throws Error where the sandbox (never the program) fails.
class Run {
 public:
  enum class Event {
    frame,         // `frame()` holds a message of the channel
    ended,         // every fork has ended
    cpu,           // a fork has used up its CPU time since `restart_clock`
    wall,          // five times that has passed
    output_limit,  // standard output is longer than the limit
    bad_frame,     // the channel's other end writes what is no frame
  };

  /// `channel`: the supervisor's end of a stream socket, or nothing.
  /// `num_cases`: how often the clock may start again.
  Run(Worker& worker, const Limits& limits, const std::vector<Role>& roles, Descriptor channel = {},
      size_t num_cases = 1);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Waits for what comes next. After cpu, wall, output_limit, bad_frame only `kill` makes sense.
  Event wait();
  /// Queues a frame for the channel's other end.
  void send(const OrderedJson& message);
  const Json& frame() const { return frame_; }

  /// The next case begins: both clocks start again, as seen from now.
  void restart_clock();
  double cpu_seconds() const;  // of all forks, since restart_clock
  /// Ends all forks and waits for it.
  void kill();

  const RoleEnd& end(size_t role) const { return forks_[role].end; }
  const std::string& output() const { return output_.text; }
  const std::string& errors() const { return errors_.text; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Fork {
    pid_t pid = -1;  // in this process's numbers
    bool ended = false;
    double cpu_at_start = 0;  // of the case
    RoleEnd end;
  };
  struct Stream {  // what a fork writes: the first or the last `limit` bytes
    Descriptor descriptor;
    std::string text;
    size_t limit = 0;
    bool keep_last = false;
    bool over = false;
  };

  void start(const std::vector<Role>& roles, size_t num_cases);
  void on_control();
  static void read_stream(Stream& stream);
  void read_channel();
  void write_channel();
  std::optional<Event> check_clocks();
  static double cpu_now(const Fork& fork);
  int timeout_ms() const;

  Worker& worker_;
  Limits limits_;
  int64_t id_;
  std::vector<Fork> forks_;
  size_t alive_ = 0;
  bool idle_ = false;
  Clock::time_point started_;
  Stream output_;
  Stream errors_;
  Descriptor channel_;
  FrameReader reader_;
  std::string outgoing_;
  Json frame_;
};

}  // namespace grpo::reward::code
