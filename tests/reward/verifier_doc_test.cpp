#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <string>

#include "reward/math/math_verifier.h"

namespace grpo::reward::math {
namespace {

TEST(VerifierDoc, EveryExampleOfTheTableHolds) {
  std::ifstream file(GRPO_SOURCE_DIR "/docs/verifier.md");
  ASSERT_TRUE(file.good());
  const std::regex row(R"(^\| `(.*)` \| `(.*)` \| (yes|no) \|$)");
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    const std::string one = match[1], other = match[2];
    const bool equal = match[3] == "yes";
    EXPECT_EQ(compare(one, other).equality == Equality::equal, equal) << line;
    EXPECT_EQ(compare(other, one).equality == Equality::equal, equal) << line;
    ++count;
  }
  EXPECT_GE(count, 35);
}

}  // namespace
}  // namespace grpo::reward::math
