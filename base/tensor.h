#pragma once

#include <ATen/core/Tensor.h>

namespace grpo {

using Tensor = at::Tensor;

}  // namespace grpo
