#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "policy/weights/dequant.h"
#include "policy/weights/hf_names.h"

namespace grpo::policy {

class WeightReader;

/// Gives rows [begin, end) of a parameter (hf_names.h) as float32.
using RowSource =
    std::function<void(std::string_view own_name, int64_t begin, int64_t end, float* out)>;

/// The parameters of a published checkpoint, which must outlive what is given.
RowSource rows_of(const WeightReader& reader);

/// Hands a parameter to `sink` in the given type, some rows at a time. `tensor` is its name in
/// errors. Throws Error where a value does not fit the type.
void send_rows(const RowSource& source, const ParameterInfo& parameter, StoredType type,
               const std::string& tensor,
               const std::function<void(std::span<const std::byte>)>& sink);

}  // namespace grpo::policy
