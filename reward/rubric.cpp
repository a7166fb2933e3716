#include "reward/rubric.h"

#include <memory>
#include <string_view>

#include "base/error.h"
#include "reward/format.h"

namespace grpo::reward {

double RubricScore::part(const std::string& name) const {
  for (const auto& part : parts) {
    if (part.name == name) return part.value;
  }
  throw Error(fmt::format("rubric: {}: not computed, its weight is 0", name));
}

Rubric::Rubric(const RubricConfig& config) : config_(config) {
  check_config(config, "reward");
  for (const auto kind : {datasets::Kind::math, datasets::Kind::countdown, datasets::Kind::text}) {
    verifiers_[kind] = make_verifier(kind, config.verifier);
  }
}

void Rubric::prepare(std::span<const datasets::Problem> problems) {
  for (const auto& problem : problems) {
    if (!verifiers_.contains(problem.kind)) {
      verifiers_[problem.kind] = make_verifier(problem.kind, config_.verifier);
    }
    verifiers_[problem.kind]->prepare(problem);
  }
}

size_t Rubric::num_threads() const {
  const bool code = verifiers_.contains(datasets::Kind::code);
  return code ? static_cast<size_t>(config_.verifier.code.workers) : 2;
}

void Rubric::use(datasets::Kind kind, std::unique_ptr<Verifier> verifier) {
  check(verifier != nullptr, "rubric: an empty verifier");
  verifiers_[kind] = std::move(verifier);
}

Score Rubric::judge(const datasets::Problem& problem, const Answer& answer) const {
  if (answer.truncated && !config_.judge_truncated) {
    Score score;
    score.outcome = Outcome::truncated;
    score.rule = "truncated";
    return score;
  }
  const auto verifier = verifiers_.find(problem.kind);
  check_input(verifier != verifiers_.end(), "{}: no verifier for problems of this kind",
              problem.id);
  return verifier->second->score(problem, answer.text);
}

std::string Rubric::why_unreadable(const datasets::Problem& problem) const {
  const auto verifier = verifiers_.find(problem.kind);
  return verifier == verifiers_.end() ? "no verifier for problems of this kind"
                                      : verifier->second->why_unreadable(problem);
}

double Rubric::accuracy_value(const Score& verdict) const {
  switch (verdict.outcome) {
    case Outcome::correct:
    case Outcome::wrong:
      return verdict.value;
    case Outcome::unverifiable:
      return config_.unverifiable_value.value_or(0);
    case Outcome::timeout:
      return config_.timeout_value;
    case Outcome::truncated:
      return config_.truncated_value;
    case Outcome::unsupported:
    case Outcome::sandbox_error:
      return 0;
  }
  throw Error("rubric: a verdict without outcome");
}

std::vector<double> Rubric::group_lengths(std::span<const Answer> answers,
                                          const std::vector<Score>& verdicts) const {
  std::vector<int64_t> lengths;
  std::vector<size_t> members;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (config_.length_of_correct_only && verdicts[i].outcome != Outcome::correct) continue;
    members.push_back(i);
    lengths.push_back(answers[i].num_tokens);
  }
  const auto correct = std::make_unique<bool[]>(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    correct[i] = verdicts[members[i]].outcome == Outcome::correct;
  }
  std::vector<double> values(answers.size(), 0.0);
  const auto rewards = group_length(lengths, {correct.get(), members.size()});
  for (size_t i = 0; i < members.size(); ++i) values[members[i]] = rewards[i];
  return values;
}

std::vector<RubricScore> Rubric::finish(std::span<const Answer> answers,
                                        std::vector<Score> verdicts) const {
  check(answers.size() == verdicts.size(), "rubric: {} answers, {} verdicts", answers.size(),
        verdicts.size());
  std::vector<double> group_length_values;
  if (config_.group_length != 0) group_length_values = group_lengths(answers, verdicts);
  const auto think = config_.think_in_prompt ? ThinkTag::in_prompt : ThinkTag::in_response;

  std::vector<RubricScore> scores(answers.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    RubricScore& score = scores[i];
    const bool correct = verdicts[i].outcome == Outcome::correct;
    const auto add = [&](const char* name, double weight, auto value) {
      if (weight == 0) return;
      score.parts.push_back({name, value(), weight});
      score.total += score.parts.back().value * weight;
    };
    add("accuracy", config_.accuracy, [&] { return accuracy_value(verdicts[i]); });
    add("format", config_.format, [&] { return think_answer_format(answer.text, think); });
    add("tag_count", config_.tag_count, [&] { return tag_count(answer.text, think); });
    add("reasoning_steps", config_.reasoning_steps, [&] { return reasoning_steps(answer.text); });
    add("overlong", config_.overlong, [&] {
      return soft_overlong(answer.num_tokens, config_.overlong_max_length, config_.overlong_buffer);
    });
    add("cosine", config_.cosine,
        [&] { return cosine_length(correct, answer.num_tokens, config_.cosine_max_length, {}); });
    add("group_length", config_.group_length, [&] { return group_length_values[i]; });
    add("repetition", config_.repetition,
        [&] { return repetition_penalty(answer.text, config_.repetition_ngram, -1); });
    add("language_consistency", config_.language_consistency,
        [&] { return language_consistency(answer.text, config_.language); });
    score.verdict = std::move(verdicts[i]);
  }
  return scores;
}

std::vector<RubricScore> Rubric::score_group(const datasets::Problem& problem,
                                             std::span<const Answer> answers) const {
  std::vector<Score> verdicts;
  for (const Answer& answer : answers) verdicts.push_back(judge(problem, answer));
  return finish(answers, std::move(verdicts));
}

RubricScore Rubric::score(const datasets::Problem& problem, const Answer& answer) const {
  return score_group(problem, {&answer, 1}).front();
}

}  // namespace grpo::reward
