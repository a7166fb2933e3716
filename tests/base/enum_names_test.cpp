#include "base/enum_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace grpo {
namespace colours {

enum class Colour { red, green, unnamed };
constexpr std::array<std::pair<Colour, const char*>, 2> enum_names(Colour) {
  return {{{Colour::red, "red"}, {Colour::green, "green"}}};
}

}  // namespace colours
namespace {

using colours::Colour;

TEST(EnumNames, NamesAndValuesFindEachOther) {
  EXPECT_STREQ(name_of(Colour::green), "green");
  EXPECT_EQ(find_named<Colour>("red"), Colour::red);
  EXPECT_EQ(find_named<Colour>("Red"), std::nullopt);
  EXPECT_THAT(names_of<Colour>(), ::testing::ElementsAre("red", "green"));
}

TEST(EnumNames, AValueWithoutANameIsAnError) {
  EXPECT_THAT(test::error_of([] { name_of(Colour::unnamed); }, 1),
              ::testing::HasSubstr("without a name"));
}

}  // namespace
}  // namespace grpo
