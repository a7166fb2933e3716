#include "policy/weights/json_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <type_traits>

#include "base/error.h"
#include "policy/weights/strict_json.h"

namespace grpo::policy {
namespace {

using testing::HasSubstr;

/// What `read` makes of the whole text; nothing where it throws Error.
template <class Read>
std::optional<std::invoke_result_t<Read, JsonScanner&>> scan(const std::string& text, Read read) {
  JsonScanner scanner(text, "file");
  try {
    auto result = read(scanner);
    scanner.finish();
    return result;
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<std::string> scanned_string(const std::string& text) {
  return scan(text, [](JsonScanner& s) { return std::string(s.string()); });
}

std::optional<std::vector<int64_t>> scanned_integers(const std::string& text) {
  return scan(text, [](JsonScanner& s) {
    std::vector<int64_t> out;
    s.integers(out);
    return out;
  });
}

/// The same by the general parser.
std::optional<std::string> parsed_string(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_string() ? std::optional(json.get<std::string>()) : std::nullopt;
}

std::optional<std::vector<int64_t>> parsed_integers(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) return std::nullopt;
  std::vector<int64_t> out;
  for (const auto& item : json) {
    const bool fits = item.is_number_integer() &&
                      !(item.is_number_unsigned() && item.get<uint64_t>() > uint64_t{INT64_MAX});
    if (!fits) return std::nullopt;
    out.push_back(item.get<int64_t>());
  }
  return out;
}

TEST(JsonScanner, StringsAreThoseOfTheGeneralParser) {
  std::vector<std::string> middles = {"",
                                      "\\n",
                                      "\\\\",
                                      "\\\"",
                                      "\\/",
                                      "\\b\\f\\r",
                                      "\\t",
                                      "\\u0041",
                                      "\\u00e9",
                                      "\\u4e2d",
                                      "\\ud83d\\ude00",
                                      "\\ud83d",
                                      "\\ude00",
                                      "\\ud83dx",
                                      "\\ud83d\\u0041",
                                      "\\u12",
                                      "\\u12g4",
                                      "\\u+123",
                                      "\\x41",
                                      "\\",
                                      "\"",
                                      "\x01",
                                      "\x1f",
                                      "\x7f",
                                      "\xc3\xa9",
                                      "\xc3",
                                      "\xa9",
                                      "\xc0\xaf",
                                      "\xed\xa0\x80",
                                      "\xf0\x9f\x98\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xff",
                                      std::string(1, '\0')};
  for (const std::string& middle : middles) {
    for (size_t before = 0; before < 18; ++before) {  // at every place in a word of eight
      for (const size_t after : {0, 1, 9}) {
        const std::string text =
            "\"" + std::string(before, 'x') + middle + std::string(after, 'y') + "\"";
        EXPECT_EQ(scanned_string(text), parsed_string(text)) << text;
      }
    }
  }
  EXPECT_EQ(scanned_string("\"abc"), std::nullopt);
  EXPECT_EQ(scanned_string("\"abcdefghijkl"), std::nullopt);
  EXPECT_EQ(scanned_string("\"a\" x"), std::nullopt);
  EXPECT_EQ(scanned_string(" \n\t\r\"a\" \n"), "a");
}

TEST(JsonScanner, IntegersAreThoseOfTheGeneralParser) {
  for (const char* text : {"[]",
                           "[ ]",
                           "[0]",
                           "[1,2]",
                           "[ 1 , -2 ]",
                           "[-0]",
                           "[01]",
                           "[-01]",
                           "[+1]",
                           "[1.0]",
                           "[1e2]",
                           "[1E2]",
                           "[9223372036854775807]",
                           "[9223372036854775808]",
                           "[-9223372036854775808]",
                           "[-9223372036854775809]",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1",
                           "[",
                           "[-]",
                           "[1a]",
                           "[\"1\"]",
                           "[null]",
                           "[[1]]",
                           "1",
                           "[0x10]",
                           "[1]]",
                           "[99999999999999999999]"}) {
    EXPECT_EQ(scanned_integers(text), parsed_integers(text)) << text;
  }
}

using Header = std::map<std::string, std::map<std::string, std::vector<int64_t>>>;

/// An object of objects of lists, by the scanner and by the general parser.
std::optional<Header> scanned_header(const std::string& text) {
  return scan(text, [](JsonScanner& s) {
    Header out;
    s.begin_object();
    for (std::string_view name; s.next_key(name);) {
      check(!out.contains(std::string(name)), "twice");
      auto& fields = out[std::string(name)];
      s.begin_object();
      for (std::string_view key; s.next_key(key);) {
        check(!fields.contains(std::string(key)), "twice");
        s.integers(fields[std::string(key)]);
      }
    }
    return out;
  });
}

std::optional<Header> parsed_header(const std::string& text) {
  nlohmann::json json;
  try {
    json = parse_strict_json(text, "file");
  } catch (const Error&) {
    return std::nullopt;
  }
  if (!json.is_object()) return std::nullopt;
  Header out;
  for (const auto& [name, entry] : json.items()) {
    if (!entry.is_object()) return std::nullopt;
    out[name];
    for (const auto& [key, list] : entry.items()) {
      const auto numbers = parsed_integers(list.dump());
      if (!numbers) return std::nullopt;
      out[name][key] = *numbers;
    }
  }
  return out;
}

TEST(JsonScanner, DamagedHeadersAreReadOrRefusedAsByTheGeneralParser) {
  const std::string whole = R"({"first":{"a":[12,-3],"b":[]} , "s\u0065c":{"c" :[ 7 ]},"t":{}})";
  const Header read = {{"first", {{"a", {12, -3}}, {"b", {}}}}, {"sec", {{"c", {7}}}}, {"t", {}}};
  ASSERT_EQ(scanned_header(whole), read);
  std::mt19937 random(3);
  const std::string letters = "{}[],:\"\\ 0123456789-abu\n";
  int accepted = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = whole;
    const size_t at = random() % text.size();
    const char letter = letters[random() % letters.size()];
    if (round % 3 == 0) text[at] = letter;
    if (round % 3 == 1) text.insert(at, 1, letter);
    if (round % 3 == 2) text.erase(at, 1 + random() % 2);
    ASSERT_EQ(scanned_header(text), parsed_header(text)) << text;
    accepted += scanned_header(text).has_value();
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_LT(accepted, 19000);
}

TEST(JsonScanner, AValueIsTakenWhole) {
  for (const std::string value : {"1", "-1.5e3", "true", "null", "\"a]}\\\"\"", "[]", "{}",
                                  "[1,{\"a\":[2]}]", "{\"a\": {\"b\": \"}\"}}"}) {
    const std::string text = R"({"k":)" + value + R"( , "next":[5]})";
    JsonScanner scanner(text, "file");
    std::string_view key;
    scanner.begin_object();
    ASSERT_TRUE(scanner.next_key(key));
    EXPECT_EQ(scanner.value(), value);
    ASSERT_TRUE(scanner.next_key(key)) << value;
    EXPECT_EQ(key, "next");
  }
  for (const char* text : {"", "]", ",", "[1", "{\"a\"", "[\"", "[}"}) {
    JsonScanner scanner(text, "file");
    if (std::string_view(text) == "[}") {
      EXPECT_EQ(scanner.value(), "[}");  // not checked
    } else {
      EXPECT_THROW(scanner.value(), Error) << text;
    }
  }
}

TEST(JsonScanner, ErrorsNameFilePlaceAndByte) {
  JsonScanner scanner(R"({"a": 7})", "model.safetensors");
  std::string_view key;
  scanner.begin_object();
  ASSERT_TRUE(scanner.next_key(key));
  scanner.set_place(key);
  try {
    scanner.string();
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "model.safetensors: a: JSON, byte 6: expected a string, got '7'");
    EXPECT_EQ(error.exit_code(), 2);
  }
}

}  // namespace
}  // namespace grpo::policy
