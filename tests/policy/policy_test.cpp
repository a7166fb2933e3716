#include "policy/policy.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/support/temporary_folder.h"

namespace grpo::policy {
namespace {

namespace fs = std::filesystem;

/// The miniature's tokenizer with two ends of sequence, of which <|pad|> comes first and is the
/// tokenizer's own.
fs::path model_with_two_ends(const fs::path& folder) {
  fs::copy(GRPO_SOURCE_DIR "/recipes/tiny/model", folder, fs::copy_options::recursive);
  const auto edit = [&](const char* name, auto change) {
    Json json = parse_json(read_file(folder / name), name);
    change(json);
    write_atomically(folder / name, json.dump());
  };
  int32_t pad = 0;
  edit("tokenizer.json", [&](Json& json) {
    for (const Json& token : json["added_tokens"]) {
      if (token["content"] == "<|pad|>") pad = token["id"];
    }
  });
  edit("config.json", [&](Json& json) { json["eos_token_id"] = {pad, json["eos_token_id"]}; });
  edit("tokenizer_config.json", [](Json& json) { json["eos_token"] = "<|pad|>"; });
  edit("special_tokens_map.json", [](Json& json) { json["eos_token"] = "<|pad|>"; });
  return folder;
}

TEST(Policy, AnAnswerEndsAsTheTemplateEndsAMessage) {
  const test::TemporaryFolder folder;
  const fs::path model = model_with_two_ends(folder.path() / "model");
  write_atomically(model / "chat_template.jinja",
                   "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}"
                   "{{ '\n<|end|>' }}{% endif %}{% endfor %}");
  const auto policy = Policy::random(model, 1, 0.1);
  const auto text = [&](bool chat) {
    return policy->tokenizer().id_to_token(policy->end_of_answer(chat));
  };
  EXPECT_EQ(text(true), "<|end|>");
  EXPECT_EQ(text(false), "<|pad|>");
  write_atomically(model / "chat_template.jinja", "{{ raise_exception('none of this') }}");
  EXPECT_EQ(Policy::random(model, 1, 0.1)->end_of_answer(true), policy->end_of_answer(false));
}

}  // namespace
}  // namespace grpo::policy
