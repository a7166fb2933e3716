#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "datasets/problem.h"
#include "reward/length.h"
#include "reward/verifiers.h"

namespace grpo::reward {

/// What is paid: each part's value times its weight, summed. Parts of weight 0 are not computed.
struct RubricConfig {
  double accuracy = 1;
  double format = 0;
  double tag_count = 0;
  double reasoning_steps = 0;
  double overlong = 0;
  int64_t overlong_max_length = 1024;
  int64_t overlong_buffer = 128;
  double cosine = 0;
  int64_t cosine_max_length = 1024;
  double group_length = 0;
  double repetition = 0;
  int64_t repetition_ngram = 3;
  double language_consistency = 0;
  std::string language = "en";
  bool length_of_correct_only = true;
  bool think_in_prompt = false;
  bool judge_truncated = false;
  std::optional<double> unverifiable_value;
  double timeout_value = 0;
  double truncated_value = 0;
  VerifierConfig verifier;
};

template <class Visitor>
void fields(Visitor& v, RubricConfig& c) {
  v("accuracy", c.accuracy, "weight of the verifier's value: 1 right, 0 wrong");
  v("format", c.format, "weight of <think>…</think><answer>…</answer>, all or nothing");
  v("tag_count", c.tag_count, "weight of 0.25 per well-placed tag (open-r1)");
  v("reasoning_steps", c.reasoning_steps, "weight of min(1, steps / 3) (open-r1)");
  v("overlong", c.overlong, "weight of DAPO's soft overlong punishment, 0 to -1");
  v("overlong_max_length", c.overlong_max_length, "tokens from which the punishment is -1",
    at_least(1));
  v("overlong_buffer", c.overlong_buffer, "it grows over this many tokens before", at_least(1));
  v("cosine", c.cosine, "weight of the cosine-scaled length reward (open-r1)");
  v("cosine_max_length", c.cosine_max_length, "tokens at which the cosine ends", at_least(1));
  v("group_length", c.group_length, "weight of the length reward within a group (Kimi k1.5)");
  v("repetition", c.repetition, "weight of 1 - unique / all n-grams of words, paid negatively");
  v("repetition_ngram", c.repetition_ngram, "n of these n-grams", at_least(1));
  v("language_consistency", c.language_consistency,
    "weight of the share of letters of the language's script in the reasoning (R1)");
  v("language", c.language, "of the reasoning", one_of({"en", "zh"}));
  v("length_of_correct_only", c.length_of_correct_only,
    "group_length compares correct answers with each other only; wrong ones get 0");
  v("think_in_prompt", c.think_in_prompt, "the chat template already opened <think>");
  v("judge_truncated", c.judge_truncated, "judge an answer cut at the length limit like any other");
  v("unverifiable_value", c.unverifiable_value,
    "accuracy value when the reference cannot be read or equality is undecided, null: the answer "
    "is "
    "left out of its group");
  v("timeout_value", c.timeout_value, "accuracy value when judging took too long");
  v("truncated_value", c.truncated_value, "accuracy value of a cut answer, unless judged");
  v("verifier", c.verifier, "how answers are found and compared");
}

/// Whether any part has a weight.
inline bool pays(const RubricConfig& c) {
  return c.accuracy != 0 || c.format != 0 || c.tag_count != 0 || c.reasoning_steps != 0 ||
         c.overlong != 0 || c.cosine != 0 || c.group_length != 0 || c.repetition != 0 ||
         c.language_consistency != 0;
}

template <class Rules>
void rules(const Rules& r, const RubricConfig& c) {
  r(c.overlong == 0 || c.overlong_buffer <= c.overlong_max_length, "overlong_buffer",
    "expected at most overlong_max_length = {}, got {}", c.overlong_max_length, c.overlong_buffer);
}

/// A completion as text, with what the length parts need.
struct Answer {
  std::string text;
  int64_t num_tokens = 0;
  bool truncated = false;
};

struct RubricPart {
  std::string name;  // the field's name
  double value = 0;
  double weight = 0;
};

struct RubricScore {
  double total = 0;  // sum of value * weight
  std::vector<RubricPart> parts;
  Score verdict;

  /// Value of a part by name; Error if it was not computed.
  double part(const std::string& name) const;
};

/// Scores answers. Thread-safe: all members are const once it is prepared.
class Rubric {
 public:
  /// Throws Error (exit code 2) on settings that contradict themselves.
  explicit Rubric(const RubricConfig& config);

  /// Starts what judging these problems needs beyond the constructor's: a sandbox, once, if any of
  /// them is code, and a compiler for C++. Throws Error (exit code 69) with cause and remedy where
  /// the machine cannot give it. Not to be called while others judge.
  void prepare(std::span<const datasets::Problem> problems);

  /// How many answers are worth judging at the same time.
  size_t num_threads() const;

  /// Gives problems of `kind` to `verifier`, replacing the one made from the config.
  void use(datasets::Kind kind, std::unique_ptr<Verifier> verifier);

  /// Whether there is a verifier for problems of `kind`.
  bool judges(datasets::Kind kind) const { return verifiers_.contains(kind); }

  /// Why a problem's reference cannot be judged as its kind; empty when it can.
  std::string why_unreadable(const datasets::Problem& problem) const;

  /// The accuracy verdict alone: the slow part, independent per answer.
  Score judge(const datasets::Problem& problem, const Answer& answer) const;

  /// Whether an answer with this outcome has a reward; one without is left out of its group.
  bool pays(Outcome outcome) const {
    return says_something(outcome) ||
           (outcome == Outcome::unverifiable && config_.unverifiable_value.has_value());
  }

  /// All parts, for the answers of one group, given their verdicts.
  std::vector<RubricScore> finish(std::span<const Answer> answers,
                                  std::vector<Score> verdicts) const;

  /// Both, on this thread.
  std::vector<RubricScore> score_group(const datasets::Problem& problem,
                                       std::span<const Answer> answers) const;
  RubricScore score(const datasets::Problem& problem, const Answer& answer) const;

  const RubricConfig& config() const { return config_; }

 private:
  double accuracy_value(const Score& verdict) const;
  std::vector<double> group_lengths(std::span<const Answer> answers,
                                    const std::vector<Score>& verdicts) const;

  RubricConfig config_;
  std::map<datasets::Kind, std::unique_ptr<Verifier>> verifiers_;
};

}  // namespace grpo::reward
