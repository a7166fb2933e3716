#include "rl/loss_json.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/enum_names.h"
#include "rl/advantage.h"
#include "rl/loss.h"

namespace grpo::rl {
namespace {

/// Keys that came after the documented form: rows without them stay valid.
constexpr std::array<std::string_view, 4> kLaterKeys = {"tau_positive", "tau_negative", "unbiased",
                                                        "entropy_weight"};

/// Reads a config struct through its `fields`, so that rows and recipes share names and bounds.
class JsonFields {
 public:
  explicit JsonFields(OrderedJsonObject object) : object_(std::move(object)) {}

  template <class T, class... C>
  void operator()(const char* key, T& out, const char* /*doc*/, const C&... constraints) {
    if constexpr (config_detail::is_optional<T>::value) {
      if (!object_.json().contains(key)) return;
      out = object_.template optional<typename T::value_type>(key);
      if (out) (check_bound(key, *out, constraints), ...);
    } else if constexpr (std::is_enum_v<T>) {
      out = choice<T>(key);
    } else if constexpr (config_detail::Scalar<T>) {
      for (const auto later : kLaterKeys) {
        if (later == key && !object_.has(key)) return;
      }
      out = object_.template required<T>(key);
      (check_bound(key, out, constraints), ...);
    } else {
      JsonFields inner(object_.object(key));
      fields(inner, out);
    }
  }

 private:
  template <class E>
  E choice(const char* key) const {
    const auto text = object_.required<std::string>(key);
    if (const auto value = find_named<E>(text)) return *value;
    object_.fail(key, fmt::format("expected one of \"{}\", got \"{}\"",
                                  fmt::join(names_of<E>(), "\", \""), text));
  }

  template <class T>
  void check_bound(const char* key, T number, const Constraint& c) const {
    const auto value = static_cast<double>(number);
    const bool above = c.low_is_allowed ? value >= c.low : value > c.low;
    if (c.kind == Constraint::Kind::range && !(above && value <= c.high)) {
      object_.fail(key, fmt::format("{} is out of range", value));
    }
  }

  OrderedJsonObject object_;
};

/// The row's tokens end to end, every completion one sequence.
struct Row {
  std::vector<std::vector<double>> rewards;  // [groups][completions]
  std::vector<double> logprob, old_logprob, rollout_logprob, ref_logprob;
  std::vector<uint8_t> mask;
  std::vector<int64_t> offsets = {0};
  bool all_have_rollout = true, all_have_ref = true;
};

std::vector<double> read_rewards(const OrderedJsonObject& group) {
  std::vector<double> rewards;
  for (const auto& item : group.required<std::vector<OrderedJson>>("rewards")) {
    if (item.is_null()) {
      rewards.push_back(std::numeric_limits<double>::quiet_NaN());
    } else {
      const OrderedJson wrapped = {{"rewards", item}};
      rewards.push_back(OrderedJsonObject(wrapped, group.where()).required<double>("rewards"));
    }
  }
  return rewards;
}

std::vector<double> read_tokens(const OrderedJsonObject& completion, const char* key,
                                std::size_t tokens) {
  auto values = completion.required<std::vector<double>>(key);
  if (values.size() != tokens) {
    completion.fail(
        key, fmt::format("expected {} values, as logprobs has, got {}", tokens, values.size()));
  }
  return values;
}

std::vector<uint8_t> read_mask(const OrderedJsonObject& completion, std::size_t tokens) {
  if (!completion.has("mask")) return std::vector<uint8_t>(tokens, 1);
  std::vector<uint8_t> mask;
  for (const auto& item : completion.required<std::vector<OrderedJson>>("mask")) {
    if (!item.is_boolean() && item != 0 && item != 1) {
      completion.fail("mask", "expected a list of 0 and 1");
    }
    mask.push_back(item.is_boolean() ? item.get<bool>() : item == 1);
  }
  if (mask.size() != tokens) {
    completion.fail(
        "mask", fmt::format("expected {} values, as logprobs has, got {}", tokens, mask.size()));
  }
  return mask;
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void read_completion(const OrderedJsonObject& completion, const LossConfig& config, Row& row) {
  const auto logprobs = completion.required<std::vector<double>>("logprobs");
  const std::size_t tokens = logprobs.size();
  append(row.logprob, logprobs);
  append(row.old_logprob, read_tokens(completion, "old_logprobs", tokens));
  const auto append_if_given = [&](const char* key, bool needed, std::vector<double>& to,
                                   bool& all_have) {
    if (needed || completion.has(key)) {
      append(to, read_tokens(completion, key, tokens));
    } else {
      all_have = false;
    }
  };
  append_if_given("rollout_logprobs", needs_rollout(config), row.rollout_logprob,
                  row.all_have_rollout);
  append_if_given("ref_logprobs", needs_reference(config), row.ref_logprob, row.all_have_ref);
  append(row.mask, read_mask(completion, tokens));
  row.offsets.push_back(static_cast<int64_t>(row.logprob.size()));
}

Row read_groups(const OrderedJsonObject& object, const LossConfig& config) {
  Row row;
  for (const auto& group : object.objects("groups")) {
    row.rewards.push_back(read_rewards(group));
    const auto completions = group.objects("completions");
    if (completions.size() != row.rewards.back().size()) {
      group.fail("completions", fmt::format("expected {}, as there are rewards, got {}",
                                            row.rewards.back().size(), completions.size()));
    }
    for (const auto& completion : completions) read_completion(completion, config, row);
  }
  return row;
}

template <class T>
Tensor to_tensor(const std::vector<T>& values, at::ScalarType type) {
  return at::tensor(at::ArrayRef<T>(values), at::TensorOptions().dtype(type));
}

OrderedJson numbers(const double* begin, int64_t count) {
  auto list = OrderedJson::array();
  for (int64_t i = 0; i < count; ++i) list.push_back(json_number(begin[i]));
  return list;
}

/// Advantages of the row's groups, then the loss of all its tokens as one batch.
void compute(const Row& row, const AdvantageConfig& advantage_config, const LossConfig& config,
             OrderedJson& out) {
  check_config(config, "loss");
  const auto advantages = group_advantages(row.rewards, advantage_config);
  std::vector<double> per_token;
  std::size_t sequence = 0;
  for (const auto& group : advantages) {
    for (const double a : group) {
      per_token.resize(static_cast<std::size_t>(row.offsets[++sequence]), a);
    }
  }
  LossInputs in;
  in.logprob = to_tensor(row.logprob, at::kDouble).set_requires_grad(true);
  in.old_logprob = to_tensor(row.old_logprob, at::kDouble);
  in.advantage = to_tensor(per_token, at::kDouble);
  in.mask = to_tensor(row.mask, at::kByte);
  in.offsets = to_tensor(row.offsets, at::kLong);
  if (row.all_have_rollout) in.rollout_logprob = to_tensor(row.rollout_logprob, at::kDouble);
  if (row.all_have_ref) in.ref_logprob = to_tensor(row.ref_logprob, at::kDouble);
  const LossScale scale{.tokens = in.mask.sum().item<int64_t>(),
                        .completions = static_cast<int64_t>(sequence)};
  const LossResult result = policy_loss(in, scale, config);
  result.loss.backward();
  const auto grad = in.logprob.grad().contiguous();

  out["advantages"] = OrderedJson::array();
  out["loss"] = json_number(result.loss.item<double>());
  out["grad"] = OrderedJson::array();
  sequence = 0;
  for (const auto& group : advantages) {
    out["advantages"].push_back(numbers(group.data(), static_cast<int64_t>(group.size())));
    auto group_grad = OrderedJson::array();
    for (std::size_t i = 0; i < group.size(); ++i, ++sequence) {
      const int64_t begin = row.offsets[sequence];
      group_grad.push_back(
          numbers(grad.data_ptr<double>() + begin, row.offsets[sequence + 1] - begin));
    }
    out["grad"].push_back(std::move(group_grad));
  }
  out["metrics"] = OrderedJson::object();
  for (const auto& [name, value] : result.metrics.named())
    out["metrics"][name] = json_number(value);
}

}  // namespace

OrderedJson inspect_loss(const OrderedJson& row, const std::string& where) {
  const OrderedJsonObject object(row, where);
  const auto id = object.required<OrderedJson>("id");
  AdvantageConfig advantage;
  LossConfig loss;
  JsonFields advantage_fields(object.object("advantage"));
  fields(advantage_fields, advantage);
  JsonFields loss_fields(object.object("loss"));
  fields(loss_fields, loss);
  const Row tokens = read_groups(object, loss);
  OrderedJson out = {{"id", id}};
  try {
    compute(tokens, advantage, loss, out);
  } catch (const Error& error) {
    out = {{"id", id}, {"error", error.what()}};
  }
  return out;
}

}  // namespace grpo::rl
