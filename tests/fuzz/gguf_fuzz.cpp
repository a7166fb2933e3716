// Any bytes as a GGUF file: its metadata and tensors, its weights where they make up a model, its
// tokenizer and template.

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "policy/text_source.h"
#include "policy/weights/gguf.h"
#include "policy/weights/weight_reader.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {
namespace {

using namespace policy;

template <class Work>
void attempt(const Work& work) {
  try {
    work();
  } catch (const Error&) {
  }
}

void read_metadata(const GgufFile& file) {
  for (const std::string_view key : file.keys()) {
    attempt([&] { file.integer(key); });
    attempt([&] { file.number(key); });
    attempt([&] { file.boolean(key); });
    attempt([&] { file.text(key); });
    attempt([&] { file.texts(key); });
    attempt([&] { file.integers(key); });
    attempt([&] { file.numbers(key); });
  }
  for (const GgufTensor& tensor : file.tensors()) {
    require(file.find(tensor.name) == &tensor, "find");
    const auto bytes = tensor.bytes;
    require(static_cast<int64_t>(bytes.size()) ==
                stored_bytes(tensor.type, tensor.num_rows() * tensor.row_elements()),
            "bytes of a tensor");
    std::vector<float> row(static_cast<size_t>(tensor.row_elements()));
    dequantize(tensor.type, bytes.data(), tensor.row_elements(), row.data());
  }
}

void read_weights(const WeightReader& reader) {
  std::vector<float> rows;
  for (const ParameterInfo& parameter : reader.parameters()) {
    const int64_t count = std::min<int64_t>(parameter.shape[0], 4);
    rows.resize(static_cast<size_t>(count * parameter.columns()));
    for (const int64_t begin : {int64_t{0}, parameter.shape[0] - count}) {
      attempt([&] { reader.read_rows(parameter.name, begin, begin + count, rows.data()); });
    }
  }
}

void read_text(const TextSource& source) {
  for (const auto* text : {"Hello  world 1234", " \xc3\xa9\xe4\xb8\xad\n\n<s>"}) {
    attempt([&] { source.tokenizer->decode(source.tokenizer->encode(text, true), false); });
  }
}

}  // namespace

void gguf(std::string_view bytes) {
  static MemoryFile file;
  const auto& path = file.hold(bytes);
  attempt([&] { read_metadata(GgufFile(path)); });
  attempt([&] { read_weights(*open_gguf(open_gguf_parts(path))); });
  attempt([&] { read_text(read_text_source(path)); });
}

}  // namespace grpo::fuzz
