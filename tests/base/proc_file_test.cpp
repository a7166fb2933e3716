#include "base/proc_file.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace grpo {
namespace {

TEST(ProcFile, TheFirstLineOfAKeyCountsAndAMissingOneIsUnknown) {
  const test::TemporaryFolder folder;
  const std::string file = folder.file("cpuinfo",
                                       "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"
                                       "model name\t: other\nflags:\n");
  EXPECT_EQ(proc_value(file.c_str(), "model name"), "Some CPU @ 2 GHz");
  EXPECT_EQ(proc_value(file.c_str(), "flags"), "");
  EXPECT_EQ(proc_value(file.c_str(), "bogomips"), "unknown");
  EXPECT_EQ(proc_value("/nowhere/cpuinfo", "flags"), "unknown");
}

}  // namespace
}  // namespace grpo
