#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "datasets/demonstrations.h"
#include "datasets/problem.h"
#include "datasets/stream.h"
#include "policy/policy.h"
#include "rl/recipe.h"

namespace grpo::rl {

/// Reads or generates the questions of a recipe's sources. `key` names the recipe key in errors.
std::vector<datasets::Source<datasets::Problem>> problem_sources(
    const std::vector<SourceConfig>& sources, const std::string& key);
/// All questions of the sources, one after the other; their weights must be left at 1.
std::vector<datasets::Problem> all_problems(const std::vector<SourceConfig>& sources,
                                            const std::string& key);
std::vector<datasets::Source<datasets::Demonstration>> demonstration_sources(
    const std::vector<SourceConfig>& sources, const std::string& key);

/// Puts questions as the recipe says.
class Prompter {
 public:
  Prompter(const PromptConfig& config, const policy::Policy& policy);

  /// The whole text before the answer, `answer_prefix` included.
  std::string text(const std::string& question) const;
  /// Its ids. Throws Error when it is longer than prompt.max_tokens or leaves no room in the
  /// context.
  std::vector<int32_t> encode(const std::string& question) const;
  /// A demonstration as ids: `num_prompt` of the prompt, then the response and an end-of-sequence
  /// token.
  struct Encoded {
    std::vector<int32_t> ids;
    int64_t num_prompt = 0;
  };
  /// Throws Error (exit code 2) also when the whole is longer than the context.
  Encoded encode(const datasets::Demonstration& demonstration) const;

  /// Throws the Error of `encode` for the first of the problems or demonstrations that it refuses,
  /// naming source and id: once at the start, not when the row's turn comes. Returns the length of
  /// the longest prompt.
  template <class Item>
  int64_t check_all(const std::vector<Item>& items, const std::string& source) const {
    int64_t longest = 0;
    for (const Item& item : items) {
      try {
        longest = std::max(longest, prompt_length(item));
      } catch (const Error& error) {
        throw Error(fmt::format("{}: question {}: {}", source, item.id, error.what()), 2);
      }
    }
    return longest;
  }
  /// What rewards and people read: the answer's text behind the prefix, without the
  /// end-of-sequence token; other special tokens stay (<think> is one in some vocabularies).
  std::string decode(const std::vector<int32_t>& answer) const;

  const std::string& answer_prefix() const { return config_.answer_prefix; }

 private:
  int64_t prompt_length(const datasets::Problem& problem) const {
    return static_cast<int64_t>(encode(problem.prompt).size());
  }
  int64_t prompt_length(const datasets::Demonstration& demonstration) const {
    return encode(demonstration).num_prompt;
  }

  PromptConfig config_;
  const policy::Policy& policy_;
  mutable std::optional<int32_t> end_of_answer_;  // once a demonstration needs it
};

}  // namespace grpo::rl
