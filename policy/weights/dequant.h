#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace grpo::policy {

/// How a stored tensor's numbers are written: plain floats, FP8 (its block scales are a tensor of
/// their own), and GGUF's blocks. Layouts: docs/models.md; ggml's ggml-common.h.
enum class StoredType {
  kF64,
  kF32,
  kF16,
  kBf16,
  kF8E4m3,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2K,
  kQ3K,
  kQ4K,
  kQ5K,
  kQ6K,
};

/// Numbers come in blocks; a plain type has blocks of one.
struct BlockLayout {
  int64_t elements;
  int64_t bytes;
};
BlockLayout block_layout(StoredType type);

/// Bytes of a run of elements, a multiple of the block's.
int64_t stored_bytes(StoredType type, int64_t num_elements);

/// "float32", "bfloat16", "float8_e4m3", "q4_K", …
std::string_view type_name(StoredType type);

/// From the name in a safetensors header (F32, BF16, F8_E4M3, …) or GGUF's type id; nothing for the
/// types that hold no weights this program reads.
std::optional<StoredType> from_safetensors_dtype(std::string_view dtype);
std::optional<StoredType> from_gguf_type(uint32_t id);
/// GGUF's id of a type; Error for FP8, which has none.
uint32_t gguf_type_id(StoredType type);

/// Widens `num_elements` numbers, a multiple of the block's elements, to float32. Exact, except
/// that float64 is rounded. `bytes` needs no alignment.
void dequantize(StoredType type, const std::byte* bytes, int64_t num_elements, float* out);

/// The counterpart, for the types that are written: float32, float16, bfloat16 (nearest, ties to
/// even) and q8_0 (ggml's quantize_row_q8_0_ref: d = max |x| / 127, q = x / d rounded half away
/// from zero, d then as float16). Whole blocks; `out` holds stored_bytes(type, values.size()).
/// Throws Error (exit code 2), beginning with `where`, for a number beyond the type's range.
void quantize(StoredType type, std::span<const float> values, std::byte* out,
              std::string_view where);

float half_to_float(uint16_t bits);
float bfloat16_to_float(uint16_t bits);
float e4m3_to_float(uint8_t bits);  ///< the "fn" form: no infinity, NaN is S.1111.111
/// Round to nearest, ties to even; NaN stays NaN.
uint16_t float_to_half(float value);
uint16_t float_to_bfloat16(float value);

}  // namespace grpo::policy
