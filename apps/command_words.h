#pragma once

#include <CLI/CLI.hpp>

namespace grpo::apps {

/// Looks at the words of the command line that name a command, before its flags are read. Throws
/// Error for one that is not known (exit code 2, with the nearest name), and for one that another
/// version has (69). Where a command is yet to be named, as in `grpo` alone or `grpo inspect`,
/// returns the app whose help says what there is; nullptr otherwise.
const CLI::App* incomplete_command(const CLI::App& app, int argc, const char* const* argv);

}  // namespace grpo::apps
