// Holds the documents to the tree: metrics, links, files and tests that they name.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace grpo {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = GRPO_SOURCE_DIR;

/// The first group of every match.
std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

std::vector<fs::path> files_below(const fs::path& folder, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string below_root(const fs::path& file) { return fs::relative(file, kRoot).string(); }

/// The documents at the root and in docs/.
std::vector<fs::path> documents() {
  auto files = files_below(kRoot / "docs", ".md");
  for (const auto& entry : fs::directory_iterator(kRoot)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  return files;
}

/// Names of metrics that a source file writes. A name that is put together at run time counts by
/// the part that stands in the source.
std::vector<std::string> metrics_in(const std::string& source) {
  auto names = all_matches(source, R"re(record\.set\(\s*"([^"]+)")re");
  // LossMetrics::named(): {"actor/…", value} and emplace_back("…", value).
  for (const char* pattern :
       {R"re(\{"([a-z_]+/[a-z_/]+)", )re", R"re(emplace_back\("([a-z_]+[a-z_/]*)",\s)re"}) {
    const auto more = all_matches(source, pattern);
    names.insert(names.end(), more.begin(), more.end());
  }
  for (const auto& phase : all_matches(source, R"re(\.span\("([^"]+)"\))re")) {
    names.push_back("timing_s/" + phase);
  }
  return names;
}

/// `name` in backquotes, or `name@<k>`, `name<part>` for one that is put together.
bool documented(const std::string& page, const std::string& name) {
  return page.find("`" + name + "`") != std::string::npos ||
         page.find("`" + name + "@<") != std::string::npos ||
         (name.ends_with('/') && page.find("`" + name + "<") != std::string::npos);
}

TEST(Docs, EveryMetricIsExplained) {
  const std::string page = read_file(kRoot / "docs/metrics.md");
  std::set<std::string> seen;
  for (const auto& file : files_below(kRoot / "rl", ".cpp")) {
    for (const auto& name : metrics_in(read_file(file))) {
      seen.insert(name);
      EXPECT_TRUE(documented(page, name))
          << below_root(file) << " writes " << name << ", which docs/metrics.md does not explain";
    }
  }
  // The scan itself works: one of each form.
  for (const char* name : {"reward/mean", "reward/", "val-core/mean", "actor/pg_clipfrac",
                           "train_rollout_logprob_abs_diff", "timing_s/gen"}) {
    EXPECT_TRUE(seen.contains(name)) << name;
  }
}

TEST(Docs, EveryExplainedMetricIsWritten) {
  std::set<std::string> written;
  for (const auto& file : files_below(kRoot / "rl", ".cpp")) {
    for (const auto& name : metrics_in(read_file(file))) written.insert(name);
  }
  for (std::string name :
       all_matches(read_file(kRoot / "docs/metrics.md"), R"re(\n\| `([^`]+)` \|)re")) {
    name = name.substr(0, name.find('<'));
    if (name.ends_with('@')) name.pop_back();
    EXPECT_TRUE(written.contains(name))
        << "docs/metrics.md explains " << name << ", which no file of rl/ writes";
  }
}

/// What GitHub makes of a heading: lower case, blanks to hyphens, punctuation gone.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

TEST(Docs, EveryLinkLeadsSomewhere) {
  for (const auto& file : documents()) {
    const std::string text = read_file(file);
    auto targets = all_matches(text, R"re(\]\(([^)\s]+)\))re");
    const auto images = all_matches(text, R"re(<(?:img|source)[^>]*src(?:set)?="([^"]+)")re");
    targets.insert(targets.end(), images.begin(), images.end());
    for (const auto& target : targets) {
      if (target.find("://") != std::string::npos || target.starts_with("mailto:")) continue;
      const auto hash = target.find('#');
      const auto path = target.substr(0, hash);
      const fs::path goal = path.empty() ? file : file.parent_path() / path;
      ASSERT_TRUE(fs::exists(goal)) << below_root(file) << ": " << target;
      if (hash == std::string::npos || goal.extension() != ".md") continue;
      std::set<std::string> anchors;
      for (const auto& heading : all_matches("\n" + read_file(goal), "\n#+ ([^\n]+)")) {
        anchors.insert(anchor_of(heading));
      }
      EXPECT_TRUE(anchors.contains(target.substr(hash + 1))) << below_root(file) << ": " << target;
    }
  }
}

TEST(Docs, EveryFileThatIsNamedExists) {
  // `folder/file.ext`, `folder/…/` and `scripts/name` in backquotes; names of metrics have no dot.
  const std::string pattern =
      "`((?:scripts/[a-z_.0-9]+)|(?:apps|base|benchmarks|cmake|datasets|docs|kernels|monitor|"
      "policy|recipes|reward|rl|rollout|scripts|tests)/(?:[A-Za-z0-9_-]+/"
      ")*(?:[A-Za-z0-9_-]+\\.[a-z0-9_.]"
      "+)?)`";
  for (const auto& file : documents()) {
    for (const auto& name : all_matches(read_file(file), pattern)) {
      EXPECT_TRUE(fs::exists(kRoot / name)) << below_root(file) << " names " << name;
    }
  }
}

TEST(Docs, EveryDocumentThatCodeNamesExists) {
  for (const char* folder : {"apps", "base", "datasets", "kernels", "monitor", "policy", "reward",
                             "rl", "rollout", "tests"}) {
    for (const char* extension : {".h", ".cpp"}) {
      for (const auto& file : files_below(kRoot / folder, extension)) {
        for (const auto& name : all_matches(read_file(file), R"re(\b(docs/[a-z_]+\.md))re")) {
          if (name == "docs/gguf.md") continue;  // ggml's
          EXPECT_TRUE(fs::exists(kRoot / name)) << below_root(file) << " names " << name;
        }
      }
    }
  }
}

TEST(Docs, EveryTestThatIsNamedExists) {
  const std::regex test(R"re(\nTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\))re");
  std::set<std::string> tests;
  for (const auto& file : files_below(kRoot / "tests", ".cpp")) {
    const std::string text = read_file(file);
    for (std::sregex_iterator it(text.begin(), text.end(), test), end; it != end; ++it) {
      tests.insert((*it)[1].str() + "." + (*it)[2].str());
    }
  }
  for (const char* page : {"docs/algorithms.md", "docs/architecture.md", "docs/models.md"}) {
    for (const auto& name : all_matches(read_file(kRoot / page), R"re(`([A-Z]\w+\.[A-Z]\w+)`)re")) {
      EXPECT_TRUE(tests.contains(name)) << page << " names the test " << name;
    }
  }
}

}  // namespace
}  // namespace grpo
