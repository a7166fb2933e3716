#include "datasets/stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/expect_error.h"

namespace grpo::datasets {
namespace {

using Pick = IndexStream::Pick;

TEST(Stream, AnEpochIsAPermutationAndTheNextOneDiffers) {
  IndexStream stream({{"a", 50, 1}}, 7);
  std::vector<int64_t> first, second;
  for (const auto& pick : stream.next(50)) first.push_back(pick.item);
  EXPECT_EQ(stream.epoch(), 1);
  for (const auto& pick : stream.next(50)) second.push_back(pick.item);
  EXPECT_NE(first, second);
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(first[static_cast<size_t>(i)], i);
  EXPECT_EQ(first, second);
}

TEST(Stream, TheOrderDependsOnTheSeedOnly) {
  EXPECT_EQ(shuffled(20, 1, 0, 0), shuffled(20, 1, 0, 0));
  EXPECT_NE(shuffled(20, 1, 0, 0), shuffled(20, 2, 0, 0));
  EXPECT_NE(shuffled(20, 1, 0, 0), shuffled(20, 1, 1, 0));
}

TEST(Stream, BatchSizeDoesNotChangeTheSequence) {
  IndexStream one({{"a", 7, 1}, {"b", 5, 2}}, 3), two({{"a", 7, 1}, {"b", 5, 2}}, 3);
  const auto whole = one.next(60);
  std::vector<Pick> parts;
  for (const int64_t size : {1, 9, 0, 20, 30}) {
    const auto part = two.next(size);
    parts.insert(parts.end(), part.begin(), part.end());
  }
  EXPECT_EQ(whole, parts);
}

TEST(Stream, SourcesComeInProportionToTheirWeightAtEveryMoment) {
  IndexStream stream({{"a", 10, 3}, {"b", 10, 1}, {"never", 10, 0}}, 1);
  std::map<int64_t, int64_t> count;
  for (int64_t t = 1; t <= 400; ++t) {
    ++count[stream.next(1)[0].source];
    EXPECT_LE(std::abs(static_cast<double>(count[0]) - 0.75 * static_cast<double>(t)), 1.0);
  }
  EXPECT_EQ(count[0], 300);
  EXPECT_EQ(count[2], 0);
}

TEST(Stream, ARestoredCursorContinuesExactly) {
  const std::vector<SourceInfo> sources{{"a", 7, 1}, {"b", 5, 2}};
  IndexStream whole(sources, 3), before(sources, 3), after(sources, 3);
  whole.next(33);
  before.next(33);
  after.restore(nlohmann::json::parse(before.cursor().dump()));
  EXPECT_EQ(whole.next(40), after.next(40));
}

TEST(Stream, ACursorOfOtherDataIsRefused) {
  IndexStream stream({{"a", 7, 1}}, 3);
  const auto cursor = stream.cursor();
  EXPECT_THROW(IndexStream({{"a", 8, 1}}, 3).restore(cursor), Error);
  EXPECT_THROW(IndexStream({{"b", 7, 1}}, 3).restore(cursor), Error);
  EXPECT_THROW(IndexStream({{"a", 7, 1}}, 4).restore(cursor), Error);
  EXPECT_THROW(stream.restore(nlohmann::json::parse("{}")), Error);
  auto broken = cursor;
  broken["sources"][0]["position"] = 7;
  EXPECT_THROW(stream.restore(broken), Error);
  broken["sources"][0]["position"] = "x";
  EXPECT_THROW(stream.restore(broken), Error);
}

TEST(Stream, ACursorSaysWhichSourceHasOtherRows) {
  const auto cursor = IndexStream({{"sums", 7, 1, "aa"}, {"words", 5, 1, "bb"}}, 3).cursor();
  const auto said = [&](const SourceInfo& words) {
    IndexStream stream({{"sums", 7, 1, "aa"}, words}, 3);
    return test::error_of([&] { stream.restore(cursor); }, 2);
  };
  EXPECT_THAT(said({"words", 6, 1, "cc"}),
              testing::HasSubstr("words: 6 rows now, 5 in the checkpoint"));
  EXPECT_THAT(said({"words", 5, 1, "cc"}),
              testing::HasSubstr("words: its rows are not those of the checkpoint"));
  EXPECT_THAT(said({"letters", 5, 1, "bb"}),
              testing::HasSubstr("source 1 is letters now, and words in the checkpoint"));
}

TEST(Stream, BadSourcesAreRefused) {
  EXPECT_THROW(IndexStream({}, 1), Error);
  EXPECT_THROW(IndexStream({{"a", 0, 1}}, 1), Error);
  EXPECT_THROW(IndexStream({{"a", 1, 0}}, 1), Error);
  EXPECT_THROW(IndexStream({{"a", 1, -1}}, 1), Error);
}

TEST(Stream, YieldsItemsOfItsSources) {
  Stream<std::string> stream({{"a", {"x", "y"}, 1}, {"b", {"z"}, 1}}, 1);
  EXPECT_THAT(stream.next(4), testing::UnorderedElementsAre("x", "y", "z", "z"));
}

}  // namespace
}  // namespace grpo::datasets
