#include "policy/tokenizer/chat_template.h"

#include "base/error.h"
#include "policy/tokenizer/jinja_evaluator.h"
#include "policy/tokenizer/jinja_syntax.h"
#include "policy/tokenizer/jinja_text.h"

namespace grpo::policy {
namespace {

using Json = nlohmann::ordered_json;
using jinja::Value;

std::string checked_text(const std::string& text, const std::string& where) {
  check_input(jinja::is_valid_utf8(text), "{}: not valid UTF-8", where);
  return text;
}

Value to_value(const Json& json, const std::string& where, int depth = 0) {
  // A little less than values may nest, so that a template can still wrap them.
  check_input(depth < jinja::kMaxDepth - 20, "{}: nested deeper than {}", where,
              jinja::kMaxDepth - 20);
  switch (json.type()) {
    case Json::value_t::null:
      return Value();
    case Json::value_t::boolean:
      return Value(json.get<bool>());
    case Json::value_t::number_integer:
      return Value(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      check_input(json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX),
                  "{}: {} does not fit a signed 64-bit integer", where, json.get<uint64_t>());
      return Value(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value(json.get<double>());
    case Json::value_t::string:
      return Value(checked_text(json.get_ref<const std::string&>(), where));
    case Json::value_t::array: {
      std::vector<Value> items;
      items.reserve(json.size());
      for (const Json& item : json) items.push_back(to_value(item, where, depth + 1));
      return Value::list(std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      items.reserve(json.size());
      for (const auto& [key, item] : json.items()) {
        items.emplace_back(Value(checked_text(key, where)), to_value(item, where, depth + 1));
      }
      return Value::dict(std::move(items));
    }
    default:
      throw Error(fmt::format("{}: not JSON", where), 2);
  }
}

Value to_value(const std::optional<Json>& json, const std::string& where) {
  return json ? to_value(*json, where) : Value();
}

std::vector<std::pair<std::string, Value>> variables_of(const ChatTemplate::Input& input,
                                                        const std::string& name) {
  const auto where = [&name](std::string_view what) { return fmt::format("{}: {}", name, what); };
  std::vector<std::pair<std::string, Value>> variables;
  if (!input.bos_token.empty()) {
    variables.emplace_back("bos_token", checked_text(input.bos_token, where("bos_token")));
  }
  if (!input.eos_token.empty()) {
    variables.emplace_back("eos_token", checked_text(input.eos_token, where("eos_token")));
  }
  check_input(input.variables.is_object() || input.variables.is_null(),
              "{}: variables: expected an object", name);
  for (const auto& [key, value] : input.variables.items()) {
    variables.emplace_back(key, to_value(value, where(key)));
  }
  variables.emplace_back("messages", to_value(input.messages, where("messages")));
  variables.emplace_back("tools", to_value(input.tools, where("tools")));
  variables.emplace_back("documents", to_value(input.documents, where("documents")));
  variables.emplace_back("add_generation_prompt", Value(input.add_generation_prompt));
  return variables;
}

}  // namespace

ChatTemplate::ChatTemplate(std::string name, std::vector<jinja::Statement> program)
    : name_(std::move(name)),
      program_(std::make_shared<const std::vector<jinja::Statement>>(std::move(program))) {}

ChatTemplate ChatTemplate::parse(const std::string& source, std::string name) {
  std::vector<jinja::Statement> program = jinja::parse(source, name);
  return ChatTemplate(std::move(name), std::move(program));
}

std::string ChatTemplate::render(const Input& input) const {
  return jinja::evaluate(*program_, name_, variables_of(input, name_)).text;
}

ChatTemplate::Rendered ChatTemplate::render_with_spans(const Input& input) const {
  jinja::Evaluation result = jinja::evaluate(*program_, name_, variables_of(input, name_));
  if (!result.has_all_spans) {
    throw TemplateError(fmt::format(
        "{}: a generation block in a macro or set block has no place in the text", name_));
  }
  return {std::move(result.text), std::move(result.generation_spans)};
}

}  // namespace grpo::policy
