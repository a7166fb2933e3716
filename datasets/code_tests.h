#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace grpo::datasets {

/// What one case of a program may use.
struct Limits {
  double seconds = 4;  // CPU time, so that a loaded machine changes no verdict; wall cap: 5 times
  int64_t memory_mib = 512;
  int64_t processes = 1;  // more than one: fork and exec are allowed, and threads count too
  int64_t output_bytes = 1 << 20;
  int64_t file_bytes = 16 << 20;  // one file, and all of /tmp

  bool operator==(const Limits&) const = default;
};

enum class Language { python, cpp };
constexpr std::array<std::pair<Language, const char*>, 2> enum_names(Language) {
  return {{{Language::python, "python"}, {Language::cpp, "cpp"}}};
}

/// How output is compared with what is expected.
struct Compare {
  enum class Mode {
    lines,   // line by line after trimming on the right; the same number of lines
    tokens,  // whatever white space parts
    number,  // tokens; two that are both numbers may differ by `tolerance`, absolutely or
             // relatively
  };
  Mode mode = Mode::lines;
  double tolerance = 0;

  bool operator==(const Compare&) const = default;
};

/// The tests of one problem. What is expected never enters a process that runs a candidate.
struct CodeTests {
  enum class Style {
    standard_input,  // one case per entry of `inputs`, its output compared with `outputs`
    assertion,       // one case per statement of `asserts`
    function,        // `function` defines check(candidate), called with `entry_point`
  };
  Style style = Style::standard_input;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;  // as many
  Compare compare;                   // standard_input
  std::vector<std::string> asserts;
  std::string function;
  std::string entry_point;  // function: what `candidate` is
  std::string setup;        // assertion: runs before the statements
  std::string prompt;       // function: what stands before a completion
  /// assertion, function: 3.0 is not 3 and True is not 1; else as Python's == has it. Tests that
  /// run beside the program compare as Python does either way.
  bool strict_types = true;

  bool operator==(const CodeTests&) const = default;
};

/// Reads the `tests` and `limits` objects of a row of `grpo verify code` (docs/commands.md).
/// Throws Error (exit code 2) that begins with `where` and names the field: unknown kind or key,
/// empty lists, lists of unequal length, limits out of range.
CodeTests tests_from_json(const Json& json, const std::string& where);
Limits limits_from_json(const Json& json, Limits limits, const std::string& where);

/// Tests of kind stdin from the fields inputs, outputs and compare?, which may stand in an object
/// of their own or beside a problem's others.
CodeTests stdin_tests(const JsonObject& fields);

}  // namespace grpo::datasets
