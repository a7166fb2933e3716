// Any bytes as a tokenizer.json, which then encodes and decodes a few texts.

#include "base/error.h"
#include "policy/tokenizer/bpe.h"
#include "policy/tokenizer/gguf_vocab.h"
#include "tests/fuzz/targets.h"

namespace grpo::fuzz {
namespace {

using namespace policy;

constexpr const char* kTexts[] = {
    "Hello  world, it's 12345 o'clock!\r\n\tdef f(x):\n        return x",
    " \xc3\xa9\xe4\xb8\xad\xe6\x96\x87 e\xcc\x81\xef\xac\x81 \xf0\x9f\x99\x82\xe2\x96\x81<s></s>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

void use(const Tokenizer& tokenizer, const char* text, bool skip_special) {
  const auto ids = tokenizer.encode(text, /*add_special_tokens=*/true);
  for (const int32_t id : ids) {
    require(id >= 0 && id < tokenizer.vocab_size(), "id in the vocabulary");
  }
  const std::string whole = tokenizer.decode(ids, skip_special);
  StreamingDecoder streaming(tokenizer, skip_special);
  std::string parts;
  for (const int32_t id : ids) parts += streaming.push(id);
  parts += streaming.flush();
  require(parts == whole, "the parts of streaming make up the whole");
}

}  // namespace

void tokenizer_json(std::string_view bytes) {
  try {
    const BpeTokenizer tokenizer(std::string(bytes), "tokenizer.json", TokenizerConfig());
    try {
      tokenizer.to_gguf();
    } catch (const Error&) {
    }
    for (const char* text : kTexts) {
      for (const bool skip_special : {false, true}) use(tokenizer, text, skip_special);
    }
  } catch (const Error&) {
  }
}

}  // namespace grpo::fuzz
