#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

std::string document() {
  std::ifstream file(GRPO_SOURCE_DIR "/docs/verifier.md");
  EXPECT_TRUE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string python_block() {
  const std::string text = document(), open = "```python\n";
  const size_t begin = text.find(open);
  EXPECT_NE(begin, std::string::npos);
  return text.substr(begin + open.size(), text.find("```", begin + 3) - begin - open.size());
}

std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  std::array<char, 4096> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    text.append(buffer.data(), n);
  }
  return text + (pclose(pipe) == 0 ? "" : "(failed)");
}

TEST(VerifierDoc, EveryExampleOfTheTableHolds) {
  std::istringstream lines(document());
  const std::regex row(R"(^\| `(.*)` \| `(.*)` \| (yes|no) \|$)");
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    const std::string one = match[1], other = match[2];
    const bool equal = match[3] == "yes";
    EXPECT_EQ(compare(one, other).equality == Equality::equal, equal) << line;
    EXPECT_EQ(compare(other, one).equality == Equality::equal, equal) << line;
    ++count;
  }
  EXPECT_GE(count, 60);
}

TEST(VerifierDoc, ThePythonOfTheDocumentRuns) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitized library needs a sanitized python";
#endif
  const auto script =
      std::filesystem::temp_directory_path() / fmt::format("verifier_doc_{}.py", getpid());
  std::ofstream(script) << python_block();
  EXPECT_EQ(output_of("GRPO_REWARD_LIBRARY=" GRPO_REWARD_LIBRARY " python3 " + script.string()),
            "1.0 0.0\ncorrect\n");
  std::filesystem::remove(script);
}

TEST(VerifierDoc, TheProgramOfTheDocumentSaysWhatItShould) {
  EXPECT_EQ(output_of(GRPO_VERIFIER_EXAMPLE),
            "equal: 1, by identity\nright: 1, found x > 0 by boxed/set\n");
}

}  // namespace
}  // namespace grpo::reward::math
