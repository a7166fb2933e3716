#include "monitor/svg_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "tests/support/expect_error.h"

namespace grpo::monitor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(SvgPlot, TicksAreRoundNumbers) {
  EXPECT_THAT(nice_ticks(0, 1, 5), ElementsAre(0, 0.2, 0.4, testing::DoubleEq(0.6), 0.8, 1));
  EXPECT_THAT(nice_ticks(-1, 201, 4), ElementsAre(0, 50, 100, 150, 200));
  EXPECT_THAT(nice_ticks(0.97, 1.03, 3),
              ElementsAre(testing::DoubleEq(0.98), 1, testing::DoubleEq(1.02)));
  EXPECT_THAT(test::error_of([] { nice_ticks(1, 1, 4); }, 1), HasSubstr("no ticks"));
}

TEST(SvgPlot, TicksEndWhereNumbersHaveNoMoreDigits) {
  // Two neighbours; a tick may be rounded to the number beyond.
  const auto ticks = nice_ticks(1, std::nextafter(1.0, 2.0), 6);
  EXPECT_THAT(ticks, testing::SizeIs(testing::AllOf(testing::Ge(2u), testing::Le(4u))));
  EXPECT_THAT(ticks, testing::Each(testing::DoubleNear(1.0, 4e-16)));
}

TEST(SvgPlot, DrawsEverySeriesWithItsLegend) {
  PlotOptions options;
  options.title = "a < b & c";
  Series up{"up", {}, {}}, down{"down\x01", {}, {}};
  for (int i = 0; i <= 200; ++i) {
    up.x.push_back(i);
    up.y.push_back(0.9 - 0.7 * std::exp(-i / 50.0) + 0.03 * std::sin(i * 1.7));
    down.x.push_back(i);
    down.y.push_back(i > 80 && i < 100 ? NAN : 0.5 * std::exp(-i / 90.0));
  }
  options.x_label = "step";
  options.y_label = "reward";
  const std::string svg = svg_plot(options, {up, down});
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"720\""));
  EXPECT_THAT(svg, testing::EndsWith("</svg>\n"));
  EXPECT_THAT(svg, HasSubstr(">a &lt; b &amp; c</text>"));
  EXPECT_THAT(svg, HasSubstr(">up</text>"));
  EXPECT_THAT(svg, HasSubstr(">down </text>"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  // A way to look at it: GRPO_TEST_SVG=plot.svg monitor_test --gtest_filter='SvgPlot.*'
  if (const char* file = std::getenv("GRPO_TEST_SVG")) write_atomically(file, svg);
}

TEST(SvgPlot, OnePointAndConstantSeriesAreDrawn) {
  const std::string svg = svg_plot({}, {{"one", {5}, {0}}});
  EXPECT_THAT(svg, HasSubstr("<circle"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr(">one</text>")));  // no legend for a single line
  EXPECT_THAT(svg_plot({}, {{"flat", {1, 2}, {3, 3}}}), HasSubstr("<path"));
}

TEST(SvgPlot, NothingToDrawIsAnError) {
  EXPECT_THAT(test::error_of([] { svg_plot({}, {}); }, 1), HasSubstr("no finite point"));
  EXPECT_THAT(test::error_of(
                  [] {
                    svg_plot({}, {{"a", {1}, {NAN}}});
                  },
                  1),
              HasSubstr("no finite point"));
  EXPECT_THAT(test::error_of(
                  [] {
                    svg_plot({}, {{"a", {1, 2}, {1}}});
                  },
                  1),
              HasSubstr("plot: a: 2 values of x, 1 of y"));
}

}  // namespace
}  // namespace grpo::monitor
