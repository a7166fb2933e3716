#pragma once

#include <cstdint>
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
/// All questions of the sources, one after the other.
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
  /// Throws the Error of `encode` for the first question it would refuse, naming its id: once at
  /// the start, not when the question's turn comes. `items`: problems or demonstrations.
  template <class Item>
  void check_all(const std::vector<Item>& items) const {
    for (const Item& item : items) {
      try {
        encode(item.prompt);
      } catch (const Error& error) {
        throw Error(fmt::format("question {}: {}", item.id, error.what()), error.exit_code());
      }
    }
  }
  /// Ids of a response, an end-of-sequence token behind it.
  std::vector<int32_t> encode_response(const std::string& response) const;
  /// What rewards and people read: the answer's text behind the prefix, special tokens left out.
  std::string decode(const std::vector<int32_t>& answer) const;

  const std::string& answer_prefix() const { return config_.answer_prefix; }

 private:
  PromptConfig config_;
  const policy::Policy& policy_;
};

}  // namespace grpo::rl
