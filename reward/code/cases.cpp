#include "reward/code/cases.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/enum_names.h"
#include "base/error.h"
#include "reward/code/compare.h"
#include "reward/code/plain_value.h"

namespace grpo::reward::code {
namespace {

/// What people read of a program's last words: the last line, within bounds.
std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  const size_t start = text.rfind('\n');
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  return std::string(text.substr(0, 500));
}

bool is_memory(std::string_view words) {
  return words.starts_with("MemoryError") || words.find("std::bad_alloc") != std::string::npos;
}

CaseResult limit_result(Run::Event event, const Limits& limits) {
  switch (event) {
    case Run::Event::cpu:
      return {CaseStatus::timeout, limits.seconds,
              fmt::format("more than {} s of CPU time", limits.seconds)};
    case Run::Event::wall:
      return {CaseStatus::timeout, 0, fmt::format("more than {} s", 5 * limits.seconds)};
    case Run::Event::output_limit:
      return {CaseStatus::output_limit, 0,
              fmt::format("more than {} bytes of output", limits.output_bytes)};
    default:
      return {CaseStatus::exception, 0, "wrote into the channel of its answers"};
  }
}

/// A fork that ended without giving what was asked for.
CaseResult end_result(const Run& run, size_t role) {
  const RoleEnd& end = run.end(role);
  check(end.started, "sandbox: {}", last_line(run.errors()));
  const std::string words = last_line(run.errors());
  if (is_memory(words)) return {CaseStatus::memory, 0, words};
  if (end.signal != 0) {
    return {CaseStatus::killed, 0,
            fmt::format("signal {} ({})", end.signal, strsignal(end.signal))};
  }
  return {CaseStatus::exception, 0,
          words.empty() ? fmt::format("exit status {}", end.exit_status) : words};
}

OrderedJson program_task(const CodeTests& tests, std::string_view program) {
  return {{"program", program}, {"prompt", tests.prompt}, {"entry_point", tests.entry_point}};
}

/// The fork that runs the program.
Role program_role(const char* name, OrderedJson task, const Limits& limits) {
  Role role;
  role.name = name;
  role.task = std::move(task);
  role.filter = limits.processes > 1 ? "subprocess" : "thread";
  return role;
}

CaseResult answer_result(const Json& frame, size_t call, const PlannedCall& planned) {
  if (!frame.is_object() || frame.value("call", Json()) != Json(call)) {
    return {CaseStatus::exception, 0, "an answer to another question"};
  }
  if (const auto raised = frame.find("raised"); raised != frame.end()) {
    if (!raised->is_array() || raised->size() != 2 || !(*raised)[0].is_string() ||
        !(*raised)[1].is_string()) {
      return {CaseStatus::exception, 0, ""};
    }
    const auto type = (*raised)[0].get<std::string>();
    return {type == "MemoryError" ? CaseStatus::memory : CaseStatus::exception, 0,
            type + ": " + (*raised)[1].get<std::string>().substr(0, 500)};
  }
  const auto value = frame.find("value");
  if (value == frame.end()) {
    const auto unplain = frame.find("unplain");
    return {CaseStatus::wrong_output, 0,
            unplain != frame.end() && unplain->is_string()
                ? "returned " + unplain->get<std::string>().substr(0, 500)
                : "no answer"};
  }
  const auto answer = canonical_value(*value, planned.types);
  const bool same = answer && planned.expected && *answer == *planned.expected;
  return {same ? CaseStatus::passed : CaseStatus::wrong_output, 0,
          same ? "" : "returned " + value->dump(-1, ' ', true).substr(0, 500)};
}

}  // namespace

CaseResult run_script_case(Worker& worker, const CodeTests& tests, size_t number,
                           const ScriptProgram& program, Limits limits) {
  // A right answer may be as long as it has to be.
  limits.output_bytes =
      std::max(limits.output_bytes, 2 * static_cast<int64_t>(tests.outputs[number].size()));
  Role role;
  if (program.executable < 0) {
    role = program_role("script", {{"program", program.source}}, limits);
  } else {
    role = program_role("execute", OrderedJson::object(), limits);
    role.channels = {program.executable};
    if (limits.processes == 1) role.filter = "execute";
  }
  role.input = tests.inputs[number];
  role.keep_output = true;
  Run run(worker, limits, {std::move(role)});
  const auto event = run.wait();
  CaseResult result;
  if (event != Run::Event::ended) {
    result = limit_result(event, limits);
    run.kill();
  } else if (run.end(0).exit_status != 0) {
    result = end_result(run, 0);
  } else if (same_output(run.output(), tests.outputs[number], tests.compare)) {
    result.status = CaseStatus::passed;
  } else {
    result = {CaseStatus::wrong_output, 0, "printed " + run.output().substr(0, 200)};
  }
  check(run.end(0).started, "sandbox: {}", last_line(run.errors()));
  result.seconds = run.end(0).cpu_seconds;
  // It may have ended between two looks at its clock.
  if (result.status == CaseStatus::passed && result.seconds > limits.seconds) {
    const double seconds = result.seconds;
    result = limit_result(Run::Event::cpu, limits);
    result.seconds = seconds;
  }
  return result;
}

void run_calls(Worker& worker, const CodeTests& tests, const Plan& plan, std::string_view program,
               const Limits& limits, bool stop, std::vector<CaseResult>& results) {
  std::vector<size_t> numbers;
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i] && results[i].status == CaseStatus::not_run) numbers.push_back(i);
  }
  if (numbers.empty()) return;
  DescriptorPair channel = make_socket_pair(SOCK_STREAM);
  Role role = program_role("answer", program_task(tests, program), limits);
  role.channels = {channel.second.get()};
  Run run(worker, limits, {std::move(role)}, std::move(channel.first), numbers.size() + 1);
  channel.second.reset();

  // The first frame says that the program has been loaded; a failure there is every case's.
  CaseResult loaded;
  auto event = run.wait();
  if (event == Run::Event::frame) {
    const Json& frame = run.frame();
    if (frame.is_object() && frame.value("loaded", Json()) == Json(true)) {
      loaded.status = CaseStatus::passed;
    } else {
      // `raised` in the form of an answer.
      Json answer = frame.is_object() ? frame : Json::object();
      answer["call"] = 0;
      loaded = answer_result(answer, 0, {});
    }
  } else {
    loaded = event == Run::Event::ended ? end_result(run, 0) : limit_result(event, limits);
  }
  if (loaded.status != CaseStatus::passed) {
    loaded.seconds = run.cpu_seconds();
    run.kill();
    for (const size_t number : numbers) results[number] = loaded;
    return;
  }
  for (const size_t number : numbers) {
    const PlannedCall& call = *plan[number];
    run.restart_clock();
    run.send(
        {{"call", number}, {"name", call.name}, {"args", call.arguments}, {"kwargs", call.named}});
    event = run.wait();
    CaseResult& result = results[number];
    if (event == Run::Event::frame) {
      result = answer_result(run.frame(), number, call);
      result.seconds = run.cpu_seconds();
    } else {
      const double seconds = run.cpu_seconds();
      result = event == Run::Event::ended ? end_result(run, 0) : limit_result(event, limits);
      result.seconds = seconds;
      break;
    }
    if (stop && result.status != CaseStatus::passed) break;
  }
  run.kill();
}

void run_examination(Worker& worker, const CodeTests& tests, const Plan& plan,
                     std::string_view program, const Limits& limits,
                     std::vector<CaseResult>& results) {
  OrderedJson numbers = OrderedJson::array();
  OrderedJson sources = OrderedJson::array();
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i] || results[i].status != CaseStatus::not_run) continue;
    numbers.push_back(i);
    const bool assertion = tests.style == CodeTests::Style::assertion;
    sources.push_back(assertion ? tests.asserts[i] : tests.function);
  }
  if (numbers.empty()) return;
  DescriptorPair between = make_socket_pair(SOCK_STREAM);
  DescriptorPair channel = make_socket_pair(SOCK_STREAM);
  Role answers = program_role("answer", program_task(tests, program), limits);
  answers.task["frame_bytes"] = kMaxFrameBytesBetweenForks;
  answers.task["objects"] = true;
  answers.channels = {between.first.get()};
  Role asks;
  asks.name = "examine";
  asks.task = {{"frame_bytes", kMaxFrameBytesBetweenForks},
               {"numbers", numbers},
               {"sources", sources},
               {"setup", tests.setup},
               {"prompt", tests.prompt},
               {"entry_point", tests.entry_point}};
  asks.channels = {between.second.get(), channel.second.get()};
  const size_t num_cases = numbers.size();
  Run run(worker, limits, {std::move(answers), std::move(asks)}, std::move(channel.first),
          num_cases + 1);
  between.first.reset();
  between.second.reset();
  channel.second.reset();

  for (const auto& entry : numbers) {
    const auto number = entry.get<size_t>();
    const auto event = run.wait();
    CaseResult& result = results[number];
    if (event != Run::Event::frame) {
      const double seconds = run.cpu_seconds();
      if (event == Run::Event::ended) {
        // The tests' fork ends only after its last verdict, unless it breaks; the program's may.
        result = end_result(run, run.end(1).signal != 0 || run.end(1).exit_status != 0 ? 1 : 0);
      } else {
        result = limit_result(event, limits);
      }
      result.seconds = seconds;
      break;
    }
    const JsonObject verdict(run.frame(), "verdict");
    check(verdict.required<int64_t>("case") == entry.get<int64_t>(),
          "sandbox: a verdict on another case");
    const auto status = verdict.required<std::string>("status");
    result.message = verdict.required<std::string>("message");
    result.seconds = run.cpu_seconds();
    result.status = find_named<CaseStatus>(status).value_or(CaseStatus::sandbox_error);
    run.restart_clock();
  }
  run.kill();
}

}  // namespace grpo::reward::code
