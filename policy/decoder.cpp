#include "policy/decoder.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "kernels/matmul.h"
#include "policy/weights/hf_names.h"

namespace grpo::policy {

std::pair<std::string, int64_t> split_expert_name(const std::string& name) {
  const size_t at = name.find(".experts.");
  if (at == std::string::npos) return {name, -1};
  const size_t begin = at + 9, end = name.find('.', begin);
  return {name.substr(0, begin) + name.substr(end + 1),
          std::stoll(name.substr(begin, end - begin))};
}

Decoder::Decoder(ModelConfig config) : config_(std::move(config)), rope_(config_.rope) {
  add_parameters();
  embed_ = weight("embed");
  final_norm_ = tensor("final_norm");
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    layers_.push_back(make_layer(i));
    if (layers_.back().config.moe) moe_layers_.push_back(i);
  }
}

void Decoder::add_parameters() {
  for (const ParameterInfo& info : parameter_list(config_)) {
    const auto [name, expert] = split_expert_name(info.name);
    if (expert > 0) continue;  // expert 0 makes the whole stack
    Parameter p{name, info.shape, {}};
    if (expert == 0) p.shape.insert(p.shape.begin(), config_.moe.num_experts);
    if (p.is_matrix()) {
      // Zeros: the packed form's padding rows stay zero for ever.
      p.value = at::zeros({p.experts() * kernels::packed_size(p.out(), p.in())}, at::kFloat);
    } else {
      p.value = at::zeros({p.shape[0]}, at::kFloat);
    }
    index_[name] = parameters_.size();
    parameters_.push_back(std::move(p));
  }
}

const Parameter& Decoder::parameter(const std::string& name) const {
  const auto it = index_.find(name);
  check(it != index_.end(), "{}: no such parameter", name);
  return parameters_[it->second];
}

Parameter& Decoder::parameter(const std::string& name) {
  return const_cast<Parameter&>(std::as_const(*this).parameter(name));
}

Weight Decoder::weight(const std::string& name) {
  if (!index_.contains(name)) return {};
  const Parameter& p = parameter(name);
  return {p.value, p.out(), p.in()};
}

Tensor Decoder::tensor(const std::string& name) {
  return index_.contains(name) ? parameter(name).value : Tensor();
}

Decoder::Layer Decoder::make_layer(int64_t index) {
  const std::string at = "layers." + std::to_string(index);
  const std::string a = at + ".attention.", f = at + ".ffn.";
  Layer l;
  l.config = config_.layers[static_cast<size_t>(index)];
  l.attention_norm = tensor(at + ".attention_norm");
  l.ffn_norm = tensor(at + ".ffn_norm");
  l.q = weight(a + "q");
  l.k = weight(a + "k");
  l.v = weight(a + "v");
  l.o = weight(a + "o");
  l.q_bias = tensor(a + "q.bias");
  l.k_bias = tensor(a + "k.bias");
  l.v_bias = tensor(a + "v.bias");
  l.o_bias = tensor(a + "o.bias");
  l.q_norm = tensor(a + "q_norm");
  l.k_norm = tensor(a + "k_norm");
  l.q_a = weight(a + "q_a");
  l.q_b = weight(a + "q_b");
  l.kv_a = weight(a + "kv_a");
  l.kv_b = weight(a + "kv_b");
  l.q_a_norm = tensor(a + "q_a_norm");
  l.kv_a_norm = tensor(a + "kv_a_norm");
  const std::string d = l.config.moe ? f + "shared." : f;
  l.dense = {weight(d + "gate"),      weight(d + "up"),      weight(d + "down"),
             tensor(d + "gate.bias"), tensor(d + "up.bias"), tensor(d + "down.bias")};
  l.router = weight(f + "router");
  l.correction_bias = tensor(f + "correction_bias");
  l.experts = {weight(f + "experts.gate"), weight(f + "experts.up"), weight(f + "experts.down"),
               config_.moe.num_experts};
  return l;
}

Weight Decoder::head() const {
  if (!index_.contains("head")) return embed_;
  const Parameter& p = parameter("head");
  return {p.value, p.out(), p.in()};
}

void Decoder::initialize(uint64_t seed, double std) {
  const double residual = 1 / std::sqrt(2.0 * static_cast<double>(config_.num_layers));
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = parameters_[i];
    if (!p.is_matrix()) {
      p.value.fill_(p.name.ends_with("norm") ? 1.0 : 0.0);
      continue;
    }
    Random random(seed, i);
    const bool to_residual = p.name.ends_with(".o") || p.name.ends_with(".down");
    const double scale = std * (to_residual ? residual : 1.0);
    std::vector<float> row(static_cast<size_t>(p.in()));
    for (int64_t e = 0; e < p.experts(); ++e) {
      for (int64_t o = 0; o < p.out(); ++o) {
        for (float& x : row) x = static_cast<float>(scale * random.normal());
        p.write_plain(e, o, o + 1, row.data());
      }
    }
  }
}

void Decoder::set_requires_grad(bool on) {
  for (Parameter& p : parameters_) {
    // The correction bias steers the choice of experts by rule, not by gradient.
    p.value.set_requires_grad(on && !p.name.ends_with("correction_bias"));
  }
}

void Decoder::zero_grad() {
  for (Parameter& p : parameters_) {
    if (p.value.grad().defined()) p.value.mutable_grad().zero_();
  }
}

KvPages Decoder::make_pages(int64_t num_pages) const {
  const AttentionConfig& a = config_.attention;
  KvPages pages{num_pages, {}, {}};
  for (int64_t i = 0; i < config_.num_layers; ++i) {
    pages.keys.push_back(
        at::zeros({num_pages, a.num_kv_heads, a.head_dim, kernels::kPageSize}, at::kFloat));
    pages.values.push_back(
        at::zeros({num_pages, a.num_kv_heads, kernels::kPageSize, a.v_head_dim}, at::kFloat));
  }
  return pages;
}

int64_t Decoder::page_bytes() const {
  const AttentionConfig& a = config_.attention;
  return config_.num_layers * a.num_kv_heads * (a.head_dim + a.v_head_dim) * kernels::kPageSize *
         static_cast<int64_t>(sizeof(float));
}

}  // namespace grpo::policy
