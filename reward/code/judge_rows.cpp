#include "reward/code/judge_rows.h"

#include "base/enum_names.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "reward/code/program_text.h"
#include "reward/verify_rows.h"

namespace grpo::reward::code {
namespace {

/// Makes the judge ready for the language.
Language language_of(CodeJudge& judge, const std::string& name, const CodeTests& tests,
                     const std::string& where) {
  const auto language = find_named<Language>(name);
  check_input(language.has_value(), "{}: language: unknown \"{}\"; known: {}", where, name,
              fmt::join(names_of<Language>(), ", "));
  check_input(*language == Language::python || tests.style == CodeTests::Style::standard_input,
              "{}: language: {} is judged by tests of kind stdin only", where, name);
  judge.need(*language);
  return *language;
}

}  // namespace

OrderedJson verify_code_row(CodeJudge& judge, const Json& row, const Limits& defaults,
                            const std::string& where) {
  const Stopwatch watch;
  const JsonObject fields(row, where);
  OrderedJson out;
  out["id"] = id_of(row);
  std::optional<std::string> program = fields.optional<std::string>("code");
  if (!program) {
    if (!row.contains("response")) fields.fail("response", "required field is missing, and code");
    program = last_fenced_block(fields.value_or("response", std::string()));
  }
  if (!row.contains("tests")) fields.fail("tests", "required field is missing");
  CodeTests tests;
  Limits limits;
  Language language{};
  try {
    tests = tests_from_json(row.at("tests"), where);
    limits = fields.has("limits") ? limits_from_json(row.at("limits"), defaults, where) : defaults;
    language = language_of(judge, fields.value_or("language", std::string("python")), tests, where);
  } catch (const Error& error) {
    out["error"] = error.what();
    return out;
  }
  CodeVerdict verdict;
  if (program) {
    verdict = judge.judge(tests, *program, limits, language);
  } else {
    // No program: every case fails. A program that prints nothing is no substitute: it might pass.
    const size_t total = std::max({tests.inputs.size(), tests.asserts.size(), size_t{1}});
    verdict.cases.assign(total, {CaseStatus::not_run, 0, "the response has no fenced block"});
  }
  out["verdict"] = name_of(verdict.outcome);
  const auto score = verdict.score();
  out["score"] = score ? json_number(*score) : OrderedJson();
  out["passed"] = verdict.num_passed();
  out["total"] = verdict.cases.size();
  out["cases"] = OrderedJson::array();
  for (const auto& one : verdict.cases) {
    out["cases"].push_back(
        {{"status", name_of(one.status)}, {"seconds", one.seconds}, {"message", one.message}});
  }
  out["sandbox"] = name_of(judge.level());
  out["seconds"] = watch.seconds();
  return out;
}

}  // namespace grpo::reward::code
