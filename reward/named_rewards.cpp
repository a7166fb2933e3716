#include "reward/named_rewards.h"

#include <memory>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "reward/extract.h"
#include "reward/extract_rules.h"
#include "reward/format.h"
#include "reward/length.h"
#include "reward/math/latex.h"
#include "reward/math/math_verifier.h"

namespace grpo::reward {
namespace {

bool is_correct(const std::string& gold, std::string_view completion) {
  const auto score = math::judge({gold}, completion, parse_extraction("boxed"), {});
  return score.outcome == Outcome::correct;
}

int64_t characters(std::string_view text) {
  return static_cast<int64_t>(utf8_to_codes(text).size());
}

std::string text_of(const Json& input, const std::string& where) {
  check_input(input.is_string(), "{}: input: expected a text, got {}", where, describe_json(input));
  return input.get<std::string>();
}

std::vector<int64_t> tokens_of(const Json& input, const std::string& where) {
  return JsonObject(Json{{"input", input}}, where).required<std::vector<int64_t>>("input");
}

double cosine(const JsonObject& input, const JsonObject& params) {
  const auto completion = input.required<std::string>("completion");
  CosineRange range;
  range.min_wrong = params.value_or("min_value_wrong", range.min_wrong);
  range.max_wrong = params.value_or("max_value_wrong", range.max_wrong);
  range.min_correct = params.value_or("min_value_correct", range.min_correct);
  range.max_correct = params.value_or("max_value_correct", range.max_correct);
  // open-r1 counts characters, TRL gives the number of tokens.
  const auto length = input.value_or("length", characters(completion));
  return cosine_length(is_correct(input.required<std::string>("gold"), completion), length,
                       params.value_or("max_len", int64_t{1000}), range);
}

double kimi_length(const JsonObject& input) {
  const auto completion = input.required<std::string>("completion");
  const auto gold = input.required<std::string>("gold");
  const auto group = input.required<std::vector<std::string>>("group");
  std::vector<int64_t> lengths{characters(completion)};
  for (const auto& other : group) lengths.push_back(characters(other));
  const auto correct = std::make_unique<bool[]>(lengths.size());
  correct[0] = is_correct(gold, completion);
  return group_length(lengths, {correct.get(), lengths.size()})[0];
}

/// NeMo-RL: think_weight for a <think> block, answer_weight for an <answer> block.
double nemo_format(std::string_view text, const JsonObject& params) {
  double total = 0;
  if (last_tag(text, "think")) total += params.value_or("think_weight", 0.25);
  if (last_tag(text, "answer")) total += params.value_or("answer_weight", 0.75);
  return total;
}

/// NeMo-RL and AReaL: accuracy of the box behind the thoughts, and a share for the form
/// <think>…</think> … \boxed{…}.
double geo3k(const JsonObject& input, const JsonObject& params) {
  const auto completion = input.required<std::string>("completion");
  const double format_score = params.value_or("format_score", 0.1);
  const auto box = last_box(completion);
  const auto close = completion.find("</think>");
  const bool format =
      box && completion.find("<think>") < close && close != std::string::npos && close < box->end;
  const double accuracy = is_correct(input.required<std::string>("gold"), completion) ? 1.0 : 0.0;
  return params.value_or("accuracy_weight", 1 - format_score) * accuracy +
         (format ? format_score : 0);
}

/// The reference must be mathematics: words alone are skipped, not scored.
std::optional<double> accuracy(const JsonObject& input) {
  const auto gold = input.required<std::string>("gold");
  const auto parsed = math::parse_math(gold);
  if (!parsed || parsed.tree->op == math::Op::text) return std::nullopt;
  return is_correct(gold, input.required<std::string>("completion")) ? 1.0 : 0.0;
}

}  // namespace

std::optional<double> named_reward(const std::string& name, const Json& input, const Json& params,
                                   const std::string& where) {
  const JsonObject options(params, where, "params");
  const auto object = [&] { return JsonObject(input, where, "input"); };
  const auto text = [&] { return text_of(input, where); };
  if (name == "format_reward") return strict_line_format(text());
  if (name == "think_format_reward") return think_format(text());
  if (name == "tag_count_reward") return tag_count(text());
  if (name == "reasoning_steps_reward") return reasoning_steps(text());
  if (name == "code_format_reward") {
    return code_format(text(), options.value_or("language", std::string("python")));
  }
  if (name == "repetition_penalty_reward") {
    const auto n = options.required<int64_t>("ngram_size");
    const auto penalty = options.required<double>("max_penalty");
    check_input(n >= 1, "{}: params.ngram_size: expected 1 or more, got {}", where, n);
    check_input(penalty <= 0, "{}: params.max_penalty: expected 0 or less, got {}", where, penalty);
    if (input.is_array()) return repetition_penalty(tokens_of(input, where), n, penalty);
    return repetition_penalty(text(), n, penalty);
  }
  if (name == "soft_overlong_punishment") {
    const auto length = static_cast<int64_t>(tokens_of(input, where).size());
    const auto limit = options.required<int64_t>("max_completion_len");
    const auto cache = options.required<int64_t>("soft_punish_cache");
    check_input(cache > 0 && cache <= limit,
                "{}: params.soft_punish_cache: expected 1 to {}, got {}", where, limit, cache);
    return soft_overlong(length, limit, cache);
  }
  if (name == "cosine_scaled_reward") return cosine(object(), options);
  if (name == "len_reward") return kimi_length(object());
  if (name == "nemo_format") return nemo_format(text(), options);
  if (name == "geo3k") return geo3k(object(), options);
  if (name == "accuracy_unparsable_gold") return accuracy(object());
  throw Error(fmt::format("{}: unknown reward '{}'; known: format_reward, think_format_reward, "
                          "tag_count_reward, reasoning_steps_reward, code_format_reward, "
                          "repetition_penalty_reward, soft_overlong_punishment, "
                          "cosine_scaled_reward, len_reward, nemo_format, geo3k, "
                          "accuracy_unparsable_gold",
                          where, name),
              2);
}

}  // namespace grpo::reward
