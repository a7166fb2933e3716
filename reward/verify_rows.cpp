#include "reward/verify_rows.h"

#include <optional>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/stopwatch.h"
#include "reward/extract.h"
#include "reward/math/evaluate.h"
#include "reward/math/latex.h"
#include "reward/math/math_verifier.h"
#include "reward/named_rewards.h"
#include "reward/verifiers.h"

namespace grpo::reward {
namespace {

/// The text of a field that may be null; it must be there.
std::optional<std::string> nullable(const JsonObject& fields, const std::string& name) {
  if (!fields.json().contains(name)) fields.fail(name, "required field is missing");
  return fields.optional<std::string>(name);
}

/// A number, or a list of which the first counts: one per item of a list of answers.
std::optional<double> tolerance(const JsonObject& fields, const std::string& name) {
  if (!fields.has(name)) return std::nullopt;
  if (!fields.json().at(name).is_array()) return fields.required<double>(name);
  const auto values = fields.required<std::vector<double>>(name);
  if (values.empty()) fields.fail(name, "an empty list");
  return values[0];
}

Extraction extraction(const JsonObject& fields, const std::string& usual) {
  const auto spec = fields.value_or("extraction", usual);
  if (const auto why = why_unknown(spec); !why.empty()) fields.fail("extraction", why);
  return parse_extraction(spec);
}

int64_t precision(const JsonObject& fields, int64_t usual) {
  const auto decimals = fields.value_or("precision", usual);
  if (decimals < 0) fields.fail("precision", fmt::format("expected at least 0, got {}", decimals));
  return decimals;
}

/// gold_list, or the field of this name; null is no reference.
std::vector<std::string> references(const JsonObject& fields, const std::string& name) {
  if (fields.has("gold_list")) return fields.required<std::vector<std::string>>("gold_list");
  const auto gold = nullable(fields, name);
  return gold ? std::vector<std::string>{*gold} : std::vector<std::string>{};
}

}  // namespace

OrderedJson id_of(const Json& row) {
  const auto id = row.find("id");
  return id == row.end() ? OrderedJson() : OrderedJson(*id);
}

OrderedJson verify_math_row(const Json& row, const std::string& where, int64_t timeout_ms) {
  const Stopwatch watch;
  const JsonObject fields(row, where);
  math::MathOptions options;
  options.timeout_ms = timeout_ms;
  options.precision = precision(fields, options.precision);
  options.tolerance = tolerance(fields, "tolerance");
  options.tolerance_rel = tolerance(fields, "tolerance_rel");
  options.strict = fields.value_or("strict", true);
  options.condition_is_set = fields.value_or("allow_set_relation_comp", true);

  const auto golds = references(fields, "gold");
  const bool whole = row.contains("response");
  const auto answer = nullable(fields, whole ? "response" : "prediction");
  auto place = extraction(fields, whole ? "" : "none");
  place.language = fields.value_or("language", place.language);

  // A null prediction is no answer: wrong, if there is a reference.
  const Score score = math::judge(golds, answer.value_or(""), place, options);
  const bool judged = score.outcome == Outcome::correct || score.outcome == Outcome::wrong ||
                      score.outcome == Outcome::timeout;
  OrderedJson out;
  out["id"] = id_of(row);
  out["verdict"] = name_of(score.outcome);
  out["score"] = judged ? OrderedJson(score.value == 1 ? 1 : 0) : OrderedJson();
  out["extracted"] = score.rule == "no answer" ? OrderedJson() : OrderedJson(score.extracted);
  out["rule"] = score.rule;
  out["seconds"] = watch.seconds();
  return out;
}

std::optional<OrderedJson> unreadable_gold_row(const Json& row, const std::string& where) {
  const JsonObject fields(row, where);
  const auto place = extraction(fields, "");
  auto golds = references(fields, row.contains("gold") ? "gold" : "answer");
  if (golds.empty()) golds.emplace_back();
  for (const auto& gold : golds) {
    const auto error = math::why_unreadable(gold, place);
    if (error.empty()) continue;
    OrderedJson out;
    out["id"] = id_of(row);
    out["gold"] = gold;
    out["error"] = error;
    return out;
  }
  return std::nullopt;
}

OrderedJson verify_extract_row(const Json& row, const std::string& where) {
  const Stopwatch watch;
  const JsonObject fields(row, where);
  const auto text = fields.required<std::string>("text");
  const auto found = extract(text, extraction(fields, ""));
  OrderedJson out;
  out["id"] = id_of(row);
  out["extracted"] = found ? OrderedJson(found->text) : OrderedJson();
  out["rule"] = found ? OrderedJson(found->rule) : OrderedJson();
  out["seconds"] = watch.seconds();
  return out;
}

OrderedJson verify_latex_row(const Json& row, const std::string& where) {
  const Stopwatch watch;
  const auto latex = JsonObject(row, where).required<std::string>("latex");
  const auto parsed = math::parse_math(latex);
  OrderedJson out;
  out["id"] = id_of(row);
  out["parsed"] = static_cast<bool>(parsed);
  if (parsed) {
    out["canonical"] = math::canonical(*parsed.tree);
    if (const auto value = math::decimal_value(*parsed.tree)) out["value"] = *value;
  } else {
    out["error"] = fmt::format("at byte {}: {}", parsed.position, parsed.error);
    out["position"] = parsed.position;
  }
  out["seconds"] = watch.seconds();
  return out;
}

OrderedJson verify_reward_row(const Json& row, const std::string& name, const std::string& where) {
  const Stopwatch watch;
  const JsonObject fields(row, where);
  const auto params = fields.value_or("params", Json::object());
  const auto value = named_reward(name, fields.required<Json>("input"), params, where);
  OrderedJson out;
  out["id"] = id_of(row);
  out["value"] = value ? OrderedJson(*value) : OrderedJson();
  out["seconds"] = watch.seconds();
  return out;
}

}  // namespace grpo::reward
