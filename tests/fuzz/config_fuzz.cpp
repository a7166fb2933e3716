// Any bytes as a config.json. A configuration that is accepted must come back from the config.json
// that is written of it.

#include "base/error.h"
#include "policy/model_config.h"
#include "policy/weights/strict_json.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {

void config(std::string_view bytes) {
  using policy::ModelConfig;
  try {
    const auto json = policy::parse_strict_json(bytes, "config.json");
    const auto config = ModelConfig::from_hf(json, "config.json");
    require(config.num_active_parameters() <= config.num_parameters(), "active parameters");
    require(config.num_active_parameters() > 0, "parameters");
    require(config.context_limit() > 0 && config.kv_elements_per_token() > 0, "sizes");
    require(ModelConfig::from_hf(config.to_hf(), "written") == config, "round trip");
  } catch (const Error&) {
  }
}

}  // namespace grpo::fuzz
