#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/config.h"
#include "datasets/demonstrations.h"
#include "datasets/problem.h"

namespace grpo::datasets {

enum class Family { arithmetic, linear, countdown };
constexpr std::array<std::pair<Family, const char*>, 3> enum_names(Family) {
  return {{{Family::arithmetic, "arithmetic"},
           {Family::linear, "linear"},
           {Family::countdown, "countdown"}}};
}

enum class Split { train, held_out };
constexpr std::array<std::pair<Split, const char*>, 2> enum_names(Split) {
  return {{{Split::train, "train"}, {Split::held_out, "held_out"}}};
}

/// Problems made from a seed: data that needs no download, in plain compact ASCII so that a
/// miniature policy with a tiny vocabulary can learn it.
struct GeneratorConfig {
  Family family = Family::arithmetic;
  int64_t seed = 1;
  int64_t operations = 3;
  int64_t max_operand = 20;
  int64_t max_value = 999;
  std::string operators = "+-*";
  double parentheses = 0.3;
  bool negative = false;
  int64_t wrong_attempts = 0;
  double worked = 1.0;
  double held_out = 0.1;
};

template <class Visitor>
void fields(Visitor& v, GeneratorConfig& c) {
  v("family", c.family, "what kind of problem is made");
  v("seed", c.seed, "same seed, same problems");
  v("operations", c.operations, "operations per problem; countdown uses one number more",
    in_range(1, 16));
  v("max_operand", c.max_operand, "largest number written in a problem", in_range(2, 1'000'000));
  v("max_value", c.max_value, "no intermediate or final value lies beyond this, in magnitude",
    in_range(1, 1'000'000'000));
  v("operators", c.operators, "which of + - * / may occur; / only where it divides evenly");
  v("parentheses", c.parentheses, "share of arithmetic operations that get parentheses",
    in_range(0, 1));
  v("negative", c.negative, "values below zero may occur on the way and as answers");
  v("wrong_attempts", c.wrong_attempts, "countdown: up to so many failed tries in a demonstration",
    in_range(0, 100));
  v("worked", c.worked,
    "share of demonstrations that show their steps; the others answer at once, after an empty "
    "thought",
    in_range(0, 1));
  v("held_out", c.held_out, "share of all problem texts that only the held-out split may use",
    in_range(0, 1));
}

/// Why a generator of these parameters, each in its range, makes no problem; empty when it does.
std::string why_impossible(const GeneratorConfig& config);

template <class Rules>
void rules(const Rules& r, const GeneratorConfig& c) {
  r(!c.operators.empty() && c.operators.find_first_not_of("+-*/") == std::string::npos, "operators",
    "expected some of + - * /, got \"{}\"", c.operators);
  r(c.held_out < 1, "held_out", "expected below 1: training needs problems too");
  const std::string why = why_impossible(c);
  r(why.empty(), "", "{}", why);
}

/// arithmetic  "(12+7)*3-4=?"            think: "12+7=19; 19*3=57; 57-4=53"       answer: "53"
/// linear      "3x+4=19; x=?"            think: "3x=19-4=15; x=15/3=5"           answer: "5"
///             "5x-2=3x+8; x=?"          think: "5x-3x=2x; 2x=8+2=10; x=10/2=5"  (operations > 2)
/// countdown   "use 1 2 3 5 to make 16"  think: "2*3=6; 6+5=11 no; 3*5=15; …"  answer: "3*5+2-1"
///
/// `at(split, i)` depends on the config, the split and i only, in any order of calls. A text
/// belongs to one split for every seed, because the split is a function of the text (its FNV-1a
/// hash), so train and held-out problems never overlap; within a split texts may repeat when the
/// family is small.
class Generator {
 public:
  /// Throws Error (exit code 2) on parameters that allow no problem.
  explicit Generator(const GeneratorConfig& config);

  Problem problem(Split split, int64_t index) const;
  /// The same problem with its answer in the `<think>…</think><answer>…</answer>` form; a share
  /// `worked` of all indices (by seed and index alone) has the steps as its thought, the others
  /// none.
  Demonstration demonstration(Split split, int64_t index) const;

  std::vector<Problem> problems(Split split, int64_t count) const;
  std::vector<Demonstration> demonstrations(Split split, int64_t count) const;

  const GeneratorConfig& config() const { return config_; }

 private:
  GeneratorConfig config_;
};

/// The split that a problem text belongs to.
Split split_of(std::string_view prompt, double held_out);

}  // namespace grpo::datasets
