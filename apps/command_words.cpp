#include "apps/command_words.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/yaml.h"

namespace grpo::apps {
namespace {

/// Named in plans and in other versions: asking for them is no misspelling.
constexpr std::array<std::string_view, 4> kNotInThisVersion = {"distill", "launch", "worker",
                                                               "verify format"};

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

[[noreturn]] void refuse(const CLI::App& app, const std::string& before, std::string_view word) {
  const std::string command = before + std::string(word);
  if (std::ranges::count(kNotInThisVersion, command) > 0) {
    throw Error(fmt::format("{}: not in this version", command), 69);
  }
  std::vector<std::string> names;
  for (const CLI::App* each : commands_of(app)) names.push_back(each->get_name());
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(word, known);
  throw Error(fmt::format("unknown command {}; {}known here: {}", command,
                          near.empty() ? "" : fmt::format("did you mean \"{}\"? ", near),
                          fmt::join(known, ", ")),
              2);
}

}  // namespace

const CLI::App* incomplete_command(const CLI::App& app, int argc, const char* const* argv) {
  const CLI::App* current = &app;
  std::string before;
  for (int i = 1; current->get_require_subcommand_min() > 0; ++i) {
    if (i >= argc) return current;
    const std::string_view word = argv[i];
    if (word.starts_with("-")) return nullptr;  // --help, --version, or refused as a flag
    const auto commands = commands_of(*current);
    const auto next = std::ranges::find_if(
        commands, [&](const CLI::App* each) { return each->get_name() == word; });
    if (next == commands.end()) refuse(*current, before, word);
    before += std::string(word) + " ";
    current = *next;
  }
  return nullptr;
}

}  // namespace grpo::apps
