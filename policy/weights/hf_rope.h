#pragma once

#include "policy/weights/family.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {

/// Rotary settings of config.json: `rope_theta` + `rope_scaling`, or the joint `rope_parameters`;
/// the kind under `rope_type` or `type`. `rotary_dim` and `max_context` are read before.
/// Rules: transformers, modeling_rope_utils.py.
RopeConfig read_hf_rope(JsonFields& fields, const Family& family, int64_t rotary_dim,
                        int64_t max_context);

/// YaRN's m(k) = 0.1 k ln(factor) + 1 (arXiv 2309.00071, section 3.4); 1 when nothing is stretched.
double yarn_mscale(double factor, double k);

/// Softmax scale of MLA: (nope + rope)^-1/2, times m(mscale_all_dim)^2 under YaRN. DeepSeek's own
/// code has the square for V2 and V3; transformers' deepseek_v2 leaves it out.
double mla_softmax_scale(int64_t head_dim, const RopeConfig& rope);

}  // namespace grpo::policy
