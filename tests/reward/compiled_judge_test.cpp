#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "reward/code/judge.h"
#include "reward/code/judge_rows.h"
#include "tests/support/leftovers.h"

// Programs in C++: compiled in one jail, run in another.

namespace grpo::reward::code {
namespace {

using ::testing::HasSubstr;

/// Nothing where the machine gives no namespaces, or has no compiler.
CodeJudge* compiling_judge() {
  static const std::unique_ptr<CodeJudge> judge = []() -> std::unique_ptr<CodeJudge> {
    try {
      CodeJudgeOptions options;
      options.sandbox.max_workers = 2;
      auto made = std::make_unique<CodeJudge>(options);
      made->need(Language::cpp);
      return made;
    } catch (const Error& error) {
      if (error.exit_code() != 69) throw;
      fmt::print(stderr, "{}\n", error.what());
      return nullptr;
    }
  }();
  return judge.get();
}

class CompiledJudge : public ::testing::Test {
 protected:
  void SetUp() override {
    if (compiling_judge() == nullptr) GTEST_SKIP() << "no sandbox of level full, or no g++";
  }

  /// On two cases that expect the double.
  static CodeVerdict judge(const std::string& program) {
    CodeTests tests;
    tests.inputs = {"3\n", "-4\n"};
    tests.outputs = {"6\n", "-8\n"};
    Limits limits;
    limits.seconds = 1;
    limits.memory_mib = 256;
    return compiling_judge()->judge(tests, program, limits, Language::cpp);
  }
  /// The body of a main that has read x.
  static CodeVerdict judge_main(const std::string& body) {
    return judge(
        "#include <cstdio>\n#include <cstdlib>\n#include <vector>\n#include <fcntl.h>\n"
        "#include <unistd.h>\n#include <sys/socket.h>\n#include <sys/wait.h>\n"
        "int main() { int x; scanf(\"%d\", &x);\n" +
        body + "\nprintf(\"%d\\n\", 2 * x); }\n");
  }
  static CaseStatus first_status(const std::string& body) {
    return judge_main(body).cases.at(0).status;
  }
};

TEST_F(CompiledJudge, RightAndWrongPrograms) {
  const auto right = judge(
      "#include <bits/stdc++.h>\nusing namespace std;\n"
      "int main() { int x; cin >> x; cout << 2 * x << endl; }\n");
  EXPECT_EQ(right.outcome, CodeOutcome::correct) << right.cases[0].message;
  const auto half = judge_main("x = abs(x);");
  EXPECT_EQ(half.outcome, CodeOutcome::wrong);
  EXPECT_EQ(half.score(), 0.5);
  EXPECT_EQ(judge_main("std::vector<int> v(1000, 1); x += v[7] - 1;").outcome,
            CodeOutcome::correct);
}

TEST_F(CompiledJudge, WhatDoesNotCompileSaysWhy) {
  const auto broken = judge("int main() {\n  retrun 1;\n}\n");
  EXPECT_EQ(broken.outcome, CodeOutcome::wrong);
  EXPECT_EQ(broken.cases[1].status, CaseStatus::exception);
  EXPECT_THAT(broken.cases[0].message, HasSubstr("does not compile: 2:3: error: "));
  EXPECT_THAT(judge("").cases[0].message, HasSubstr("undefined reference to `main'"));
  // Nothing of the machine is there to be included.
  EXPECT_THAT(judge("#include \"/etc/passwd\"\nint main() {}").cases[0].message,
              HasSubstr("No such file"));
  const auto endless = judge(
      "template <int n> struct A { A<n + 1> a; A<n + 2> b; };\n"
      "#include __FILE__\n");
  EXPECT_EQ(endless.cases[0].status, CaseStatus::exception);
}

TEST_F(CompiledJudge, EachWayToEndHasItsStatus) {
  EXPECT_EQ(first_status("for (volatile int i = 0;;) ++i;"), CaseStatus::timeout);
  EXPECT_EQ(first_status("*(volatile int*)8 = 1;"), CaseStatus::killed);
  EXPECT_EQ(first_status("abort();"), CaseStatus::killed);
  EXPECT_EQ(first_status("std::vector<char> v(1 << 30, 1); x = v[x];"), CaseStatus::memory);
  EXPECT_EQ(first_status("exit(3);"), CaseStatus::exception);
  EXPECT_EQ(first_status("exit(0);"), CaseStatus::wrong_output);
  EXPECT_EQ(first_status("for (;;) puts(\"11111111\");"), CaseStatus::output_limit);
}

TEST_F(CompiledJudge, AProgramIsKeptIn) {
  const auto before = test::leftovers();
  for (const std::string attempt :
       {"fork() >= 0", "socket(AF_INET, SOCK_STREAM, 0) >= 0", "open(\"/etc/passwd\", 0) >= 0",
        "open(\"/proc/self/maps\", 0) >= 0", "open(\"/usr/bin/as\", 0) >= 0",
        "execl(\"/tmp/x\", \"x\", nullptr) == 0", "write(3, \"x\", 1) >= 0",
        "open(\"/tmp/seen\", O_CREAT | O_EXCL | O_WRONLY, 0600) < 0"}) {
    EXPECT_EQ(judge_main("if (" + attempt + ") x = 1000;").outcome, CodeOutcome::correct)
        << attempt;
  }
  const auto after = test::leftovers();
  EXPECT_EQ(after.processes, before.processes) << test::describe(after);
}

TEST_F(CompiledJudge, RowsSayTheLanguage) {
  const auto row = [](const std::string& rest) {
    return verify_code_row(*compiling_judge(), parse_json("{\"id\": 1, " + rest + "}", "test"), {},
                           "row");
  };
  const std::string tests = R"("tests": {"kind": "stdin", "inputs": [""], "outputs": ["1"]})";
  const auto right = row(R"("language": "cpp", "response": "```cpp\n#include <cstdio>\n)"
                         R"(int main() { puts(\"1\"); }\n```", )" +
                         tests);
  EXPECT_EQ(right["verdict"], "correct");
  EXPECT_THAT(row(R"("language": "perl", "code": "", )" + tests)["error"].get<std::string>(),
              HasSubstr("unknown \"perl\"; known: python, cpp"));
  EXPECT_THAT(
      row(R"-("language": "cpp", "code": "", "tests": {"kind": "assert", "list": ["f(1)"]})-")
          ["error"]
              .get<std::string>(),
      HasSubstr("tests of kind stdin only"));
}

TEST(CompilerIsMissing, IsRefusedWithItsCause) {
  const auto refusal = [](const SandboxOptions& sandbox) -> std::string {
    try {
      CodeJudgeOptions options;
      options.sandbox = sandbox;
      CodeJudge judge(options);
      const auto row = verify_code_row(
          judge,
          parse_json(R"({"id": 1, "language": "cpp", "code": "", "tests": {"kind": "stdin",
                                "inputs": [""], "outputs": [""]}})",
                     "test"),
          {}, "row");
      EXPECT_TRUE(row.contains("error"));
      judge.need(Language::cpp);
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_code(), 69);
      return error.what();
    }
    return "accepted";
  };
  if (compiling_judge() == nullptr) GTEST_SKIP() << "no sandbox of level full, or no g++";
  SandboxOptions options;
  options.compiler = "/nowhere/g++";
  EXPECT_THAT(refusal(options), HasSubstr("/nowhere/g++ is missing (Debian: apt-get install g++)"));
  options.level = Level::landlock;
  options.compiler = "";
  EXPECT_THAT(refusal(options), HasSubstr("level"));
}

}  // namespace
}  // namespace grpo::reward::code
