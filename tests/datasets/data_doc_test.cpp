// docs/data.md shows rows of every layout: they are read as it says.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>

#include "base/enum_names.h"
#include "base/file.h"
#include "datasets/demonstrations.h"
#include "datasets/formats.h"
#include "tests/support/temporary_folder.h"

namespace grpo::datasets {
namespace {

/// Rows by the word that follows ```jsonl.
std::map<std::string, std::string> documented_rows() {
  std::map<std::string, std::string> blocks;
  std::istringstream text(read_file(GRPO_SOURCE_DIR "/docs/data.md"));
  std::string name;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("```")) {
      name = line.starts_with("```jsonl ") ? line.substr(9) : "";
    } else if (!name.empty()) {
      blocks[name] += line + "\n";
    }
  }
  return blocks;
}

TEST(DataDocument, RowsOfEveryLayoutAreRead) {
  auto blocks = documented_rows();
  const test::TemporaryFolder folder;
  std::map<std::string, std::vector<Problem>> read;
  for (const auto& [format, name] : enum_names(Format{})) {
    ASSERT_TRUE(blocks.contains(name)) << name;
    const std::string rows = blocks[name];
    read[name] = read_problems(folder.file("rows.jsonl", rows).string(), format);
    EXPECT_EQ(static_cast<int64_t>(read[name].size()), std::ranges::count(rows, '\n')) << name;
    blocks.erase(name);
  }
  EXPECT_EQ(read["gsm8k"][0].answer, "7");
  EXPECT_EQ(read["gsm8k"][1].answer, "1200");
  EXPECT_EQ(read["math"][1].answer, "\\frac12");
  EXPECT_EQ(read["prompt"][0].answer, "42");
  EXPECT_EQ(read["prompt"][1].kind, Kind::text);

  const auto demonstrations =
      read_demonstrations(folder.file("rows.jsonl", blocks["demonstrations"]).string());
  ASSERT_EQ(demonstrations.size(), 3u);
  EXPECT_EQ(demonstrations[1].response, "42");
  EXPECT_EQ(demonstrations[2].response, "<think>6*7=42</think><answer>42</answer>");
  blocks.erase("demonstrations");
  EXPECT_TRUE(blocks.empty()) << blocks.begin()->first << ": no such layout";
}

}  // namespace
}  // namespace grpo::datasets
