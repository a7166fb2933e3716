#include "policy/policy.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "policy/text_source.h"
#include "policy/weights/hf_config.h"
#include "policy/weights/hf_writer.h"
#include "policy/weights/weight_reader.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

/// Rows that are unpacked or packed at a time.
constexpr int64_t kRows = 256;

/// Name of one expert in files: "layers.0.ffn.experts.gate", 7 -> "layers.0.ffn.experts.7.gate".
std::string file_name(const Parameter& p, int64_t expert) {
  if (p.shape.size() < 3) return p.name;
  const size_t dot = p.name.rfind('.');
  return p.name.substr(0, dot) + "." + std::to_string(expert) + p.name.substr(dot);
}

int64_t num_rows(const Parameter& p) { return p.is_matrix() ? p.out() : p.shape[0]; }
int64_t row_size(const Parameter& p) { return p.is_matrix() ? p.in() : 1; }

void load_weights(const WeightReader& reader, Decoder& decoder) {
  std::vector<float> rows;
  for (Parameter& p : decoder.parameters()) {
    rows.resize(static_cast<size_t>(kRows * row_size(p)));
    for (int64_t e = 0; e < p.experts(); ++e) {
      const std::string name = file_name(p, e);
      for (int64_t begin = 0; begin < num_rows(p); begin += kRows) {
        const int64_t end = std::min(begin + kRows, num_rows(p));
        reader.read_rows(name, begin, end, rows.data());
        p.write_plain(e, begin, end, rows.data());
      }
    }
  }
}

ModelConfig read_config(const fs::path& folder) {
  const fs::path file = folder / "config.json";
  check_input(fs::exists(file), "{}: has no config.json", folder.string());
  ModelConfig config = ModelConfig::from_hf(read_json_file(file), file);
  const auto generation = read_generation_config(folder);
  JsonFields fields(generation, (folder / "generation_config.json").string());
  read_special_ids(fields, config);
  return config;
}

}  // namespace

std::unique_ptr<Decoder> load_decoder(const fs::path& model) {
  const auto reader = WeightReader::open(model);
  auto decoder = std::make_unique<Decoder>(reader->config());
  load_weights(*reader, *decoder);
  return decoder;
}

std::unique_ptr<Policy> Policy::load(const fs::path& model) {
  std::unique_ptr<Policy> policy(new Policy);
  policy->decoder_ = load_decoder(model);
  policy->load_text(model);
  return policy;
}

std::unique_ptr<Policy> Policy::random(const fs::path& folder, uint64_t seed, double std) {
  std::unique_ptr<Policy> policy(new Policy);
  policy->decoder_ = std::make_unique<Decoder>(read_config(folder));
  policy->decoder_->initialize(seed, std);
  policy->load_text(folder);
  return policy;
}

void Policy::load_text(const fs::path& model) {
  generation_ = read_generation_config(model);
  TextSource source = read_text_source(model);
  tokenizer_ = std::move(source.tokenizer);
  template_source_ = std::move(source.template_text);
  if (!template_source_.empty()) {
    template_ = ChatTemplate::parse(template_source_, source.template_name);
  }
  check_vocabularies(*tokenizer_, decoder_->config().vocab_size, model);
}

int64_t Policy::vocab() const {
  return std::min<int64_t>(decoder_->config().vocab_size, tokenizer_->vocab_size());
}

void Policy::save_into(const fs::path& folder) const {
  const RowSource source = [this](std::string_view name, int64_t begin, int64_t end, float* out) {
    const auto [stacked, expert] = split_expert_name(std::string(name));
    decoder_->parameter(stacked).read_plain(std::max<int64_t>(expert, 0), begin, end, out);
  };
  HfWriteOptions options;
  options.dtype = StoredType::kF32;
  options.generation = generation_;
  write_hf_files(folder, decoder_->config(), source, options);
  tokenizer_->save(folder);
  if (template_) write_atomically(folder / "chat_template.jinja", template_source_);
}

void Policy::check_savable() const { (void)decoder_->config().to_hf(); }

std::string Policy::render(const OrderedJson& messages, bool add_generation_prompt) const {
  check_input(template_.has_value(), "messages: the model has no chat template");
  ChatTemplate::Input input;
  input.messages = messages;
  input.add_generation_prompt = add_generation_prompt;
  set_special_texts(*tokenizer_, input);
  return template_->render(input);
}

std::string Policy::render_chat(const OrderedJson& messages) const {
  return render(messages, /*add_generation_prompt=*/true);
}

std::optional<int32_t> Policy::end_of_message() const {
  const std::string content = "An answer.";
  std::string text;
  try {
    text = render({{{"role", "user"}, {"content", "A question?"}},
                   {{"role", "assistant"}, {"content", content}}},
                  /*add_generation_prompt=*/false);
  } catch (const Error&) {  // a template may refuse what it was not made for
    return std::nullopt;
  }
  const size_t at = text.rfind(content);
  if (at == std::string::npos) return std::nullopt;
  for (const int32_t id : tokenizer_->encode(text.substr(at + content.size()), false)) {
    if (std::ranges::find(eos(), id) != eos().end()) return id;
  }
  return std::nullopt;
}

int32_t Policy::end_of_answer(bool chat) const {
  check_input(!eos().empty(), "the model names no end-of-sequence token");
  if (chat && template_) {
    if (const auto id = end_of_message()) return *id;
  }
  const auto own = tokenizer_->eos();
  return own && std::ranges::find(eos(), *own) != eos().end() ? *own : eos().front();
}

}  // namespace grpo::policy
