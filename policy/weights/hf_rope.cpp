#include "policy/weights/hf_rope.h"

#include <cmath>

#include "base/error.h"

namespace grpo::policy {
namespace {

RopeScalingKind scaling_kind(JsonFields& f, const Family& family) {
  const std::string type = f.text("type", "");
  const std::string rope_type = f.text("rope_type", "");
  check_input(type.empty() || rope_type.empty() || type == rope_type,
              "{}: type '{}' and rope_type '{}' differ", f.where(), type, rope_type);
  const std::string kind = rope_type.empty() ? type : rope_type;
  if (kind == "default") return RopeScalingKind::kNone;
  if (kind == "linear") return RopeScalingKind::kLinear;
  if (kind == "llama3") return RopeScalingKind::kLlama3;
  const bool phi3 = family.model_type == "phi3";
  // Phi-3's first releases call longrope `su`, or `yarn` (transformers rewrites both).
  if (phi3 && (kind == "longrope" || kind == "su" || kind == "yarn")) {
    return RopeScalingKind::kLongrope;
  }
  if (kind == "yarn") return RopeScalingKind::kYarn;
  throw Error(fmt::format("{}: rope_type: '{}' is not supported; known: default, linear, llama3, "
                          "yarn, longrope (phi3)",
                          f.where(), kind),
              2);
}

void read_yarn(JsonFields& f, RopeConfig& rope, int64_t max_context) {
  rope.factor = f.number("factor");
  rope.original_context =
      f.number("original_max_position_embeddings", static_cast<double>(max_context));
  rope.beta_fast = f.number("beta_fast", 32);
  rope.beta_slow = f.number("beta_slow", 1);
  rope.yarn_truncate = f.boolean("truncate", true);
  rope.mscale = f.number("mscale", 0);
  rope.mscale_all_dim = f.number("mscale_all_dim", 0);
  const bool both = rope.mscale != 0 && rope.mscale_all_dim != 0;
  rope.cos_sin_factor =
      both ? yarn_mscale(rope.factor, rope.mscale) / yarn_mscale(rope.factor, rope.mscale_all_dim)
           : yarn_mscale(rope.factor, 1);
  rope.cos_sin_factor = f.number("attention_factor", rope.cos_sin_factor);
}

void read_longrope(JsonFields& f, RopeConfig& rope, double original, int64_t max_context) {
  rope.short_factors = f.numbers("short_factor");
  rope.long_factors = f.numbers("long_factor");
  const auto want = static_cast<size_t>(rope.rotary_dim / 2);
  check_input(rope.short_factors.size() == want && rope.long_factors.size() == want,
              "{}: short_factor, long_factor: expected {} numbers, got {} and {}", f.where(), want,
              rope.short_factors.size(), rope.long_factors.size());
  rope.original_context = f.number("original_max_position_embeddings", original);
  check_input(rope.original_context > 1, "{}: original_max_position_embeddings: missing",
              f.where());
  rope.factor = static_cast<double>(max_context) / rope.original_context;
  if (rope.factor > 1) {
    rope.cos_sin_factor = std::sqrt(1 + std::log(rope.factor) / std::log(rope.original_context));
  }
  rope.cos_sin_factor = f.number("attention_factor", rope.cos_sin_factor);
}

/// `f` is `rope_scaling` or `rope_parameters`.
void read_scaling(JsonFields& f, const Family& family, RopeConfig& rope, double original,
                  int64_t max_context) {
  rope.scaling = scaling_kind(f, family);
  switch (rope.scaling) {
    case RopeScalingKind::kNone:
      f.ignore("factor");  // written by some tools beside "default", where it has no effect
      break;
    case RopeScalingKind::kLinear:
      rope.factor = f.number("factor");
      break;
    case RopeScalingKind::kLlama3:
      rope.factor = f.number("factor");
      rope.low_freq_factor = f.number("low_freq_factor");
      rope.high_freq_factor = f.number("high_freq_factor");
      rope.original_context = f.number("original_max_position_embeddings");
      check_input(rope.high_freq_factor > rope.low_freq_factor && rope.low_freq_factor > 0,
                  "{}: low_freq_factor {}, high_freq_factor {}: expected 0 < low < high", f.where(),
                  rope.low_freq_factor, rope.high_freq_factor);
      break;
    case RopeScalingKind::kYarn:
      read_yarn(f, rope, max_context);
      break;
    case RopeScalingKind::kLongrope:
      read_longrope(f, rope, original, max_context);
      break;
  }
  check_input(rope.factor > 0 && std::isfinite(rope.factor), "{}: factor: {} is out of range",
              f.where(), rope.factor);
}

}  // namespace

double yarn_mscale(double factor, double k) {
  return factor <= 1 ? 1.0 : 0.1 * k * std::log(factor) + 1.0;
}

double mla_softmax_scale(int64_t head_dim, const RopeConfig& rope) {
  double scale = 1 / std::sqrt(static_cast<double>(head_dim));
  if (rope.scaling == RopeScalingKind::kYarn && rope.mscale_all_dim != 0) {
    const double m = yarn_mscale(rope.factor, rope.mscale_all_dim);
    scale *= m * m;
  }
  return scale;
}

RopeConfig read_hf_rope(JsonFields& fields, const Family& family, int64_t rotary_dim,
                        int64_t max_context) {
  RopeConfig rope;
  rope.rotary_dim = rotary_dim;
  const nlohmann::json* joint = fields.find("rope_parameters");
  const nlohmann::json* scaling = fields.find("rope_scaling");
  check_input(!joint || !scaling, "{}: rope_parameters and rope_scaling: expected one of them",
              fields.where());
  rope.theta = fields.number("rope_theta", family.missing_theta);
  const double original = fields.number("original_max_position_embeddings", 0);
  if (joint || scaling) {
    const std::string key = joint ? "rope_parameters" : "rope_scaling";
    JsonFields f(joint ? *joint : *scaling, fields.where() + ": " + key);
    if (joint) {
      rope.theta = f.number("rope_theta", rope.theta);
      // A copy of the top-level key, which has been used for rotary_dim.
      if (fields.contains("partial_rotary_factor")) f.ignore("partial_rotary_factor");
    }
    read_scaling(f, family, rope, original, max_context);
    for (const std::string& name : f.unread()) {
      throw Error(fmt::format("{}: {}: not supported", f.where(), name), 2);
    }
  }
  check_input(rope.theta > 1 && std::isfinite(rope.theta), "{}: rope_theta: {} is out of range",
              fields.where(), rope.theta);
  return rope;
}

}  // namespace grpo::policy
