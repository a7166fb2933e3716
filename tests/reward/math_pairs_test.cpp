#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/json_lines.h"
#include "reward/math/math_verifier.h"
#include "reward/verify_rows.h"

namespace grpo::reward::math {
namespace {

TEST(GoldenMathPairs, AreJudgedAsByHandInBothDirections) {
  std::ifstream file(GRPO_SOURCE_DIR "/tests/golden/verifier/pairs.txt");
  ASSERT_TRUE(file.good());
  const std::string separator = " ||| ";
  int count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto first = line.find(separator), last = line.rfind(separator);
    ASSERT_LT(first, last) << line;
    const auto one = line.substr(0, first);
    const auto other = line.substr(first + separator.size(), last - first - separator.size());
    const bool same = line.substr(last + separator.size()) == "y";
    const auto there = compare(one, other), back = compare(other, one);
    EXPECT_EQ(there.equality == Equality::equal, same) << line << " by " << there.reason;
    EXPECT_EQ(back.equality == Equality::equal, same) << line << " turned, by " << back.reason;
    ++count;
  }
  EXPECT_GT(count, 900);
}

TEST(GoldenResponses, AreJudgedAsByHand) {
  JsonLines lines(GRPO_SOURCE_DIR "/tests/golden/verifier/responses.jsonl");
  int count = 0;
  while (auto row = lines.next()) {
    const OrderedJson judged = verify_math_row(*row, lines.where(), 5000);
    const bool right = (*row)["verdict"] == "correct";
    EXPECT_EQ(judged["verdict"] == "correct", right)
        << lines.where() << ": " << judged["extracted"] << " by " << judged["rule"];
    ++count;
  }
  EXPECT_GT(count, 110);
}

}  // namespace
}  // namespace grpo::reward::math
