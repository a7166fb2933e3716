#include "policy/tokenizer/chat_template.h"

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace grpo::policy {
namespace {

using Json = nlohmann::ordered_json;

const std::string kFolder = std::string(GRPO_SOURCE_DIR) + "/tests/golden/chat/";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Json> read_cases() {
  std::ifstream file(kFolder + "cases.jsonl");
  std::vector<Json> cases;
  for (std::string line; std::getline(file, line);) cases.push_back(Json::parse(line));
  return cases;
}

ChatTemplate::Input input_of(const Json& row) {
  ChatTemplate::Input input;
  input.messages = row["messages"];
  if (row.contains("tools")) input.tools = row["tools"];
  input.add_generation_prompt = row["add_generation_prompt"];
  input.variables = row["variables"];
  input.bos_token = row["bos_token"];
  input.eos_token = row["eos_token"];
  return input;
}

std::string with_dates(std::string text) {
  static const std::string kMark = "@@STRFTIME:";
  for (size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    const size_t format = at + kMark.size();
    const size_t end = text.find("@@", format);
    const std::time_t now = std::time(nullptr);
    char date[128];
    const size_t n = std::strftime(date, sizeof date, text.substr(format, end - format).c_str(),
                                   std::localtime(&now));
    text.replace(at, end + 2 - at, date, n);
  }
  return text;
}

std::string render(const std::string& source, const Json& messages = Json::array()) {
  ChatTemplate::Input input;
  input.messages = messages;
  return ChatTemplate::parse(source, "t").render(input);
}

std::string error_of(const std::string& source) {
  try {
    render(source);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST(GoldenChatTemplate, RendersAndFailsAsTransformersDoes) {
  std::map<std::string, ChatTemplate> templates;
  for (const Json& row : read_cases()) {
    SCOPED_TRACE(row["id"].get<std::string>());
    const std::string name = row["template"];
    auto found = templates.find(name);
    if (found == templates.end()) {
      found =
          templates.emplace(name, ChatTemplate::parse(read(kFolder + "templates/" + name), name))
              .first;
    }
    if (row.contains("error")) {
      EXPECT_THROW(found->second.render(input_of(row)), TemplateError) << row["reason"];
    } else {
      EXPECT_EQ(found->second.render(input_of(row)), with_dates(row["text"]));
    }
  }
}

TEST(GoldenChatTemplate, ExpressionsAreThoseOfJinja) {
  const Json file = Json::parse(read(kFolder + "expressions.json"));
  ChatTemplate::Input input;
  input.variables = file["vars"];
  input.messages = input.variables["messages"];
  input.add_generation_prompt = true;
  for (const Json& row : file["cases"]) {
    const std::string source = row["t"];
    SCOPED_TRACE(source);
    if (row.contains("error")) {
      EXPECT_THROW(ChatTemplate::parse(source, "t").render(input), Error) << row["error"];
    } else {
      std::string text;
      ASSERT_NO_THROW(text = ChatTemplate::parse(source, "t").render(input)) << row["text"];
      EXPECT_EQ(text, row["text"]);
    }
  }
}

TEST(ChatTemplate, GenerationSpansAreTheBytesInsideTheBlocks) {
  const ChatTemplate chat = ChatTemplate::parse(
      "{% for m in messages %}<{{ m.role }}>{% if m.role == 'a' %}{% generation %}"
      "{{ m.content }}!{% endgeneration %}{% else %}{{ m.content }}{% endif %};{% endfor %}",
      "t");
  ChatTemplate::Input input;
  input.messages = Json::parse(
      R"([{"role":"u","content":"é"},{"role":"a","content":"ü"},{"role":"a","content":""}])");
  const ChatTemplate::Rendered rendered = chat.render_with_spans(input);
  EXPECT_EQ(rendered.text, "<u>é;<a>ü!;<a>!;");
  const std::vector<std::pair<size_t, size_t>> want = {{9, 12}, {16, 17}};
  EXPECT_EQ(rendered.generation_spans, want);
}

TEST(ChatTemplate, GenerationInsideAMacroHasNoSpan) {
  const ChatTemplate chat = ChatTemplate::parse(
      "{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ m() }}", "t");
  EXPECT_EQ(chat.render({}), "x");
  EXPECT_THROW(chat.render_with_spans({}), TemplateError);
}

TEST(ChatTemplate, ErrorsNameLineAndColumn) {
  EXPECT_EQ(error_of("a\n{{ é }}").substr(0, 6), "t:2:4:");
  EXPECT_EQ(error_of("{% block x %}").substr(0, 6), "t:1:1:");
  EXPECT_EQ(error_of("ab\n é{{ x.y }}"), "t:2:7: UndefinedError: 'x' is undefined");
  EXPECT_EQ(error_of("{{ raise_exception('stop') }}"), "t:1:19: TemplateError: stop");
}

TEST(ChatTemplate, WhatIsOutsideOfTheSubsetIsRefusedWhileParsing) {
  for (const char* source :
       {"{% include 'x' %}", "{% raw %}x{% endraw %}", "{{ x | shout }}", "{{ x is purple }}",
        "{% for x in y recursive %}{% endfor %}", "{{ f(*x) }}", "{% break %}", "{{ 0x10 }}",
        "{% for x in y %}{% macro m() %}{% endmacro %}{% endfor %}", "{{ 'a' }", "{% if x %}",
        "{{ 9223372036854775808 }}", "{{ \"\\ud800\" }}", "{{ (1] }}", "{# a", "\xff"}) {
    EXPECT_THROW(ChatTemplate::parse(source, "t"), Error) << source;
  }
}

TEST(ChatTemplate, IntegersDoNotWrapAround) {
  for (const char* source :
       {"{{ 9223372036854775807 + 1 }}", "{{ 2 ** 63 }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 4611686018427387904 * 2 }}", "{{ (-9223372036854775807 - 1) // -1 }}"}) {
    EXPECT_NE(error_of(source).find("64 bits"), std::string::npos) << source;
  }
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }} {{ 1 ** 9223372036854775807 }}"), "0 1");
}

TEST(ChatTemplate, DeepNestingIsAnErrorAndNotACrash) {
  for (const char* piece : {"(", "[", "{", "{1:", "-", "not ", "x(", "x[", "x.y(", "1 if 1 else ",
                            "x|f(", "x is divisibleby [", "1+", "x.y.", "1 ** "}) {
    EXPECT_NE(error_of("{{ " + repeat(piece, 100'000)), "") << piece;
    EXPECT_NE(error_of("{{ " + repeat(piece, 100'000) + "1 }}"), "") << piece;
  }
  EXPECT_NE(error_of("{{ 1" + repeat(" + 1", 100'000) + " }}"), "");
  EXPECT_NE(error_of("{{ x" + repeat(".y", 100'000) + " }}"), "");
  EXPECT_NE(error_of("{{ x" + repeat("|trim", 100'000) + " }}"), "");
  EXPECT_NE(error_of(repeat("{% if 1 %}", 100'000)), "");
  EXPECT_NE(error_of(repeat("{% for i in [1] %}", 1000) + repeat("{% endfor %}", 1000)), "");
  EXPECT_EQ(render("{{ 1" + repeat(" ~ 1", 1000) + " }}"), repeat("1", 1001));  // flat: no nesting
  Json deep = "x";
  for (int i = 0; i < 1000; ++i) deep = Json::array({deep});
  EXPECT_THROW(render("{{ messages }}", deep), Error);
}

TEST(ChatTemplate, EndlessWorkIsCutOff) {
  const std::string loop = "{% for i in range(99999) %}";
  const std::vector<std::string> sources = {
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      loop + loop + "x{% endfor %}{% endfor %}",
      "{% set n = namespace(x='ab') %}" + loop + "{% set n.x = n.x + n.x %}{% endfor %}",
      "{% set n = namespace(x=[]) %}" + loop + "{% set n.x = [n.x, n.x] %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}" + loop + "{% set n.x = n.x|map('int') %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}" + loop + "{% set n.x = n.x + n.x %}{% endfor %}",
      std::string("{{ 'x' * 9223372036854775807 }}"),
      std::string("{{ [1] * 999999999999 }}"),
      std::string("{{ 'x' | indent(99999999999, true) }}"),
      std::string("{{ ('x' * 9999999).replace('', 'y' * 9999999) }}"),
      std::string("{% set n = namespace(x=[1]) %}{% for i in range(100) %}"
                  "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}"),
  };
  for (const std::string& source : sources) {
    EXPECT_THROW(render(source), TemplateError) << source;
  }
}

TEST(ChatTemplate, TruncatedAndMutatedTemplatesNeverCrash) {
  std::mt19937 random(7);
  const std::vector<Json> cases = read_cases();
  const std::string pieces[] = {"{{", "}}",   "{%", "%}",   "-", "'", "[",  "(",  "|",    ".",
                                "is", "\xC3", "\n", "loop", "~", "9", "{#", "#}", "not ", "x"};
  for (const auto& file : std::filesystem::directory_iterator(kFolder + "templates")) {
    const std::string source = read(file.path().string());
    const Json* row = nullptr;
    for (const Json& candidate : cases) {
      if (candidate["template"] == file.path().filename().string()) row = &candidate;
    }
    ASSERT_NE(row, nullptr) << file.path();
    for (int trial = 0; trial < 150; ++trial) {
      std::string changed = source;
      if (trial % 3 == 0) changed.resize(random() % source.size());
      for (int edit = 0; edit < trial % 4; ++edit) {
        const std::string& piece = pieces[random() % std::size(pieces)];
        const size_t at = changed.empty() ? 0 : random() % changed.size();
        changed.replace(at, random() % 4, piece);
      }
      try {
        ChatTemplate::parse(changed, "t").render(input_of(*row));
      } catch (const Error&) {  // any other exception, or a signal, fails the test
      }
    }
  }
}

TEST(ChatTemplate, InputThatIsNoTextOrTooLargeIsRefused) {
  EXPECT_THROW(render("x", Json::array({"\xff"})), Error);
  EXPECT_THROW(render("x", Json::parse("[18446744073709551615]")), Error);
}

}  // namespace
}  // namespace grpo::policy
