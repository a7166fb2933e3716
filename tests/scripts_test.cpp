#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

struct Finished {
  int code;
  std::string output;  // standard output and error
};

/// Runs a shell command in the root of the repository.
Finished run(const std::string& command) {
  const test::TemporaryFolder folder;
  const auto output = folder.file("output", "");
  const int status = std::system(
      ("cd " GRPO_SOURCE_DIR " && " + command + " > " + output.string() + " 2>&1 < /dev/null")
          .c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(output)};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Scripts, SetupTellsItsUseWithoutSettingUp) {
  const auto help = run("scripts/setup --help");
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(has(help.output, "scripts/setup --check")) << help.output;
  EXPECT_FALSE(has(help.output, "setup: complete")) << help.output;
  const auto unknown = run("scripts/setup --chekc");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_TRUE(has(unknown.output, "unknown argument --chekc")) << unknown.output;
}

TEST(Scripts, RunTestsNamesAFolderThatIsNoBuild) {
  const auto wrong = run("scripts/run_tests /no/such/build");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_TRUE(has(wrong.output, "run_tests: /no/such/build is not a build folder")) << wrong.output;
  EXPECT_FALSE(has(wrong.output, "Traceback")) << wrong.output;
  EXPECT_NE(run("scripts/run_tests").code, 0);
}

TEST(Scripts, PlainMakeSaysWhatThereIs) {
  const auto plain = run("make --no-print-directory");
  EXPECT_EQ(plain.code, 0);
  for (const char* target : {"demo", "test", "build", "smollm2", "setup", "format", "clean"}) {
    EXPECT_TRUE(has(plain.output, std::string("make ") + target + " ")) << plain.output;
  }
}

}  // namespace
}  // namespace grpo
