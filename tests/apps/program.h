#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "policy/policy.h"
#include "tests/support/temporary_folder.h"

namespace grpo::testing {

struct Finished {
  int code = -1;
  std::string out, err;

  std::vector<OrderedJson> rows() const {
    std::vector<OrderedJson> rows;
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);) {
      rows.push_back(parse_json<OrderedJson>(line, "standard output"));
    }
    return rows;
  }
};

/// Runs the program with `arguments` (shell words) on `input`.
inline Finished run_grpo(const std::string& arguments, const std::string& input = "") {
  const test::TemporaryFolder folder;
  const auto in = folder.file("in", input);
  const auto out = folder.file("out", ""), err = folder.file("err", "");
  const std::string command = std::string(GRPO_BINARY) + " " + arguments + " < " + in.string() +
                              " > " + out.string() + " 2> " + err.string();
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_file(out), read_file(err)};
}

/// A byte-level tokenizer without merges: ids 0 to 255 are the bytes, 256 begins and 257 ends a
/// text.
inline Json byte_tokenizer() {
  const auto append_utf8 = [](std::string& text, int code) {
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else {
      text += static_cast<char>(0xC0 | (code >> 6));
      text += static_cast<char>(0x80 | (code & 0x3F));
    }
  };
  Json vocab = Json::object();
  int next = 256;  // GPT-2: bytes that do not print are spelled by the characters from 256 on
  for (int byte = 0; byte < 256; ++byte) {
    const bool prints = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    std::string spelled;
    append_utf8(spelled, prints ? byte : next++);
    vocab[spelled] = byte;
  }
  const auto special = [](int id, const char* text) {
    return Json{{"id", id},        {"content", text},     {"single_word", false}, {"lstrip", false},
                {"rstrip", false}, {"normalized", false}, {"special", true}};
  };
  return {
      {"version", "1.0"},
      {"added_tokens", {special(256, "<|bos|>"), special(257, "<|eos|>")}},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", true}}},
      {"post_processor", nullptr},
      {"decoder", {{"type", "ByteLevel"}}},
      {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", Json::array()}}}};
}

/// Writes a two-layer model with random weights, a byte tokenizer and a chat template.
inline void write_tiny_model(const std::filesystem::path& folder) {
  const test::TemporaryFolder source;
  const Json config = {{"model_type", "qwen3"},
                       {"architectures", {"Qwen3ForCausalLM"}},
                       {"vocab_size", 260},
                       {"hidden_size", 32},
                       {"intermediate_size", 48},
                       {"num_hidden_layers", 2},
                       {"num_attention_heads", 4},
                       {"num_key_value_heads", 2},
                       {"head_dim", 8},
                       {"max_position_embeddings", 256},
                       {"rms_norm_eps", 1e-6},
                       {"rope_theta", 10000.0},
                       {"hidden_act", "silu"},
                       {"tie_word_embeddings", false},
                       {"bos_token_id", 256},
                       {"eos_token_id", 257}};
  source.file("config.json", config.dump());
  source.file("tokenizer.json", byte_tokenizer().dump());
  source.file("tokenizer_config.json",
              Json{{"tokenizer_class", "PreTrainedTokenizerFast"},
                   {"bos_token", "<|bos|>"},
                   {"eos_token", "<|eos|>"},
                   {"chat_template",
                    "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
                    "{% if add_generation_prompt %}assistant: {% endif %}"}}
                  .dump());
  // A deviation far above a trained model's: distributions are far from uniform.
  policy::Policy::random(source.path(), 7, 0.3)->save_into(folder);
}

/// The same model for all tests of this program.
inline const std::string& tiny_model() {
  static const test::TemporaryFolder folder;
  static const std::string path = [] {
    write_tiny_model(folder.path());
    return folder.path().string();
  }();
  return path;
}

}  // namespace grpo::testing
