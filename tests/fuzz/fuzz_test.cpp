// Every file of tests/fuzz/corpus through its target: seeds, and what a search once broke a reader
// with (tests/fuzz/run).

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "base/file.h"
#include "tests/fuzz/largest_allocation.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  void (*run)(std::string_view bytes);
};

constexpr Target kTargets[] = {{"chat_template", chat_template},
                               {"code_frame", code_frame},
                               {"config", config},
                               {"extract", extract},
                               {"gguf", gguf},
                               {"latex", latex},
                               {"math_pair", math_pair},
                               {"safetensors", safetensors},
                               {"tokenizer_json", tokenizer_json},
                               {"verify_rows", verify_rows}};

class FuzzCorpus : public testing::TestWithParam<Target> {};

TEST_P(FuzzCorpus, EveryFileIsReadOrRefusedWithinBounds) {
  size_t files = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(GRPO_SOURCE_DIR) / "tests/fuzz/corpus" / GetParam().name)) {
    SCOPED_TRACE(entry.path().string());
    const std::string bytes = read_file(entry.path());
    take_largest_allocation();
    EXPECT_NO_THROW(GetParam().run(bytes));
    EXPECT_LE(take_largest_allocation(), 2 * bytes.size() + (size_t{64} << 20));
    ++files;
  }
  EXPECT_GT(files, 0u);
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(kTargets),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(FuzzTargets, AllAreReplayed) {
  std::set<std::string> replayed, sources, corpora;
  for (const Target& target : kTargets) replayed.insert(target.name);
  for (const auto& entry : fs::directory_iterator(GRPO_SOURCE_DIR "/tests/fuzz")) {
    const std::string name = entry.path().filename().string();
    const size_t ending = name.find("_fuzz.cpp");
    if (ending != std::string::npos) sources.insert(name.substr(0, ending));
  }
  for (const auto& entry : fs::directory_iterator(GRPO_SOURCE_DIR "/tests/fuzz/corpus")) {
    corpora.insert(entry.path().filename().string());
  }
  EXPECT_EQ(replayed, sources);
  EXPECT_EQ(replayed, corpora);
}

}  // namespace
}  // namespace grpo::fuzz
