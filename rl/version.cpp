#include "rl/version.h"

namespace grpo::rl {

const char* commit() { return GRPO_COMMIT; }

}  // namespace grpo::rl
