#pragma once

#include <cstddef>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/tokenizer/jinja_value.h"

namespace grpo::policy {

namespace jinja {
struct Statement;
}

/// A chat template: the program, in a subset of Jinja, that writes a conversation as the one text
/// a model was trained on. Renders what transformers' apply_chat_template renders (sandboxed
/// jinja2, trim_blocks, lstrip_blocks, loop controls, `generation` blocks, tojson = json.dumps);
/// docs of the subset: jinja_syntax.h, jinja_filters.h, jinja_tests.h, jinja_methods.h.
///
/// Immutable after parse: one object may render from many threads.
class ChatTemplate {
 public:
  /// `name` (a file, or file and key) begins every error message.
  /// Throws Error "name:line:column: what" for bad syntax and for all that is not in the subset.
  static ChatTemplate parse(const std::string& source, std::string name);

  struct Input {
    nlohmann::ordered_json messages;                  ///< [{role, content, ...}]
    std::optional<nlohmann::ordered_json> tools;      ///< absent: None in the template
    std::optional<nlohmann::ordered_json> documents;  ///< absent: None
    bool add_generation_prompt = false;
    nlohmann::ordered_json variables = nlohmann::ordered_json::object();  ///< further names
    std::string bos_token, eos_token;  ///< empty: undefined in the template
  };

  /// Throws TemplateError for raise_exception, use of undefined values, wrong types, and when a
  /// bound is exceeded: 10 million steps, 64 MiB of text, nesting.
  std::string render(const Input& input) const;

  struct Rendered {
    std::string text;
    /// Bytes [begin, end) of `text` written by {% generation %}: what an assistant says.
    std::vector<std::pair<size_t, size_t>> generation_spans;
  };

  /// Also throws where a generation block stands in a macro or `set` block: it has no place.
  Rendered render_with_spans(const Input& input) const;

 private:
  ChatTemplate(std::string name, std::vector<jinja::Statement> program);

  std::string name_;
  std::shared_ptr<const std::vector<jinja::Statement>> program_;
};

}  // namespace grpo::policy
