// Holds the tree to the table of docs/architecture.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace grpo {
namespace {

namespace fs = std::filesystem;

using Sentences = std::vector<std::string>;

enum class Torch { no, tensor_header, yes };

struct Folder {
  bool may_include_all = false;
  std::set<std::string> may_include;  // folders, or single files
  Torch torch = Torch::no;
};
using Table = std::map<std::string, Folder>;

std::string trim(const std::string& text) {
  const auto first = text.find_first_not_of(" `");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" `") - first + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(trim(part));
  return parts;
}

Table parse_table(const std::string& markdown) {
  Table table;
  std::istringstream lines(markdown);
  std::string line;
  while (std::getline(lines, line) && !line.starts_with("| folder | may include |")) {
  }
  std::getline(lines, line);  // | --- | --- |
  while (std::getline(lines, line) && line.starts_with('|')) {
    const auto cells = split(line.substr(1), '|');
    check(cells.size() == 4, "architecture.md: four cells expected in {}", line);
    Folder folder;
    folder.may_include_all = cells[1] == "all";
    if (!folder.may_include_all && cells[1] != "–") {
      const auto names = split(cells[1], ',');
      folder.may_include = {names.begin(), names.end()};
    }
    folder.torch = cells[3] == "yes"  ? Torch::yes
                   : cells[3] == "no" ? Torch::no
                                      : Torch::tensor_header;
    table[cells[0]] = folder;
  }
  return table;
}

struct Include {
  std::string path;
  bool quoted = false;
};

/// The #include lines of a source, comments' included: a commented-out edge is none worth keeping.
std::vector<Include> includes_of(const std::string& source) {
  std::vector<Include> includes;
  std::istringstream lines(source);
  for (std::string line; std::getline(lines, line);) {
    const auto hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const auto word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 7, "include") != 0) continue;
    const auto open = line.find_first_of("\"<", word);
    if (open == std::string::npos) continue;
    const auto close = line.find(line[open] == '"' ? '"' : '>', open + 1);
    if (close == std::string::npos) continue;
    includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return includes;
}

bool is_torch(const Include& include) {
  return include.path.starts_with("ATen/") || include.path.starts_with("torch/") ||
         include.path.starts_with("c10/");
}

/// The longest folder of the table that holds the file, "" when none does.
std::string folder_of(const Table& table, const std::string& file) {
  std::string best;
  for (const auto& [name, folder] : table) {
    if (file.starts_with(name + "/") && name.size() > best.size()) best = name;
  }
  return best;
}

/// Every source of the tree by its path from the root, with its includes.
using Tree = std::map<std::string, std::vector<Include>>;

Tree read_tree(const fs::path& root) {
  static const std::set<std::string> kSources{".h", ".cpp", ".cu", ".cuh", ".inc"};
  Tree tree;
  for (const auto& top : fs::directory_iterator(root)) {
    const auto name = top.path().filename().string();
    if (!top.is_directory() || name.starts_with(".") || name.starts_with("build")) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top.path())) {
      if (!entry.is_regular_file() || !kSources.contains(entry.path().extension())) continue;
      tree[fs::relative(entry.path(), root).generic_string()] =
          includes_of(read_file(entry.path()));
    }
  }
  return tree;
}

/// What breaks the table's edges, one sentence each.
Sentences broken_edges(const Table& table, const Tree& tree) {
  Sentences broken;
  for (const auto& [file, includes] : tree) {
    const std::string from = folder_of(table, file);
    if (from.empty()) {
      broken.push_back(file + ": its folder is not in the table");
      continue;
    }
    const Folder& folder = table.at(from);
    for (const auto& include : includes) {
      if (!include.quoted) continue;
      const std::string to = folder_of(table, include.path);
      const bool allowed = to == from || folder.may_include_all ||
                           folder.may_include.contains(to) ||
                           folder.may_include.contains(include.path);
      if (!tree.contains(include.path)) {
        broken.push_back(fmt::format("{}: \"{}\": no such file from the root", file, include.path));
      } else if (!allowed) {
        broken.push_back(
            fmt::format("{}: \"{}\": {} may not include {}", file, include.path, from, to));
      }
    }
  }
  return broken;
}

/// Files that reach a Torch header though their folder has none, with the way there.
Sentences torch_leaks(const Table& table, const Tree& tree) {
  std::map<std::string, std::string> ways;  // file -> its way to Torch, "" for none
  const std::function<std::string(const std::string&)> way_to_torch = [&](const std::string& file) {
    if (const auto known = ways.find(file); known != ways.end()) return known->second;
    ways[file] = "";  // an include cycle ends here
    const auto found = tree.find(file);
    if (found == tree.end()) return std::string();
    for (const auto& include : found->second) {
      const std::string rest = include.quoted ? way_to_torch(include.path) : "";
      if (is_torch(include) || !rest.empty()) {
        return ways[file] = file + " -> " + (rest.empty() ? include.path : rest);
      }
    }
    return std::string();
  };
  Sentences leaks;
  for (const auto& [file, includes] : tree) {
    const auto folder = table.find(folder_of(table, file));
    if (folder == table.end() || folder->second.torch == Torch::yes) continue;
    if (folder->second.torch == Torch::tensor_header && file == folder->first + "/tensor.h")
      continue;
    if (const auto way = way_to_torch(file); !way.empty()) leaks.push_back(way);
  }
  return leaks;
}

Table table_of_the_tree() {
  return parse_table(read_file(fs::path(GRPO_SOURCE_DIR) / "docs/architecture.md"));
}

TEST(Layering, EveryIncludeIsAnEdgeOfTheTable) {
  const Tree tree = read_tree(GRPO_SOURCE_DIR);
  EXPECT_GT(tree.size(), 50u);
  EXPECT_EQ(broken_edges(table_of_the_tree(), tree), Sentences{});
}

TEST(Layering, NoTorchWhereTheTableSaysNo) {
  EXPECT_EQ(torch_leaks(table_of_the_tree(), read_tree(GRPO_SOURCE_DIR)), Sentences{});
}

TEST(Layering, TheTableHasNoWayBack) {
  const Table table = table_of_the_tree();
  std::set<std::string> placed;
  // Takes out, again and again, the folders that include only what is already out.
  for (std::size_t before = placed.size() + 1; before != placed.size();) {
    before = placed.size();
    for (const auto& [name, folder] : table) {
      const bool ready = std::all_of(folder.may_include.begin(), folder.may_include.end(),
                                     [&](const std::string& other) {
                                       return other.ends_with(".h") || placed.contains(other);
                                     });
      if (ready) placed.insert(name);
    }
  }
  EXPECT_EQ(placed.size(), table.size());
}

TEST(Layering, TheTableNamesTheFoldersWithoutTorch) {
  const Table table = table_of_the_tree();
  for (const auto* name :
       {"kernels", "monitor", "policy/tokenizer", "policy/weights", "datasets", "reward"}) {
    ASSERT_TRUE(table.contains(name)) << name;
    EXPECT_EQ(table.at(name).torch, Torch::no) << name;
  }
  EXPECT_FALSE(table.at("reward").may_include.contains("rollout"));
  EXPECT_FALSE(table.at("rollout").may_include.contains("reward"));
}

// The checks above are worth what they catch.
TEST(Layering, BrokenTreesAreCaught) {
  const Table table = parse_table(
      "| folder | may include | third party | Torch |\n| --- | --- | --- | --- |\n"
      "| base | – | fmt | tensor.h only |\n| low | base | – | no |\n| high | low, base/a.h | – | "
      "yes |\n");
  const Tree tree{{"base/a.h", {}},
                  {"base/tensor.h", includes_of("#include <ATen/core/Tensor.h>\n")},
                  {"low/x.h", includes_of("  #  include \"base/tensor.h\"\n")},
                  {"low/y.cpp", includes_of("#include \"low/x.h\"\n#include \"high/z.h\"\n")},
                  {"high/z.h", includes_of("#include \"base/a.h\"\n#include \"base/tensor.h\"\n")},
                  {"other/w.h", includes_of("#include <vector>\n")},
                  {"high/v.h", includes_of("#include \"z.h\"\n")}};
  EXPECT_EQ(broken_edges(table, tree),
            (Sentences{"high/v.h: \"z.h\": no such file from the root",
                       "high/z.h: \"base/tensor.h\": high may not include base",
                       "low/y.cpp: \"high/z.h\": low may not include high",
                       "other/w.h: its folder is not in the table"}));
  EXPECT_EQ(torch_leaks(table, tree),
            (Sentences{"low/x.h -> base/tensor.h -> ATen/core/Tensor.h",
                       "low/y.cpp -> low/x.h -> base/tensor.h -> ATen/core/Tensor.h"}));
}

}  // namespace
}  // namespace grpo
