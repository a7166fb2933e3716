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
#include "apps/jsonl_io.h"
#include "base/enum_names.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "reward/code/judge_rows.h"
#include "reward/verify_rows.h"

namespace grpo::apps {
namespace {

using RowJudge = std::function<OrderedJson(const Json& row, const std::string& where)>;

struct Flags {
  InputFlag input;
  int64_t workers = std::max(1u, std::thread::hardware_concurrency());
  std::string timeout_help = "seconds for one row";
  double timeout_s = 5, least_timeout_s = 0.001, most_timeout_s = 1e6;
  bool summary = false;
  std::string name;
  std::string gold_only;

  void add_to(CLI::App& command) {
    input.add_to(command);
    command.add_option("--workers", workers, "rows judged at the same time")
        ->check(CLI::Range(1, 1024));
    command.add_option("--timeout", timeout_s, timeout_help)
        ->check(CLI::Range(least_timeout_s, most_timeout_s));
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

/// Rows whose reference cannot be judged by mathematics, one line each.
void list_unreadable(const Flags& flags) {
  JsonLines lines(flags.gold_only);
  int64_t rows = 0, unreadable = 0;
  while (const auto row = lines.next()) {
    ++rows;
    if (const auto out = reward::unreadable_gold_row(*row, lines.where())) {
      ++unreadable;
      print_row(*out);
    }
  }
  if (flags.summary) fmt::print(stderr, "{} rows, {} unreadable\n", rows, unreadable);
}

CLI::App* add_judge(CLI::App& verify_app, Chosen& chosen, const std::string& name,
                    const std::string& help,
                    const std::function<RowJudge(const Flags&)>& make_judge,
                    const std::shared_ptr<Flags>& flags) {
  CLI::App* command = verify_app.add_subcommand(name, help);
  flags->add_to(*command);
  command->callback([&chosen, flags, make_judge] {
    chosen.work = [flags, make_judge] {
      if (!flags->gold_only.empty()) return list_unreadable(*flags);
      verify(*flags, make_judge(*flags));
    };
  });
  return command;
}

void add_code(CLI::App& verify_app, Chosen& chosen) {
  const auto flags = std::make_shared<Flags>();
  flags->timeout_s = reward::code::Limits().seconds;
  flags->timeout_help = "CPU seconds for one case, where the row does not say";
  flags->least_timeout_s = 0.01;
  flags->most_timeout_s = 3600;
  const auto sandbox = std::make_shared<SandboxFlags>();
  CLI::App* command = add_judge(
      verify_app, chosen, "code", "run programs on tests, in a sandbox",
      [sandbox](const Flags& f) -> RowJudge {
        reward::code::CodeJudgeOptions options;
        options.sandbox.level = sandbox->checked_level();
        options.sandbox.max_workers = static_cast<size_t>(f.workers);
        reward::code::Limits limits;
        limits.seconds = f.timeout_s;
        const auto judge = std::make_shared<reward::code::CodeJudge>(options);
        return [judge, limits](const Json& row, const std::string& where) {
          return reward::code::verify_code_row(*judge, row, limits, where);
        };
      },
      flags);
  sandbox->add_to(*command);
}

}  // namespace

void add_verify(CLI::App& app, Chosen& chosen) {
  CLI::App* command = app.add_subcommand("verify", "judge answers");
  command->require_subcommand(1);
  const auto flags = [] { return std::make_shared<Flags>(); };
  const auto math_flags = flags();
  CLI::App* math = add_judge(
      *command, chosen, "math", "whether answers say the same as references",
      [](const Flags& f) -> RowJudge {
        const auto timeout_ms = static_cast<int64_t>(f.timeout_s * 1e3);
        return [timeout_ms](const Json& row, const std::string& where) {
          return reward::verify_math_row(row, where, timeout_ms);
        };
      },
      math_flags);
  math->add_option("--gold-only", math_flags->gold_only,
                   "only list the rows of this file whose reference cannot be read");
  add_judge(
      *command, chosen, "extract", "the answer within a response",
      [](const Flags&) -> RowJudge { return reward::verify_extract_row; }, flags());
  add_judge(
      *command, chosen, "latex", "whether a formula can be read, and its value",
      [](const Flags&) -> RowJudge { return reward::verify_latex_row; }, flags());
  const auto reward_flags = flags();
  add_judge(
      *command, chosen, "reward", "rewards of other projects, by name",
      [](const Flags& f) -> RowJudge {
        return [name = f.name](const Json& row, const std::string& where) {
          return reward::verify_reward_row(row, name, where);
        };
      },
      reward_flags)
      ->add_option("--name", reward_flags->name, "the reward (reward/named_rewards.h)")
      ->required();
  add_code(*command, chosen);
}

}  // namespace grpo::apps
