#include "policy/weights/dequant.h"

#include <array>
#include <cstring>

#include "base/error.h"

namespace grpo::policy {
namespace {

uint8_t u8(const std::byte* p) { return std::to_integer<uint8_t>(*p); }
int8_t i8(const std::byte* p) { return static_cast<int8_t>(u8(p)); }

template <class T>
T load(const std::byte* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

float half_at(const std::byte* p) { return half_to_float(load<uint16_t>(p)); }

// Each function below widens one block. Field order and formulas: docs/models.md, GGUF blocks.

void q8_0(const std::byte* b, float* out) {
  const float d = half_at(b);
  for (int j = 0; j < 32; ++j) out[j] = d * static_cast<float>(i8(b + 2 + j));
}

void q4_0(const std::byte* b, float* out) {
  const float d = half_at(b);
  for (int j = 0; j < 16; ++j) {
    const int q = u8(b + 2 + j);
    out[j] = d * static_cast<float>((q & 15) - 8);
    out[j + 16] = d * static_cast<float>((q >> 4) - 8);
  }
}

void q4_1(const std::byte* b, float* out) {
  const float d = half_at(b);
  const float m = half_at(b + 2);
  for (int j = 0; j < 16; ++j) {
    const int q = u8(b + 4 + j);
    out[j] = d * static_cast<float>(q & 15) + m;
    out[j + 16] = d * static_cast<float>(q >> 4) + m;
  }
}

/// The nibbles of byte j with the fifth bits of elements j and j + 16.
struct FiveBits {
  int low, high;
};
FiveBits five_bits(uint32_t qh, int q, int j) {
  return {.low = (q & 15) | static_cast<int>(qh >> j & 1) << 4,
          .high = q >> 4 | static_cast<int>(qh >> (j + 16) & 1) << 4};
}

void q5_0(const std::byte* b, float* out) {
  const float d = half_at(b);
  const auto qh = load<uint32_t>(b + 2);
  for (int j = 0; j < 16; ++j) {
    const FiveBits q = five_bits(qh, u8(b + 6 + j), j);
    out[j] = d * static_cast<float>(q.low - 16);
    out[j + 16] = d * static_cast<float>(q.high - 16);
  }
}

void q5_1(const std::byte* b, float* out) {
  const float d = half_at(b);
  const float m = half_at(b + 2);
  const auto qh = load<uint32_t>(b + 4);
  for (int j = 0; j < 16; ++j) {
    const FiveBits q = five_bits(qh, u8(b + 8 + j), j);
    out[j] = d * static_cast<float>(q.low) + m;
    out[j + 16] = d * static_cast<float>(q.high) + m;
  }
}

void q2_k(const std::byte* b, float* out) {
  const float d = half_at(b + 80);
  const float dmin = half_at(b + 82);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, shift = i % 128 / 32 * 2, l = i % 32;
    const int scale = u8(b + i / 16);  // one per 16 elements: low nibble scale, high nibble minimum
    const int q = u8(b + 16 + half * 32 + l) >> shift & 3;
    out[i] = d * static_cast<float>(scale & 15) * static_cast<float>(q) -
             dmin * static_cast<float>(scale >> 4);
  }
}

void q3_k(const std::byte* b, float* out) {
  const std::byte* scales = b + 96;
  const float d = half_at(b + 108);
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, shift = i % 128 / 32 * 2, l = i % 32;
    const int group = i / 16;
    const int low = u8(scales + group % 8) >> (group / 8 * 4) & 15;
    const int high = u8(scales + 8 + group % 4) >> (group / 4 * 2) & 3;
    const int scale = (low | high << 4) - 32;
    const bool keep = (u8(b + l) >> (i / 32) & 1) != 0;  // hmask: one bit further per 32 elements
    const int q = (u8(b + 32 + half * 32 + l) >> shift & 3) - (keep ? 0 : 4);
    out[i] = d * static_cast<float>(scale) * static_cast<float>(q);
  }
}

/// Six-bit scale and minimum of sub-block j, shared by Q4_K and Q5_K.
struct ScaleMin {
  int scale, min;
};
ScaleMin scale_min(const std::byte* b, int j) {
  if (j < 4) return {.scale = u8(b + j) & 63, .min = u8(b + j + 4) & 63};
  return {.scale = (u8(b + j + 4) & 15) | u8(b + j - 4) >> 6 << 4,
          .min = u8(b + j + 4) >> 4 | u8(b + j) >> 6 << 4};
}

/// Q4_K, and Q5_K when `qh` holds the fifth bits.
void q4_or_q5_k(const std::byte* b, const std::byte* qs, const std::byte* qh, float* out) {
  const float d = half_at(b);
  const float dmin = half_at(b + 2);
  for (int sub = 0; sub < 8; ++sub) {
    const ScaleMin s = scale_min(b + 4, sub);
    const float scale = d * static_cast<float>(s.scale);
    const float min = dmin * static_cast<float>(s.min);
    const std::byte* nibbles = qs + sub / 2 * 32;
    for (int l = 0; l < 32; ++l) {
      int q = sub % 2 == 0 ? u8(nibbles + l) & 15 : u8(nibbles + l) >> 4;
      if (qh && (u8(qh + l) >> sub & 1) != 0) q += 16;
      out[sub * 32 + l] = scale * static_cast<float>(q) - min;
    }
  }
}

void q4_k(const std::byte* b, float* out) { q4_or_q5_k(b, b + 16, nullptr, out); }
void q5_k(const std::byte* b, float* out) { q4_or_q5_k(b, b + 48, b + 16, out); }

void q6_k(const std::byte* b, float* out) {
  const float d = half_at(b + 208);
  for (int half = 0; half < 2; ++half) {
    const std::byte* ql = b + half * 64;
    const std::byte* qh = b + 128 + half * 32;
    const std::byte* scales = b + 192 + half * 8;
    for (int l = 0; l < 32; ++l) {
      for (int quarter = 0; quarter < 4; ++quarter) {
        const int byte = u8(ql + l + quarter % 2 * 32);
        const int low = quarter < 2 ? byte & 15 : byte >> 4;
        const int q = (low | (u8(qh + l) >> 2 * quarter & 3) << 4) - 32;
        const float scale = d * static_cast<float>(i8(scales + l / 16 + 2 * quarter));
        out[half * 128 + quarter * 32 + l] = scale * static_cast<float>(q);
      }
    }
  }
}

void f64(const std::byte* b, float* out) { *out = static_cast<float>(load<double>(b)); }
void f32(const std::byte* b, float* out) { *out = load<float>(b); }
void f16(const std::byte* b, float* out) { *out = half_at(b); }
void bf16(const std::byte* b, float* out) { *out = bfloat16_to_float(load<uint16_t>(b)); }
void f8_e4m3(const std::byte* b, float* out) {
  static const auto table = [] {
    std::array<float, 256> values{};
    for (size_t i = 0; i < 256; ++i) values[i] = e4m3_to_float(static_cast<uint8_t>(i));
    return values;
  }();
  *out = table[u8(b)];
}

template <void (*kBlock)(const std::byte*, float*), int kElements, int kBytes>
void blocks(const std::byte* bytes, int64_t num_blocks, float* out) {
  for (int64_t i = 0; i < num_blocks; ++i) kBlock(bytes + i * kBytes, out + i * kElements);
}

struct TypeRow {
  StoredType type;
  std::string_view name;
  std::string_view safetensors;  // empty: not a safetensors type
  int gguf;                      // -1: not a GGUF type
  BlockLayout layout;
  void (*widen)(const std::byte*, int64_t num_blocks, float*);
};

template <void (*kBlock)(const std::byte*, float*), int kElements, int kBytes>
constexpr TypeRow row(StoredType type, std::string_view name, std::string_view safetensors,
                      int gguf) {
  return {type, name, safetensors, gguf, {kElements, kBytes}, blocks<kBlock, kElements, kBytes>};
}

constexpr TypeRow kTypes[] = {
    // in the enum's order
    row<f64, 1, 8>(StoredType::kF64, "float64", "F64", 28),
    row<f32, 1, 4>(StoredType::kF32, "float32", "F32", 0),
    row<f16, 1, 2>(StoredType::kF16, "float16", "F16", 1),
    row<bf16, 1, 2>(StoredType::kBf16, "bfloat16", "BF16", 30),
    row<f8_e4m3, 1, 1>(StoredType::kF8E4m3, "float8_e4m3", "F8_E4M3", -1),
    row<q4_0, 32, 18>(StoredType::kQ4_0, "q4_0", "", 2),
    row<q4_1, 32, 20>(StoredType::kQ4_1, "q4_1", "", 3),
    row<q5_0, 32, 22>(StoredType::kQ5_0, "q5_0", "", 6),
    row<q5_1, 32, 24>(StoredType::kQ5_1, "q5_1", "", 7),
    row<q8_0, 32, 34>(StoredType::kQ8_0, "q8_0", "", 8),
    row<q2_k, 256, 84>(StoredType::kQ2K, "q2_K", "", 10),
    row<q3_k, 256, 110>(StoredType::kQ3K, "q3_K", "", 11),
    row<q4_k, 256, 144>(StoredType::kQ4K, "q4_K", "", 12),
    row<q5_k, 256, 176>(StoredType::kQ5K, "q5_K", "", 13),
    row<q6_k, 256, 210>(StoredType::kQ6K, "q6_K", "", 14),
};

const TypeRow& row_of(StoredType type) { return kTypes[static_cast<size_t>(type)]; }

}  // namespace

BlockLayout block_layout(StoredType type) { return row_of(type).layout; }

int64_t stored_bytes(StoredType type, int64_t num_elements) {
  const BlockLayout layout = block_layout(type);
  return num_elements / layout.elements * layout.bytes;
}

std::string_view type_name(StoredType type) { return row_of(type).name; }

std::optional<StoredType> from_safetensors_dtype(std::string_view dtype) {
  for (const TypeRow& r : kTypes) {
    if (!dtype.empty() && r.safetensors == dtype) return r.type;
  }
  return std::nullopt;
}

std::optional<StoredType> from_gguf_type(uint32_t id) {
  for (const TypeRow& r : kTypes) {
    if (r.gguf >= 0 && static_cast<uint32_t>(r.gguf) == id) return r.type;
  }
  return std::nullopt;
}

uint32_t gguf_type_id(StoredType type) {
  const TypeRow& r = row_of(type);
  check(r.gguf >= 0, "{}: GGUF has no such type", r.name);
  return static_cast<uint32_t>(r.gguf);
}

void dequantize(StoredType type, const std::byte* bytes, int64_t num_elements, float* out) {
  const TypeRow& r = row_of(type);
  check(num_elements % r.layout.elements == 0, "{} elements are no whole blocks of {}",
        num_elements, r.name);
  r.widen(bytes, num_elements / r.layout.elements, out);
}

}  // namespace grpo::policy
