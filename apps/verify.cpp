#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "apps/commands.h"
#include "apps/flag_checks.h"
#include "apps/jsonl_io.h"
#include "base/enum_names.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "reward/code/judge_rows.h"
#include "reward/verify_rows.h"

namespace grpo::apps {
namespace {

using RowJudge = std::function<OrderedJson(const Json& row, const std::string& where)>;

/// What `--timeout` bounds, and how far it may be set.
struct Timeout {
  const char* help = "seconds for one row";
  double seconds = 5, least = 0.001, most = 1e6;
};

struct Flags {
  explicit Flags(const Timeout& one = {}) : timeout(one) {}

  InputFlag input;
  int64_t workers = std::max(1u, std::thread::hardware_concurrency());
  Timeout timeout;
  bool summary = false;

  void add_to(CLI::App& command) {
    input.add_to(command);
    command.add_option("--workers", workers, "rows judged at the same time")
        ->check(CLI::Range(1, 1024));
    command.add_option("--timeout", timeout.seconds, timeout.help)
        ->check(number_between(timeout.least, timeout.most));
    command.add_flag("--summary", summary, "print totals on standard error");
  }
};

/// What keeps the programs in.
struct SandboxFlags {
  std::string level = "full";
  bool unsafe = false;

  void add_to(CLI::App& command) {
    command.add_option("--sandbox", level, "full | landlock | none (docs/verifier.md)")
        ->check(CLI::IsMember(names_of<reward::code::Level>()));
    command.add_flag("--unsafe-run-untrusted-code", unsafe,
                     "run programs with nothing to keep them in, for --sandbox none");
  }

  /// Throws Error (exit code 2) where no sandbox is asked for in one way only.
  reward::code::Level checked_level() const {
    using reward::code::Level;
    check_input(level != "none" || unsafe,
                "--sandbox none lets programs do what you may do: it needs "
                "--unsafe-run-untrusted-code");
    check_input(level == "none" || !unsafe, "--unsafe-run-untrusted-code needs --sandbox none");
    if (level != "none") return *find_named<Level>(level);
    const bool colour = wants_colour(STDERR_FILENO);
    fmt::print(stderr, "{}warning: programs run without a sandbox{}\n", colour ? "\x1b[31m" : "",
               colour ? "\x1b[0m" : "");
    return Level::none;
  }
};

/// Counts of verdicts (where rows have one), and of all rows.
class Summary {
 public:
  void add(const OrderedJson& row) {
    ++rows_;
    if (const auto verdict = row.find("verdict"); verdict != row.end()) {
      ++verdicts_[verdict->get<std::string>()];
    }
  }
  void print() const {
    std::string text = fmt::format("{} rows", rows_);
    for (const auto& [verdict, count] : verdicts_) text += fmt::format(", {} {}", count, verdict);
    fmt::print(stderr, "{}\n", text);
  }

 private:
  int64_t rows_ = 0;
  std::map<std::string, int64_t> verdicts_;
};

/// Reads rows and has them judged, some ahead of the one that is being printed.
class Judging {
 public:
  Judging(const Flags& flags, RowJudge judge)
      : judge_(std::move(judge)),
        lines_(flags.input.path),
        most_(4 * static_cast<size_t>(flags.workers)),
        pool_(static_cast<size_t>(flags.workers)) {}

  /// Runs in a thread of its own: a caller at the other end of a pipe may wait for an answer
  /// before it sends the next row.
  void read_all() {
    try {
      while (auto row = lines_.next()) {
        row_id(JsonObject(*row, lines_.where()));
        push(pool_.submit(
            [this, row = std::move(*row), where = lines_.where()] { return judge_(row, where); }));
      }
    } catch (...) {
      std::promise<OrderedJson> failed;
      failed.set_exception(std::current_exception());
      push(failed.get_future());
    }
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  /// The next row's answer, in order; nothing at the end.
  std::optional<std::future<OrderedJson>> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return closed_ || !answers_.empty(); });
    if (answers_.empty()) return std::nullopt;
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    changed_.notify_all();
    return answer;
  }

 private:
  void push(std::future<OrderedJson> answer) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answers_.size() < most_; });
    answers_.push_back(std::move(answer));
    changed_.notify_all();
  }

  RowJudge judge_;
  JsonLines lines_;
  size_t most_;
  std::mutex mutex_;  // guards answers_ and closed_
  std::condition_variable changed_;
  std::deque<std::future<OrderedJson>> answers_;
  bool closed_ = false;
  ThreadPool pool_;  // last: its jobs use the members above
};

void verify(const Flags& flags, RowJudge judge) {
  const auto judging = std::make_shared<Judging>(flags, std::move(judge));
  std::thread reader([judging] { judging->read_all(); });
  Summary summary;
  try {
    while (auto answer = judging->next()) {
      const OrderedJson row = answer->get();
      print_row(row);
      summary.add(row);
    }
  } catch (...) {
    reader.detach();  // it may be waiting for input, and the program ends
    throw;
  }
  reader.join();
  if (flags.summary) summary.print();
}

/// Rows of `file` whose reference cannot be judged by mathematics, one line each.
void list_unreadable(const std::string& file, bool summary) {
  JsonLines lines(file);
  int64_t rows = 0, unreadable = 0;
  while (const auto row = lines.next()) {
    ++rows;
    if (const auto out = reward::unreadable_gold_row(*row, lines.where())) {
      ++unreadable;
      print_row(*out);
    }
  }
  if (summary) fmt::print(stderr, "{} rows, {} unreadable\n", rows, unreadable);
}

/// A subcommand with the common flags. `work` may hold further flags of its own.
CLI::App* add_command(CLI::App& verify_app, Chosen& chosen, const std::string& name,
                      const std::string& help, const std::shared_ptr<Flags>& flags,
                      std::function<void(const Flags&)> work) {
  CLI::App* command = verify_app.add_subcommand(name, help);
  flags->add_to(*command);
  command->callback(
      [&chosen, flags, work = std::move(work)] { chosen.work = [flags, work] { work(*flags); }; });
  return command;
}

void add_math(CLI::App& verify_app, Chosen& chosen) {
  const auto gold_only = std::make_shared<std::string>();
  add_command(verify_app, chosen, "math", "whether answers say the same as references",
              std::make_shared<Flags>(),
              [gold_only](const Flags& flags) {
                if (!gold_only->empty()) return list_unreadable(*gold_only, flags.summary);
                const auto timeout_ms = static_cast<int64_t>(flags.timeout.seconds * 1e3);
                verify(flags, [timeout_ms](const Json& row, const std::string& where) {
                  return reward::verify_math_row(row, where, timeout_ms);
                });
              })
      ->add_option("--gold-only", *gold_only,
                   "only list the rows of this file whose reference cannot be read");
}

void add_reward(CLI::App& verify_app, Chosen& chosen) {
  const auto name = std::make_shared<std::string>();
  add_command(verify_app, chosen, "reward", "rewards of other projects, by name",
              std::make_shared<Flags>(),
              [name](const Flags& flags) {
                verify(flags, [name](const Json& row, const std::string& where) {
                  return reward::verify_reward_row(row, *name, where);
                });
              })
      ->add_option("--name", *name, "the reward (reward/named_rewards.h)")
      ->required();
}

void add_code(CLI::App& verify_app, Chosen& chosen) {
  const auto sandbox = std::make_shared<SandboxFlags>();
  const Timeout timeout{"CPU seconds for one case, where the row does not say",
                        reward::code::Limits().seconds, 0.01, 3600};
  CLI::App* command =
      add_command(verify_app, chosen, "code", "run programs on tests, in a sandbox",
                  std::make_shared<Flags>(timeout), [sandbox](const Flags& flags) {
                    reward::code::CodeJudgeOptions options;
                    options.sandbox.level = sandbox->checked_level();
                    options.sandbox.max_workers = static_cast<size_t>(flags.workers);
                    reward::code::Limits limits;
                    limits.seconds = flags.timeout.seconds;
                    const auto judge = std::make_shared<reward::code::CodeJudge>(options);
                    verify(flags, [judge, limits](const Json& row, const std::string& where) {
                      return reward::code::verify_code_row(*judge, row, limits, where);
                    });
                  });
  sandbox->add_to(*command);
}

}  // namespace

void add_verify(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("verify", "judge answers");
  command->require_subcommand(1);
  add_math(*command, chosen);
  add_command(*command, chosen, "extract", "the answer within a response",
              std::make_shared<Flags>(),
              [](const Flags& flags) { verify(flags, reward::verify_extract_row); });
  add_command(*command, chosen, "latex", "whether a formula can be read, and its value",
              std::make_shared<Flags>(),
              [](const Flags& flags) { verify(flags, reward::verify_latex_row); });
  add_reward(*command, chosen);
  add_code(*command, chosen);
}

}  // namespace grpo::apps
