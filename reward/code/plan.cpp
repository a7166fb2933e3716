#include "reward/code/plan.h"

#include <sys/socket.h>

#include "base/error.h"
#include "reward/code/run.h"

namespace grpo::reward::code {
namespace {

PlannedCall read_call(const Json& json, const CodeTests& tests) {
  const JsonObject fields(json, "plan");
  // `is True` asks for the type too, whatever == may do.
  const bool strict = tests.strict_types || fields.required<bool>("identity");
  const auto types = strict ? NumberTypes::strict : NumberTypes::python;
  return {fields.required<std::string>("name"), fields.required<Json>("args"),
          fields.required<Json>("kwargs"), canonical_value(json.at("expected"), types), types};
}

}  // namespace

Plan make_plan(Worker& worker, const CodeTests& tests) {
  const bool assertion = tests.style == CodeTests::Style::assertion;
  Role role;
  role.name = "plan";
  role.task = {{"style", assertion ? "assertion" : "function"},
               {"setup", tests.setup},
               {"asserts", tests.asserts},
               {"function", tests.function},
               {"entry_point", tests.entry_point}};
  DescriptorPair channel = make_socket_pair(SOCK_STREAM);
  role.channels = {channel.second.get()};
  const size_t num_cases = assertion ? tests.asserts.size() : 1;
  Limits limits;
  limits.seconds = 60;
  Run run(worker, limits, {std::move(role)}, std::move(channel.first));
  channel.second.reset();
  // Too large for a frame, or too deep for Python's parser: examined as it is written.
  if (run.wait() != Run::Event::frame) {
    check(run.end(0).started, "sandbox: {}", run.errors());
    return Plan(num_cases);
  }
  const JsonObject fields(run.frame(), "plan");
  Plan plan;
  for (const Json& one : fields.required<std::vector<Json>>("cases")) {
    plan.push_back(one.is_null() ? std::nullopt : std::optional(read_call(one, tests)));
  }
  check(!plan.empty() && (!assertion || plan.size() == num_cases), "plan: {} cases of {}",
        plan.size(), num_cases);
  return plan;
}

}  // namespace grpo::reward::code
