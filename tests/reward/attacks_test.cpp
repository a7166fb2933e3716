#include <grp.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "reward/code/judge.h"
#include "tests/reward/try_judge.h"
#include "tests/support/leftovers.h"

// Judges the programs of tests/reward/attacks (its README says what a file holds).

namespace grpo::reward::code {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(GRPO_SOURCE_DIR) / "tests/reward/attacks";
constexpr const char* kTwinLine = "# ---- honest twin ----\n";

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  check(file.good(), "{}: cannot be read", path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

struct Attack {
  std::string name;
  std::string program;
  std::string twin;
  std::map<std::string, std::string> settings;

  std::string setting(const std::string& key, const std::string& fallback) const {
    const auto found = settings.find(key);
    return found == settings.end() ? fallback : found->second;
  }
};

Attack read_attack(const fs::path& path) {
  const std::string text = text_of(path);
  const size_t line = text.find(kTwinLine);
  check(line != std::string::npos, "{}: no honest twin", path.string());
  Attack attack{path.stem().string(),
                text.substr(0, line),
                text.substr(line + std::string(kTwinLine).size()),
                {}};
  std::istringstream lines(text);
  std::string comment;
  std::getline(lines, comment);  // what the attack does
  while (std::getline(lines, comment) && comment.starts_with("# ")) {
    const size_t colon = comment.find(": ");
    if (colon == std::string::npos) continue;
    attack.settings[comment.substr(2, colon - 2)] = comment.substr(colon + 2);
  }
  for (const auto& [key, value] : attack.settings) {
    const auto known =
        words_of("task kinds verdicts statuses limits runs");  // a slip would weaken a test
    check(std::find(known.begin(), known.end(), key) != known.end(), "{}: {}?", path.string(), key);
  }
  return attack;
}

std::string describe(const CodeVerdict& verdict) {
  std::string text = name_of(verdict.outcome);
  for (const auto& one : verdict.cases)
    text += fmt::format("; {} {}", name_of(one.status), one.message);
  return text;
}

bool is_among(const std::string& word, const std::string& words) {
  const auto all = words_of(words);
  return std::find(all.begin(), all.end(), word) != all.end();
}

void judge_attack(CodeJudge& judge, const Attack& attack, const Json& tasks) {
  const Json& task = tasks.at(attack.setting("task", "add"));
  Limits limits;
  limits.seconds = 2;
  limits = limits_from_json(parse_json(attack.setting("limits", "{}"), attack.name), limits, "");
  const auto kinds = attack.setting("kinds", "stdin assert function proxied");
  for (const auto& kind : words_of(kinds)) {
    if (!task.contains(kind)) continue;
    const auto tests = tests_from_json(task.at(kind), attack.name);
    const std::string main =
        kind == "stdin" ? "\n\n" + task.at("main").get<std::string>() + "\n" : "";
    const int runs = std::stoi(attack.setting("runs", "1"));
    for (int run = 0; run < runs; ++run) {
      const auto verdict = judge.judge(tests, attack.program + main, limits);
      const auto what = attack.name + ", " + kind + ": " + describe(verdict);
      EXPECT_EQ(verdict.num_passed(), 0u) << what;
      EXPECT_TRUE(is_among(name_of(verdict.outcome), attack.setting("verdicts", "wrong"))) << what;
      for (const auto& one : verdict.cases) {
        EXPECT_TRUE(is_among(name_of(one.status),
                             attack.setting("statuses", "wrong_output exception") + " not_run"))
            << what;
      }
    }
    const auto twin = judge.judge(tests, attack.twin + main, limits);
    EXPECT_EQ(twin.outcome, CodeOutcome::correct)
        << "twin of " << attack.name << ", " << kind << ": " << describe(twin);
  }
}

struct Place {
  std::string folder;
  bool ordinary_user;
};

/// Judges the folder's attacks.
void judge_folder(const Place& place) {
  const auto before = test::leftovers();
  {
    CodeJudgeOptions options;
    options.sandbox.level = Level::full;
    options.sandbox.max_workers = 2;
    options.cache_entries = 0;
    std::string cause;
    const auto judge = try_judge(options, cause);
    if (!judge) GTEST_SKIP() << cause;
    const char* wanted = std::getenv("GRPO_ATTACKS");
    std::vector<Attack> attacks;
    for (const auto& entry : fs::directory_iterator(kFolder / place.folder)) {
      if (entry.path().extension() != ".py") continue;
      Attack attack = read_attack(entry.path());
      if (wanted != nullptr && attack.name.find(wanted) == std::string::npos) continue;
      attacks.push_back(std::move(attack));
    }
    EXPECT_FALSE(attacks.empty() && wanted == nullptr);
    const Json tasks = parse_json(text_of(kFolder / "tasks.json"), "tasks.json");
    std::atomic<size_t> next = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (size_t i; (i = next++) < attacks.size();) judge_attack(*judge, attacks[i], tasks);
      });
    }
    for (auto& thread : threads) thread.join();
    const auto idle = test::leftovers();
    EXPECT_EQ(idle.processes, test::children().size())  // the workers alone
        << "below the workers: " << test::describe(idle);
  }
  const auto after = test::leftovers();
  EXPECT_EQ(after, before) << test::describe(after);
}

constexpr int kSkipped = 99;

/// The same in a process of a user that owns nothing; its exit status.
int judge_folder_as_user(const Place& place) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    constexpr unsigned kUser = 54321;
    const bool user = setgroups(0, nullptr) == 0 && setresgid(kUser, kUser, kUser) == 0 &&
                      setresuid(kUser, kUser, kUser) == 0 &&
                      // As a process that the user started: its own folder in /proc is the user's.
                      prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
    if (user) judge_folder(place);
    std::fflush(nullptr);
    _exit(!user || ::testing::Test::HasFailure() ? 1 : ::testing::Test::IsSkipped() ? kSkipped : 0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class SlowAttacks : public ::testing::TestWithParam<Place> {};

TEST_P(SlowAttacks, AreNeverPaidAndLeaveNothing) {
  if (!GetParam().ordinary_user) return judge_folder(GetParam());
  if (geteuid() != 0) GTEST_SKIP() << "started by an ordinary user: the other test is this one";
  const int status = judge_folder_as_user(GetParam());
  if (status == kSkipped) GTEST_SKIP() << "no sandbox of this level for an ordinary user";
  EXPECT_EQ(status, 0);
}

std::vector<Place> places() {
  std::vector<Place> all;
  for (const char* folder : {"forgery", "reading", "exhaustion", "processes", "leftovers", "escape",
                             "network", "supervisor", "state"}) {
    for (const bool ordinary_user : {false, true}) all.push_back({folder, ordinary_user});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, SlowAttacks, ::testing::ValuesIn(places()), [](const auto& place) {
  return place.param.folder + (place.param.ordinary_user ? "_user" : "_starter");
});

}  // namespace
}  // namespace grpo::reward::code
