#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "reward/code/judge.h"
#include "reward/code/judge_rows.h"

namespace grpo::reward::code {
namespace {

using ::testing::HasSubstr;

/// The judge of all tests; nothing, and the test skipped, where the machine gives no namespaces.
CodeJudge* full_judge() {
  static const std::unique_ptr<CodeJudge> judge = []() -> std::unique_ptr<CodeJudge> {
    try {
      CodeJudgeOptions options;
      options.sandbox.max_workers = 2;
      return std::make_unique<CodeJudge>(options);
    } catch (const Error& error) {
      if (error.exit_code() != 69) throw;
      fmt::print(stderr, "{}\n", error.what());
      return nullptr;
    }
  }();
  return judge.get();
}

Limits short_limits() {
  Limits limits;
  limits.seconds = 0.5;
  limits.memory_mib = 256;
  return limits;
}

CodeTests doubling() {
  CodeTests tests;
  tests.inputs = {"3\n", "-4\n"};
  tests.outputs = {"6\n", "-8"};
  return tests;
}

CodeTests asserting(std::vector<std::string> asserts) {
  CodeTests tests;
  tests.style = CodeTests::Style::assertion;
  tests.asserts = std::move(asserts);
  return tests;
}

CodeTests checking(std::string entry_point, std::string test, std::string prompt = "") {
  CodeTests tests;
  tests.style = CodeTests::Style::function;
  tests.entry_point = std::move(entry_point);
  tests.function = std::move(test);
  tests.prompt = std::move(prompt);
  return tests;
}

class CodeJudgeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (full_judge() == nullptr) GTEST_SKIP() << "no sandbox of level full on this machine";
  }

  static CodeVerdict judge(const CodeTests& tests, const std::string& program) {
    return full_judge()->judge(tests, program, short_limits());
  }
  static std::vector<CaseStatus> statuses(const CodeVerdict& verdict) {
    std::vector<CaseStatus> all;
    for (const auto& one : verdict.cases) all.push_back(one.status);
    return all;
  }
  /// Judged on one case of standard input that expects "1".
  static CaseResult run_once(const std::string& program) {
    CodeTests tests;
    tests.inputs = {""};
    tests.outputs = {"1"};
    return judge(tests, program).cases.at(0);
  }
};

constexpr auto kPassed = CaseStatus::passed;
constexpr auto kWrong = CaseStatus::wrong_output;

TEST_F(CodeJudgeTest, ProgramsReadStandardInputAndAreComparedOutside) {
  const auto right = judge(doubling(), "print(2 * int(input()))");
  EXPECT_EQ(right.outcome, CodeOutcome::correct);
  EXPECT_EQ(right.score(), 1);
  const auto half = judge(doubling(), "print(abs(2 * int(input())))");
  EXPECT_EQ(half.outcome, CodeOutcome::wrong);
  EXPECT_EQ(statuses(half), (std::vector{kPassed, kWrong}));
  EXPECT_EQ(half.score(), 0.5);
  EXPECT_EQ(judge(doubling(), "print(2 * int(input())); print()").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(doubling(), "print(); print(2 * int(input()))").outcome, CodeOutcome::wrong);
  EXPECT_EQ(judge(doubling(), "").score(), 0);
}

TEST_F(CodeJudgeTest, AssertionsAreCallsComparedByType) {
  const auto tests = asserting({"assert f(2) == 4", "assert f(0) is True", "assert f([1]) == (1,)",
                                "assert f('x') == {'a': [1.5, None]}"});
  const auto right = judge(tests,
                           "def f(x):\n"
                           "  return {2: 4, 0: True}[x] if type(x) is int else\\\n"
                           "    [1] if x == [1] else {'a': [1.5, None]}\n");
  EXPECT_EQ(right.outcome, CodeOutcome::correct) << right.cases[0].message;
  const auto wrong = judge(tests, "def f(x):\n  return {2: 4.0, 0: 1}[x] if x != [1] else (2,)\n");
  EXPECT_EQ(statuses(wrong), (std::vector{kWrong, kWrong, kWrong, CaseStatus::exception}));
}

TEST_F(CodeJudgeTest, NumbersAreComparedAsPythonDoesWhereTheTestsSaySo) {
  const std::string program =
      "answers = [True, 1, 1.0, 1 + 0j, 2.0 ** 53, -2.0 ** 100, 1e308, 0.5, 2 ** 70, (1, 2.0)]\n"
      "def f(i): return answers[i]\n"
      "def g(): return {1.0: {1}, 'a': [0]}\n";
  const std::vector<std::string> equal{"assert f(0) == 1",
                                       "assert f(1) == 1.0",
                                       "assert f(2) == True",
                                       "assert f(3) == 1",
                                       "assert f(4) == 9007199254740992",
                                       "assert f(5) == -1267650600228229401496703205376",
                                       "assert f(6) == " + fmt::format("{:.0f}", 1e308),
                                       "assert f(8) == 1180591620717411303424.0",
                                       "assert f(9) == (1.0, 2)",
                                       "assert g() == {True: {1.0}, 'a': [False]}"};
  const std::vector<std::string> different{
      "assert f(0) is 1",    "assert f(1) is True",  "assert f(4) == 9007199254740993",
      "assert f(7) == 0",    "assert f(7) == 1",     "assert f(3) == 1 + 1j",
      "assert f(2) == '1'",  "assert f(9) == [1]",   "assert f(2) is True",
      "assert f(0) == None", "assert g() == {1: 1}",
  };
  auto tests = asserting(equal);
  for (const auto& one : judge(tests, program).cases) EXPECT_EQ(one.status, kWrong);
  tests.strict_types = false;
  const auto loose = judge(tests, program);
  for (size_t i = 0; i < equal.size(); ++i) {
    EXPECT_EQ(loose.cases[i].status, kPassed) << equal[i] << ": " << loose.cases[i].message;
  }
  tests.asserts = different;
  const auto none = judge(tests, program);
  for (size_t i = 0; i < different.size(); ++i) {
    EXPECT_NE(none.cases[i].status, kPassed) << different[i];
  }
}

TEST_F(CodeJudgeTest, AProgramsFunctionMayHaveTheNameOfABuiltIn) {
  const auto tests = asserting({"assert sum(10, 15) == 6"});
  EXPECT_EQ(judge(tests, "def sum(a, b): return 6").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(tests, "def f(a, b): return 6").outcome, CodeOutcome::wrong);
}

TEST_F(CodeJudgeTest, TestsThatAreMoreThanCallsRunBesideTheProgram) {
  const auto tests = asserting({"assert sorted(f(3)) == [0, 1, 2]", "assert abs(f(1)[0]) < 1e-9"});
  EXPECT_EQ(judge(tests, "def f(n): return list(range(n))").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(tests, "def f(n): return [n]").score(), 0);
  const auto check = checking("f",
                              "def check(candidate):\n"
                              "  x = [2, 1]\n"
                              "  candidate(x)\n"
                              "  assert x == [1, 2]\n"
                              "  for i in range(3): assert len(candidate([0] * i)) == i\n");
  EXPECT_EQ(judge(check, "def f(x):\n  x.sort()\n  return x\n").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(check, "def f(x): return sorted(x)").outcome, CodeOutcome::wrong);
}

TEST_F(CodeJudgeTest, TestsMayReuseTheProgramsNamesWithinTheirOwnFunctions) {
  const auto tests =
      asserting({"def twice(x):\n  f = x * 2\n  return f\n"
                 "for i in range(3): assert f(i) == twice(i)\n"});
  EXPECT_EQ(judge(tests, "def f(x): return 2 * x").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(tests, "def f(x): return x").outcome, CodeOutcome::wrong);
}

TEST_F(CodeJudgeTest, TestsKeepTheirBuiltInFunctions) {
  const auto tests = asserting({"assert abs(f(3) - 0.5) < 1e-9"});
  EXPECT_EQ(judge(tests, "def f(x): return 7\ndef abs(x): return 0").score(), 0);
  EXPECT_EQ(judge(tests, "def f(x): return 0.5\ndef abs(x): return 9").outcome,
            CodeOutcome::correct);
}

TEST_F(CodeJudgeTest, LargeAnswersReachTheTestsAndDeepOnesDoToo) {
  const auto large = asserting({"assert sum(f(300_000)) == sum(range(300_000))"});
  EXPECT_EQ(judge(large, "def f(n): return list(range(n))").outcome, CodeOutcome::correct);
  const auto deep =
      asserting({"d = {}\nfor i in range(40): d = {'a': d}\nassert f(d) == {'b': d}\n"});
  EXPECT_EQ(judge(deep, "def f(d): return {'b': d}").outcome, CodeOutcome::correct);
}

TEST_F(CodeJudgeTest, ACompletionGoesOnFromItsPromptAndAWholeProgramStandsAlone) {
  const auto tests = checking("inc", "def check(candidate):\n  assert candidate(1) == 2\n",
                              "def inc(x):\n  \"\"\"One more.\"\"\"\n");
  EXPECT_EQ(judge(tests, "  return x + 1\n").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(tests, "def inc(x):\n  return x + 1\n").outcome, CodeOutcome::correct);
  EXPECT_EQ(judge(tests, "  return x\n").outcome, CodeOutcome::wrong);
}

TEST_F(CodeJudgeTest, EachWayToEndHasItsStatus) {
  EXPECT_EQ(run_once("print(2)").status, CaseStatus::wrong_output);
  const auto raised = run_once("print(1); 1 / 0");
  EXPECT_EQ(raised.status, CaseStatus::exception);
  EXPECT_THAT(raised.message, HasSubstr("ZeroDivisionError"));
  EXPECT_EQ(run_once("def (").status, CaseStatus::exception);
  EXPECT_EQ(run_once("print(1); exit(3)").status, CaseStatus::exception);
  EXPECT_EQ(run_once("while True: pass").status, CaseStatus::timeout);
  EXPECT_EQ(run_once("x = bytearray(1 << 30); print(1)").status, CaseStatus::memory);
  EXPECT_EQ(run_once("while True: print('1' * 1000)").status, CaseStatus::output_limit);
  EXPECT_EQ(run_once("print(1, flush=True); import ctypes; ctypes.string_at(0)").status,
            CaseStatus::killed);
}

TEST_F(CodeJudgeTest, OutputMayBeAsLongAsWhatIsExpected) {
  CodeTests tests;
  tests.inputs = {""};
  tests.outputs = {std::string(3 << 20, '1')};
  EXPECT_EQ(judge(tests, "print('1' * (3 << 20))").cases[0].status, kPassed);
  EXPECT_EQ(judge(tests, "print('1' * (3 << 20) + '2')").cases[0].status, kWrong);
  EXPECT_EQ(judge(tests, "print('1' * (7 << 20))").cases[0].status, CaseStatus::output_limit);
}

TEST_F(CodeJudgeTest, SleepingIsStoppedByTheWall) {
  auto limits = short_limits();
  limits.seconds = 0.2;
  CodeTests tests;
  tests.inputs = {""};
  tests.outputs = {"1"};
  const auto verdict = full_judge()->judge(tests, "import time\ntime.sleep(60)\nprint(1)", limits);
  EXPECT_EQ(verdict.outcome, CodeOutcome::timeout);
}

TEST_F(CodeJudgeTest, ACallThatFailsLeavesTheOthersTheirChance) {
  const auto tests = asserting({"assert f(0) == 0", "assert f(1) == 1", "assert f(2) == 2",
                                "assert f(3) == 3", "assert f(4) == 4"});
  const auto verdict = judge(tests,
                             "import ctypes\n"
                             "def f(n):\n"
                             "  if n == 1:\n"
                             "    while True: pass\n"
                             "  if n == 2: ctypes.string_at(0)\n"
                             "  if n == 3: bytearray(1 << 30)\n"
                             "  return n\n");
  EXPECT_EQ(statuses(verdict), (std::vector{kPassed, CaseStatus::timeout, CaseStatus::killed,
                                            CaseStatus::memory, kPassed}));
  EXPECT_EQ(verdict.outcome, CodeOutcome::timeout);
}

TEST_F(CodeJudgeTest, ObjectsStayWithTheProgramAndTestsUseThem) {
  const std::string program =
      "import re\n"
      "class Pair:\n"
      "  def __init__(self, a, b): self.a, self.b = a, b\n"
      "  def sum(self): return self.a + self.b\n"
      "def total(pairs): return sum(p.sum() for p in pairs)\n"
      "def same(p): return p\n"
      "def find(x): return re.search('x', x)\n";
  const auto tests = asserting(
      {"assert total([Pair(1, 2), Pair(3, 4)]) == 10",
       "p = Pair(1, 2)\np.a = 5\nq = same(p)\nassert q is p and q.a == 5 and q.sum() == 7",
       "assert same(Pair(1, 1)) is not Pair(1, 1)", "r = Pair(Pair(1, 2), 0)\nassert r.a.b == 2",
       "assert find('x') is not None and find('y') is None", "assert find('x') and not find('y')"});
  const auto right = judge(tests, program);
  for (const auto& one : right.cases) EXPECT_EQ(one.status, kPassed) << one.message;
  const auto wrong =
      judge(tests, program + "def total(p): return 9\ndef same(p): return Pair(5, 2)");
  EXPECT_EQ(wrong.cases[0].status, kWrong);
  EXPECT_EQ(wrong.cases[1].status, kWrong);
}

TEST_F(CodeJudgeTest, AnObjectsOwnOperatorsDecideNothing) {
  const std::string liar =
      "class Liar(object):\n"
      "  def __getattr__(self, name): return lambda *a: True\n" +
      [] {
        std::string all;
        for (const char* name : {"eq", "ne", "lt", "contains", "add", "len", "abs", "hash"}) {
          all += fmt::format("  def __{}__(self, *a): return 3\n", name);
        }
        return all;
      }() +
      "def f(): return Liar()\n";
  for (const char* test :
       {"assert f() == 3", "assert [f()] == [3]", "assert f() in [3]", "assert f() + 0 == 3",
        "assert len(f()) == 3", "assert abs(f()) == 3", "assert 3 == f()", "assert not f() != 3",
        "assert isinstance(f(), int)", "assert {f(): 1} == {3: 1}", "assert f() < 4",
        "assert str(f()) == '3'", "assert f().__class__ is int", "assert f().startswith('a')",
        "assert f().isdigit()", "assert all(x for x in f())"}) {
    EXPECT_EQ(judge(asserting({test}), liar).num_passed(), 0u) << test;
  }
}

TEST_F(CodeJudgeTest, WhatCannotCrossIsUnsupportedAndHasNoScore) {
  const auto verdict = judge(asserting({"assert f(lambda x: x) == 1"}), "def f(g): return 1");
  EXPECT_EQ(verdict.outcome, CodeOutcome::unsupported);
  EXPECT_FALSE(verdict.score().has_value());
}

TEST_F(CodeJudgeTest, LeavingEarlyIsNoPass) {
  for (const char* leave : {"import os; os._exit(0)", "raise SystemExit(0)", "exit()"}) {
    const std::string program = leave;
    EXPECT_EQ(run_once(program).status, CaseStatus::wrong_output) << leave;
    EXPECT_EQ(judge(asserting({"assert f() == 1"}), program).score(), 0) << leave;
    const std::string call = "def f():\n  " + program + "\n";
    EXPECT_EQ(judge(asserting({"assert f() == 1"}), call).score(), 0) << leave;
    EXPECT_EQ(judge(asserting({"assert f() + 1 == 2"}), call).score(), 0) << leave;
    EXPECT_EQ(
        judge(checking("f", "def check(c):\n  for i in [1]: assert c() == i\n"), call).score(), 0)
        << leave;
  }
}

TEST_F(CodeJudgeTest, WritingIntoEveryDescriptorIsNoPass) {
  const std::string flood =
      "import os\n"
      "frame = b'{\"case\":0,\"status\":\"passed\",\"message\":\"\"}'\n"
      "for fd in range(256):\n"
      "  for data in (b'{\"idle\":1}', len(frame).to_bytes(4, 'big') + frame, "
      "b'\\0\\0\\0\\4true'):\n"
      "    try: os.write(fd, data)\n"
      "    except OSError: pass\n"
      "def f(): return 2\n";
  EXPECT_NE(run_once(flood).status, kPassed);
  EXPECT_EQ(judge(asserting({"assert f() == 1"}), flood).score(), 0);
  EXPECT_EQ(judge(asserting({"assert f() + 0 == 1"}), flood).score(), 0);
}

TEST_F(CodeJudgeTest, ProcessesAreForbiddenUnlessTheLimitsAllowThem) {
  const std::string program =
      "import os, sys\n"
      "if os.fork() == 0: os._exit(0)\n"
      "os.wait()\n"
      "print(1)\n";
  const auto refused = run_once(program);
  EXPECT_EQ(refused.status, CaseStatus::exception);
  EXPECT_THAT(refused.message, HasSubstr("PermissionError"));
  auto limits = short_limits();
  limits.processes = 3;
  CodeTests tests;
  tests.inputs = {""};
  tests.outputs = {"1"};
  EXPECT_EQ(full_judge()->judge(tests, program, limits).outcome, CodeOutcome::correct);
}

TEST_F(CodeJudgeTest, TheMachineIsOutOfSight) {
  EXPECT_EQ(run_once("import os\n"
                     "seen = [p for p in ('/proc/self', '/etc/passwd', '/root', '/home', '/sys')\n"
                     "        if os.path.exists(p)]\n"
                     "print(1 if not seen and os.listdir('/tmp') == [] else seen)\n")
                .status,
            kPassed);
  EXPECT_EQ(run_once("import socket\n"
                     "try: socket.socket()\n"
                     "except PermissionError: print(1)\n")
                .status,
            kPassed);
}

TEST_F(CodeJudgeTest, NothingIsLeftForTheNextProgram) {
  const std::string program =
      "import builtins, os\n"
      "first = not os.path.exists('/tmp/seen') and not hasattr(builtins, 'seen')\n"
      "builtins.seen = open('/tmp/seen', 'w').close()\n"
      "print(1 if first else 2)\n";
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run_once(program + "#" + std::to_string(i)).status, kPassed);
  }
}

TEST_F(CodeJudgeTest, ManyThreadsJudgeAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> correct = 0;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([t, &correct] {
      for (int i = 0; i < 4; ++i) {
        const auto program = fmt::format("# {} {}\nprint(2 * int(input()))", t, i);
        correct += judge(doubling(), program).outcome == CodeOutcome::correct;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(correct, 24);
}

TEST_F(CodeJudgeTest, RowsTakeTheLastFencedBlockAndReportBadTestsByRow) {
  const auto row = [](const char* text) {
    return verify_code_row(*full_judge(), parse_json(text, "test"), short_limits(), "row");
  };
  const auto right = row(R"json({"id": 1, "response": "So\n```python\nprint(1)\n```\n",
                             "tests": {"kind": "stdin", "inputs": [""], "outputs": ["1"]}})json");
  EXPECT_EQ(right["verdict"], "correct");
  EXPECT_EQ(right["score"], 1);
  EXPECT_EQ(right["sandbox"], "full");
  const auto none = row(R"json({"id": 2, "response": "print(1)",
                            "tests": {
    "kind" : "stdin", "inputs" : [""], "outputs" : ["1"]}
})json");
  EXPECT_EQ(none["verdict"], "wrong");
  const auto bad =
      row(R"json({"id": 3, "code": "", "tests": {"kind": "stdin", "inputs": []}})json");
  EXPECT_THAT(bad["error"].get<std::string>(), HasSubstr("outputs"));
  const auto limits = row(R"json({"id": 4, "code": "", "limits": {"cpu": 1},
                              "tests": {"kind": "stdin", "inputs": [""], "outputs": ["1"]}})json");
  EXPECT_THAT(limits["error"].get<std::string>(), HasSubstr("cpu"));
}

TEST(CodeJudgeOptions, AnInterpreterThatIsNotThereEndsWith69) {
  CodeJudgeOptions options;
  options.sandbox.python = "/nowhere/python3";
  try {
    const CodeJudge judge(options);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 69);
  }
}

}  // namespace
}  // namespace grpo::reward::code
