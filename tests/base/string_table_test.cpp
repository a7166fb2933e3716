#include "base/string_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace grpo {
namespace {

/// Strings that share long beginnings, as names of tensors do; the empty one among them.
std::vector<std::string> names(size_t count) {
  std::mt19937 random(5);
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) {
    std::string name = random() % 3 == 0 ? "" : "model.layers.";
    for (size_t length = random() % 12; length > 0; --length) {
      name += static_cast<char>('0' + random() % 10);
    }
    out.push_back(name);
  }
  return out;
}

TEST(StringTable, KeepsTheFirstIdOfEachKeyAsAnOrdinaryMapDoes) {
  StringTable table;
  std::unordered_map<std::string, int32_t> map;
  EXPECT_EQ(table.find("model.layers.1"), StringTable::kNone);
  int32_t id = 0;
  for (const std::string& name : names(20000)) {
    ASSERT_EQ(table.insert(name, id), map.emplace(name, id).second) << name;
    ++id;
  }
  EXPECT_EQ(table.size(), map.size());
  for (const auto& [name, first] : map) EXPECT_EQ(table.find(name), first) << name;
  EXPECT_EQ(table.find("model.layers.x"), StringTable::kNone);
}

TEST(NameIndex, GivesThePositionThatIsThereAlready) {
  const auto list = names(20000);
  const auto name_of = [&](size_t i) { return std::string_view(list[i]); };
  std::unordered_map<std::string, size_t> map;
  NameIndex reserved, grown;
  reserved.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const auto [entry, added] = map.emplace(list[i], i);
    ASSERT_EQ(grown.insert(i, name_of), std::pair(entry->second, added));
    ASSERT_EQ(reserved.insert(i, name_of), std::pair(entry->second, added));
  }
  for (const std::string& name : list) EXPECT_EQ(grown.find(name, name_of), map[name]);
  EXPECT_EQ(grown.find("model", name_of), std::nullopt);
  EXPECT_EQ(NameIndex().find("", name_of), std::nullopt);
}

}  // namespace
}  // namespace grpo
