#include "policy/weights/family.h"

#include <algorithm>
#include <array>

namespace grpo::policy {
namespace {

using enum BiasRule;
using enum WindowRule;

constexpr std::array kFamilies = {
    Family{.model_type = "llama",
           .architecture = "LlamaForCausalLM",
           .bias = kByKey,
           .mlp_bias = true},
    Family{.model_type = "mistral",
           .architecture = "MistralForCausalLM",
           .window = kEveryLayer,
           .missing_window = 4096},
    Family{.model_type = "qwen2",
           .architecture = "Qwen2ForCausalLM",
           .bias = kQkvAlways,
           .window = kByLayerTypes},
    Family{.model_type = "qwen3",
           .architecture = "Qwen3ForCausalLM",
           .bias = kByKey,
           .qk_norm = QkNorm::kPerHead,
           .window = kByLayerTypes},
    Family{.model_type = "qwen3_moe",
           .architecture = "Qwen3MoeForCausalLM",
           .bias = kByKey,
           .qk_norm = QkNorm::kPerHead,
           .moe = true,
           .window = kEveryLayer},
    Family{.model_type = "mixtral",
           .architecture = "MixtralForCausalLM",
           .moe = true,
           .window = kEveryLayer,
           .missing_theta = 1e6},
    Family{.model_type = "olmoe",
           .architecture = "OlmoeForCausalLM",
           .bias = kByKey,
           .qk_norm = QkNorm::kWholeProjection,
           .moe = true},
    Family{.model_type = "phi3",
           .architecture = "Phi3ForCausalLM",
           .window = kEveryLayer,
           .fused_projections = true},
    Family{.model_type = "granite",
           .architecture = "GraniteForCausalLM",
           .bias = kByKey,
           .mlp_bias = true},
    Family{.model_type = "smollm3",
           .architecture = "SmolLM3ForCausalLM",
           .bias = kByKey,
           .mlp_bias = true,
           .window = kByLayerTypes,
           .missing_tied = true,
           .missing_theta = 2e6},
    Family{.model_type = "deepseek_v2",
           .architecture = "DeepseekV2ForCausalLM",
           .attention = AttentionKind::kMla,
           .moe = true},
    Family{.model_type = "deepseek_v3",
           .architecture = "DeepseekV3ForCausalLM",
           .attention = AttentionKind::kMla,
           .moe = true},
};

}  // namespace

const Family* find_family(std::string_view model_type) {
  const auto it = std::ranges::find(kFamilies, model_type, &Family::model_type);
  return it == kFamilies.end() ? nullptr : &*it;
}

std::string_view known_families() {
  return "llama, mistral, qwen2, qwen3, qwen3_moe, mixtral, olmoe, phi3, granite, smollm3, "
         "deepseek_v2, deepseek_v3";
}

}  // namespace grpo::policy
