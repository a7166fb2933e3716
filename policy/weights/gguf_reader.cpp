#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "policy/weights/gguf.h"
#include "policy/weights/gguf_architecture.h"
#include "policy/weights/weight_reader.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

class GgufReader final : public WeightReader {
 public:
  explicit GgufReader(std::vector<GgufFile> files);

 private:
  /// kv_b of DeepSeek, of which current files hold the two parts of every head.
  struct KvParts {
    const GgufTensor* k = nullptr;  // per head transposed: [heads, kv_lora, nope]
    const GgufTensor* v = nullptr;  // [heads, v, kv_lora]
  };
  struct Stored {
    const GgufTensor* tensor = nullptr;  // nullptr: in parts
    KvParts parts;
    int64_t permuted_head = 0;  // head size where q or k rows are permuted, else 0
  };

  const GgufTensor* find(const std::string& name);
  Stored store(const ParameterInfo& parameter, const TensorPlace& place);
  void read(size_t index, int64_t begin, int64_t end, float* out) const override;
  std::string stored_name(size_t index) const override {
    const Stored& s = stored_[index];
    return s.tensor ? s.tensor->name : s.parts.k->name + ", " + s.parts.v->name;
  }
  void read_kv_b(const KvParts& parts, int64_t begin, int64_t end, float* out) const;

  std::vector<GgufFile> files_;
  bool permuted_ = false;
  std::vector<Stored> stored_;  // by parameter
  std::set<std::string> used_;
};

GgufReader::GgufReader(std::vector<GgufFile> files) : files_(std::move(files)) {
  set_config(files_[0].path(), ModelConfig::from_gguf(files_[0]), gguf_place);
  permuted_ = find_gguf_architecture(config().model_type)->permuted;
  for (size_t i = 0; i < parameters().size(); ++i) {
    stored_.push_back(store(parameters()[i], place(i)));
  }
  used_.insert("rope_freqs.weight");  // in the configuration
  for (const GgufFile& part : files_) {
    for (const GgufTensor& tensor : part.tensors()) {
      const bool prediction_layer = config().attention.kind == AttentionKind::kMla &&
                                    tensor.name.starts_with("blk.") &&
                                    std::atoll(tensor.name.c_str() + 4) >= config().num_layers;
      check_input(used_.contains(tensor.name) || prediction_layer,
                  "{}: {}: not part of a {} model of this metadata", part.path().string(),
                  tensor.name, config().model_type);
    }
  }
}

const GgufTensor* GgufReader::find(const std::string& name) {
  for (const GgufFile& file : files_) {
    if (const GgufTensor* tensor = file.find(name)) {
      used_.insert(name);
      return tensor;
    }
  }
  return nullptr;
}

GgufReader::Stored GgufReader::store(const ParameterInfo& parameter, const TensorPlace& place) {
  const std::string file = files_[0].path().string();
  const auto require = [&](const std::string& name, const std::vector<int64_t>& shape) {
    const GgufTensor* tensor = find(name);
    check_input(tensor != nullptr, "{}: {}: missing", file, name);
    check_input(tensor->shape == shape, "{}: {}: expected [{}], got [{}]", file, name,
                fmt::join(shape, ", "), fmt::join(tensor->shape, ", "));
    return tensor;
  };
  Stored stored;
  const AttentionConfig& a = config().attention;
  if (parameter.name.ends_with("attention.kv_b") && !find(place.name)) {
    const std::string stem = place.name.substr(0, place.name.find("attn_kv_b"));
    stored.parts.k = require(stem + "attn_k_b.weight", {a.num_heads, a.kv_lora_rank, a.nope_dim});
    stored.parts.v = require(stem + "attn_v_b.weight", {a.num_heads, a.v_head_dim, a.kv_lora_rank});
    return stored;
  }
  stored.tensor = require(place.name, place.shape);
  if (permuted_ && is_rotated(parameter.name)) stored.permuted_head = a.head_dim;
  check_input(place.shape.size() > 1 || block_layout(stored.tensor->type).elements == 1,
              "{}: {}: {} is not supported for a vector", file, place.name,
              type_name(stored.tensor->type));
  return stored;
}

void GgufReader::read(size_t index, int64_t begin, int64_t end, float* out) const {
  const Stored& stored = stored_[index];
  if (!stored.tensor) {
    read_kv_b(stored.parts, begin, end, out);
    return;
  }
  const TensorPlace at = place(index);
  const int64_t columns = at.shape.size() > 1 ? at.shape.back() : 1;
  const StoredType type = stored.tensor->type;
  const auto read_from = [&](int64_t row, int64_t count, float* to) {
    const int64_t first = (at.first_row + row) * columns;
    dequantize(type, stored.tensor->bytes.data() + stored_bytes(type, first), count * columns, to);
  };
  const int64_t head = stored.permuted_head;
  const auto release = [&](int64_t row, int64_t count) {
    // With what the system may have mapped around the first page touched: a folio of up to 2 MiB.
    const int64_t first = stored_bytes(type, (at.first_row + row) * columns);
    const int64_t begin_at = std::max<int64_t>(0, first - (2 << 20));
    const int64_t end_at = first + stored_bytes(type, count * columns);
    release_pages(stored.tensor->bytes.subspan(static_cast<size_t>(begin_at),
                                               static_cast<size_t>(end_at - begin_at)));
  };
  if (head == 0) {
    read_from(begin, end - begin, out);
    release(begin, end - begin);
    return;
  }
  // Row s * D/2 + j of a head stands at 2 j + s: pairs beside each other, as Meta rotates them.
  for (int64_t row = begin; row < end; ++row) {
    const int64_t in_head = row % head;
    const int64_t s = in_head / (head / 2);
    const int64_t j = in_head % (head / 2);
    read_from(row - in_head + 2 * j + s, 1, out + (row - begin) * columns);
  }
  const int64_t first = begin / head * head;
  release(first, (end + head - 1) / head * head - first);
}

void GgufReader::read_kv_b(const KvParts& parts, int64_t begin, int64_t end, float* out) const {
  const AttentionConfig& a = config().attention;
  const int64_t per_head = a.nope_dim + a.v_head_dim;  // rows of a head: nope, then v
  const auto widen = [](const GgufTensor& tensor, int64_t first_row, int64_t rows, float* to) {
    const int64_t columns = tensor.row_elements();
    dequantize(tensor.type, tensor.bytes.data() + stored_bytes(tensor.type, first_row * columns),
               rows * columns, to);
  };
  std::vector<float> k(static_cast<size_t>(a.kv_lora_rank * a.nope_dim));  // [kv_lora, nope]
  int64_t head_in_k = -1;
  for (int64_t row = begin; row < end; ++row, out += a.kv_lora_rank) {
    const int64_t head = row / per_head;
    const int64_t in_head = row % per_head;
    if (in_head >= a.nope_dim) {
      widen(*parts.v, head * a.v_head_dim + in_head - a.nope_dim, 1, out);
      continue;
    }
    if (head != head_in_k) {
      widen(*parts.k, head * a.kv_lora_rank, a.kv_lora_rank, k.data());
      head_in_k = head;
    }
    for (int64_t c = 0; c < a.kv_lora_rank; ++c) {
      out[c] = k[static_cast<size_t>(c * a.nope_dim + in_head)];
    }
  }
}

}  // namespace

std::unique_ptr<WeightReader> open_gguf(std::vector<GgufFile> files) {
  return std::make_unique<GgufReader>(std::move(files));
}

}  // namespace grpo::policy
