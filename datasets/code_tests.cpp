#include "datasets/code_tests.h"

#include <cmath>

#include "base/error.h"

namespace grpo::datasets {
namespace {

using Strings = std::vector<std::string>;

Compare compare_from_json(const Json& value, const JsonObject& tests) {
  if (value == "lines") return {Compare::Mode::lines, 0};
  if (value == "tokens") return {Compare::Mode::tokens, 0};
  if (!value.is_object()) {
    tests.fail("compare",
               "expected \"lines\", \"tokens\" or {tolerance}, got " + describe_json(value));
  }
  const auto object = tests.object("compare");
  object.refuse_unknown({"tolerance"});
  const auto tolerance = object.required<double>("tolerance");
  if (!(tolerance >= 0) || std::isinf(tolerance)) object.fail("tolerance", "expected 0 or more");
  return {Compare::Mode::number, tolerance};
}

bool strict_types(const JsonObject& tests) {
  const auto compare = tests.value_or("compare", std::string("strict"));
  if (compare == "strict" || compare == "python") return compare == "strict";
  tests.fail("compare", fmt::format("expected \"strict\" or \"python\", got \"{}\"", compare));
}

}  // namespace

CodeTests stdin_tests(const JsonObject& fields) {
  CodeTests tests;
  tests.inputs = fields.required<Strings>("inputs");
  tests.outputs = fields.required<Strings>("outputs");
  if (tests.inputs.empty()) fields.fail("inputs", "an empty list");
  if (tests.inputs.size() != tests.outputs.size()) {
    fields.fail("outputs", fmt::format("expected {}, as many as inputs, got {}",
                                       tests.inputs.size(), tests.outputs.size()));
  }
  tests.compare = compare_from_json(fields.value_or("compare", Json("lines")), fields);
  return tests;
}

CodeTests tests_from_json(const Json& json, const std::string& where) {
  const JsonObject fields(json, where, "tests");
  const auto kind = fields.required<std::string>("kind");
  CodeTests tests;
  if (kind == "stdin") {
    fields.refuse_unknown({"kind", "inputs", "outputs", "compare"});
    tests = stdin_tests(fields);
  } else if (kind == "assert") {
    fields.refuse_unknown({"kind", "setup", "list", "compare"});
    tests.style = CodeTests::Style::assertion;
    tests.setup = fields.value_or("setup", std::string());
    tests.asserts = fields.required<Strings>("list");
    if (tests.asserts.empty()) fields.fail("list", "an empty list");
    tests.strict_types = strict_types(fields);
  } else if (kind == "function") {
    fields.refuse_unknown({"kind", "entry_point", "prompt", "test", "compare"});
    tests.style = CodeTests::Style::function;
    tests.entry_point = fields.required<std::string>("entry_point");
    tests.prompt = fields.value_or("prompt", std::string());
    tests.function = fields.required<std::string>("test");
    if (tests.entry_point.empty()) fields.fail("entry_point", "empty");
    if (tests.function.empty()) fields.fail("test", "empty");
    tests.strict_types = strict_types(fields);
  } else {
    fields.fail("kind", fmt::format("unknown kind \"{}\"; known: stdin, assert, function", kind));
  }
  return tests;
}

Limits limits_from_json(const Json& json, Limits limits, const std::string& where) {
  const JsonObject fields(json, where, "limits");
  fields.refuse_unknown({"seconds", "memory_mib", "processes", "output_bytes", "file_bytes"});
  limits.seconds = fields.value_or("seconds", limits.seconds);
  const auto within = [&](const char* key, int64_t& value, int64_t least, int64_t most) {
    value = fields.value_or(key, value);
    if (value < least || value > most) {
      fields.fail(key, fmt::format("expected {} to {}, got {}", least, most, value));
    }
  };
  if (!(limits.seconds >= 0.01 && limits.seconds <= 3600)) {
    fields.fail("seconds", fmt::format("expected 0.01 to 3600, got {}", limits.seconds));
  }
  // The interpreter itself needs about 40 MiB of addresses.
  within("memory_mib", limits.memory_mib, 64, int64_t{1} << 20);
  within("processes", limits.processes, 1, 256);
  within("output_bytes", limits.output_bytes, 1, int64_t{1} << 30);
  within("file_bytes", limits.file_bytes, 4096, int64_t{1} << 32);
  return limits;
}

}  // namespace grpo::datasets
