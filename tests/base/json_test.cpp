#include "base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/expect_error.h"

namespace grpo {
namespace {

TEST(Json, FieldsAreReadByType) {
  const Json json = parse_json(
      R"({"b": true, "i": -3, "d": 2, "t": "x", "l": [1, "inf"], "o": {"k": 5}, "n": null})",
      "f:1");
  const JsonObject object(json, "f:1");
  EXPECT_TRUE(object.required<bool>("b"));
  EXPECT_EQ(object.required<int64_t>("i"), -3);
  EXPECT_EQ(object.required<double>("d"), 2);
  EXPECT_EQ(object.required<std::string>("t"), "x");
  EXPECT_EQ(object.required<std::vector<double>>("l"), (std::vector<double>{1, INFINITY}));
  EXPECT_EQ(object.object("o").required<int64_t>("k"), 5);
  EXPECT_EQ(object.optional<int64_t>("n"), std::nullopt);
  EXPECT_EQ(object.value_or<int64_t>("absent", 7), 7);
}

TEST(Json, ErrorsNamePlaceFieldAndWhatStandsThere) {
  const Json json = parse_json(
      R"({"i": 1.5, "big": 18446744073709551615, "l": [1, true], "o": {"k": "5"}, "os": [{}]})",
      "f:3");
  const JsonObject object(json, "f:3");
  const auto message = [](const auto& action) { return test::error_of(action, 2); };
  EXPECT_EQ(message([&] { object.required<int64_t>("i"); }),
            "f:3: i: expected a 64-bit integer, got the number 1.5");
  EXPECT_EQ(message([&] { object.required<int64_t>("big"); }),
            "f:3: big: expected a 64-bit integer, got the number 18446744073709551615");
  EXPECT_EQ(message([&] { object.required<std::vector<int64_t>>("l"); }),
            "f:3: l[1]: expected a 64-bit integer, got true");
  EXPECT_EQ(message([&] { object.object("o").required<double>("k"); }),
            "f:3: o.k: expected a number, got the text \"5\"");
  EXPECT_EQ(message([&] { object.objects("os")[0].required<std::string>("x"); }),
            "f:3: os[0].x: required field is missing");
  EXPECT_EQ(message([&] { object.object("l"); }), "f:3: l: expected an object, got a list");
  EXPECT_EQ(message([&] { object.object("o").refuse_unknown({"kk"}); }),
            "f:3: o.k: unknown field; did you mean \"kk\"? known here: kk");
  EXPECT_EQ(message([&] { JsonObject(json["l"], "f:3"); }), "f:3: expected an object, got a list");
}

TEST(Json, MalformedTextIsRefused) {
  const auto message = [](std::string_view text) {
    return test::error_of([&] { parse_json(text, "f:9"); }, 2);
  };
  for (const std::string_view text :
       {"", "{", "{\"a\":}", "[1,]", "nul", "01", "1e400", "\"\xff\"", "{} {}", "NaN", "'a'"}) {
    EXPECT_THAT(message(text), testing::StartsWith("f:9: ")) << text;
  }
  EXPECT_EQ(message(std::string(100000, '[')), "f:9: nested deeper than 200 levels");
  EXPECT_NO_THROW(parse_json("\"" + std::string(1000, '[') + "\\\"[\"", "f:9"));
}

TEST(Json, OrderedKeepsTheOrderWritten) {
  EXPECT_EQ(print_json(parse_json<OrderedJson>(R"({"z": 1, "a": [true, null, "ü\n"]})", "f")),
            "{\"z\":1,\"a\":[true,null,\"ü\\n\"]}");
}

TEST(Json, InvalidUtf8IsPrintedAsReplacement) {
  EXPECT_EQ(print_json(OrderedJson("a\xff")), "\"a\xef\xbf\xbd\"");
}

TEST(Json, NumbersPrintInTheShortestFormOfTheirType) {
  EXPECT_EQ(number_text(0.1f), "0.1");
  EXPECT_EQ(number_text(0.1), "0.1");
  EXPECT_EQ(number_text(static_cast<double>(0.1f)), "0.10000000149011612");
  EXPECT_EQ(number_text(1.0), "1.0");
  EXPECT_EQ(number_text(-0.0), "-0.0");
  EXPECT_EQ(number_text(1e-6), "1e-06");
  EXPECT_EQ(number_text(5e-324), "5e-324");
  EXPECT_EQ(print_json(json_number(0.1f)), "0.1");
  EXPECT_EQ(print_json(json_number(-INFINITY)), "\"-inf\"");
  EXPECT_EQ(print_json(json_number(std::nanf(""))), "\"nan\"");
}

TEST(Json, PrintedNumbersReadBackToTheSameBits) {
  uint64_t bits = 1;
  for (int i = 0; i < 20000; ++i) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    const auto d = std::bit_cast<double>(bits);
    if (std::isfinite(d)) {
      const auto text = print_json(json_number(d));
      EXPECT_EQ(std::bit_cast<uint64_t>(parse_json(text, "f").get<double>()), bits) << text;
    }
    const auto f = std::bit_cast<float>(static_cast<uint32_t>(bits >> 32));
    if (std::isfinite(f)) {
      const auto text = print_json(json_number(f));
      EXPECT_EQ(text, number_text(f));
      EXPECT_EQ(std::bit_cast<uint32_t>(std::strtof(text.c_str(), nullptr)),
                std::bit_cast<uint32_t>(f))
          << text;
    }
  }
}

}  // namespace
}  // namespace grpo
