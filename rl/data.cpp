#include "rl/data.h"

#include <algorithm>

#include "base/error.h"
#include "datasets/fingerprint.h"

namespace grpo::rl {
namespace {

constexpr int64_t kGenerated = 10000;

std::string name_of_source(const SourceConfig& source, size_t index) {
  if (!source.name.empty()) return source.name;
  return source.path.empty() ? fmt::format("generator-{}", index) : source.path;
}

template <class Item>
void cut(std::vector<Item>& items, const SourceConfig& source, const std::string& name,
         const std::string& place) {
  check_input(source.skip < static_cast<int64_t>(items.size()), "{}: skip {} of only {} rows", name,
              source.skip, items.size());
  items.erase(items.begin(), items.begin() + source.skip);
  check_input(source.count <= static_cast<int64_t>(items.size()),
              "{}.count: asks for {} rows; {} has {} after skip {}", place, source.count, name,
              items.size(), source.skip);
  if (source.count > 0 && source.count < static_cast<int64_t>(items.size())) {
    items.resize(static_cast<size_t>(source.count));
  }
}

template <class Item, class FromGenerator, class FromFile>
std::vector<datasets::Source<Item>> make_sources(const std::vector<SourceConfig>& sources,
                                                 const std::string& key, FromGenerator generate,
                                                 FromFile read) {
  std::vector<datasets::Source<Item>> out;
  for (size_t i = 0; i < sources.size(); ++i) {
    const SourceConfig& s = sources[i];
    check_config(s, fmt::format("{}.{}", key, i));
    const std::string name = name_of_source(s, i);
    std::vector<Item> items;
    if (s.generator) {
      const int64_t count = (s.count > 0 ? s.count : kGenerated) + s.skip;
      items = generate(datasets::Generator(*s.generator), s.split.value_or(datasets::Split::train),
                       count);
    } else {
      items = read(s);
    }
    cut(items, s, name, fmt::format("{}.{}", key, i));
    const std::string fingerprint = datasets::fingerprint(items);
    out.push_back({name, std::move(items), s.weight, fingerprint});
  }
  return out;
}

}  // namespace

std::vector<datasets::Source<datasets::Problem>> problem_sources(
    const std::vector<SourceConfig>& sources, const std::string& key) {
  return make_sources<datasets::Problem>(
      sources, key,
      [](const datasets::Generator& g, datasets::Split split, int64_t n) {
        return g.problems(split, n);
      },
      [](const SourceConfig& s) {
        return datasets::read_problems(s.path, s.format.value_or(datasets::Format::prompt));
      });
}

std::vector<datasets::Problem> all_problems(const std::vector<SourceConfig>& sources,
                                            const std::string& key) {
  for (size_t i = 0; i < sources.size(); ++i) {
    check_input(sources[i].weight == 1.0,
                "{}.{}.weight: every question is asked; only training mixes sources by weight", key,
                i);
  }
  std::vector<datasets::Problem> all;
  for (auto& source : problem_sources(sources, key)) {
    std::move(source.items.begin(), source.items.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<datasets::Source<datasets::Demonstration>> demonstration_sources(
    const std::vector<SourceConfig>& sources, const std::string& key) {
  return make_sources<datasets::Demonstration>(
      sources, key,
      [](const datasets::Generator& g, datasets::Split split, int64_t n) {
        return g.demonstrations(split, n);
      },
      [](const SourceConfig& s) { return datasets::read_demonstrations(s.path); });
}

Prompter::Prompter(const PromptConfig& config, const policy::Policy& policy)
    : config_(config), policy_(policy) {
  check_config(config_, "prompt");
  check_input(!config_.chat || policy_.chat_template() != nullptr,
              "prompt.chat: the model has no chat template; set it to false");
}

std::string Prompter::text(const std::string& question) const {
  std::string text = config_.text;
  const std::string mark = "{question}";
  for (size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + question.size())) {
    text.replace(at, mark.size(), question);
  }
  if (config_.chat) {
    OrderedJson messages = OrderedJson::array();
    if (!config_.system.empty()) {
      messages.push_back({{"role", "system"}, {"content", config_.system}});
    }
    messages.push_back({{"role", "user"}, {"content", text}});
    text = policy_.render_chat(messages);
  }
  return text + config_.answer_prefix;
}

std::vector<int32_t> Prompter::encode(const std::string& question) const {
  // A chat template writes the beginning-of-sequence token itself.
  auto ids = policy_.tokenizer().encode(text(question), !config_.chat);
  const auto length = static_cast<int64_t>(ids.size());
  check_input(length > 0, "the prompt is empty");
  check_input(config_.max_tokens == 0 || length <= config_.max_tokens,
              "prompt of {} tokens is longer than prompt.max_tokens = {}: {}", length,
              config_.max_tokens, question.substr(0, 80));
  const int64_t context = policy_.decoder().config().context_limit();
  check_input(length < context,
              "prompt of {} tokens leaves no room in the model's context of {}: {}", length,
              context, question.substr(0, 80));
  return ids;
}

Prompter::Encoded Prompter::encode(const datasets::Demonstration& demonstration) const {
  Encoded out{encode(demonstration.prompt), 0};
  out.num_prompt = static_cast<int64_t>(out.ids.size());
  const auto response = policy_.tokenizer().encode(demonstration.response, false);
  out.ids.insert(out.ids.end(), response.begin(), response.end());
  if (!end_of_answer_) end_of_answer_ = policy_.end_of_answer(config_.chat);
  out.ids.push_back(*end_of_answer_);
  const int64_t context = policy_.decoder().config().context_limit();
  check_input(static_cast<int64_t>(out.ids.size()) <= context,
              "{} tokens with the response, the model's context is {}", out.ids.size(), context);
  return out;
}

std::string Prompter::decode(const std::vector<int32_t>& answer) const {
  size_t length = answer.size();
  const auto& eos = policy_.eos();
  if (length > 0 && std::find(eos.begin(), eos.end(), answer.back()) != eos.end()) --length;
  return policy_.tokenizer().decode(std::span(answer).first(length), false);
}

}  // namespace grpo::rl
