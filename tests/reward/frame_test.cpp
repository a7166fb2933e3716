#include "reward/code/frame.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/error.h"
#include "reward/code/plain_value.h"

namespace grpo::reward::code {
namespace {

std::string framed(std::string_view text, size_t length) {
  std::string frame;
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(length >> shift & 0xFF);
  return frame + std::string(text);
}
std::string framed(std::string_view text) { return framed(text, text.size()); }

TEST(Frame, IsFourBytesOfLengthAndJson) {
  EXPECT_EQ(make_frame({{"call", 1}}), std::string("\0\0\0\12{\"call\":1}", 14));
  EXPECT_THROW(make_frame(std::string(kMaxFrameBytes, 'x')), Error);
}

TEST(Frame, ComesOutWholeHoweverItArrives) {
  const std::string bytes = framed("{\"a\":[1,2]}") + framed("null") + framed("\"\"");
  for (size_t step = 1; step <= bytes.size(); ++step) {
    FrameReader reader;
    std::string seen;
    for (size_t at = 0; at < bytes.size(); at += step) {
      reader.append(std::string_view(bytes).substr(at, step));
      while (const auto frame = reader.next()) seen += frame->dump() + ";";
    }
    EXPECT_EQ(seen, "{\"a\":[1,2]};null;\"\";") << step;
  }
}

TEST(Frame, HostileBytesAreRefusedBeforeTheyAreKept) {
  for (const std::string& bytes :
       {framed("", kMaxFrameBytes + 1), framed("", 0xFFFFFFFF), framed(""), framed("{"),
        framed("\xff\xfe"), framed("1 2"), framed("1e999"), framed(std::string(300, '[')),
        framed(std::string("\0", 1)), framed("{\"a\":1}x")}) {
    FrameReader reader;
    reader.append(bytes);
    EXPECT_THROW(reader.next(), Error) << bytes.substr(0, 20);
  }
  FrameReader waiting;
  waiting.append(framed("12", 3));
  EXPECT_FALSE(waiting.next().has_value());
}

TEST(Frame, RandomBytesNeverDoMoreThanFail) {
  std::mt19937 chance(7);
  const std::string signs = "{}[]\":,0123456789.eE-+truefalsnl\\u \x80\xff";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(chance() % 40, '\0');
    for (char& c : text) c = signs[chance() % signs.size()];
    FrameReader reader;
    reader.append(chance() % 4 == 0 ? text : framed(text, text.size() + chance() % 2));
    try {
      while (const auto frame = reader.next()) {
        (void)canonical_value(*frame);
        (void)canonical_value(*frame, NumberTypes::python);
      }
    } catch (const Error&) {
    }
  }
}

TEST(PlainValue, ForgedTagsEqualNothing) {
  for (const char* text : {R"({"f":"nan"})", R"({"f":"1x"})", R"({"f":""})", R"({"c":[1]})",
                           R"({"c":1})", R"({"d":[[1]]})", R"({"g":[1]})", R"({"n":"int"})",
                           R"({"z":1})", R"({"t":1})", "{}", R"({"i":1})", R"({"t":[],"e":[]})"}) {
    const auto value = parse_json(text, "test");
    EXPECT_FALSE(canonical_value(value)) << text;
    EXPECT_FALSE(canonical_value(value, NumberTypes::python)) << text;
  }
}

}  // namespace
}  // namespace grpo::reward::code
