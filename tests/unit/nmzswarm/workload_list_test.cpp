#include "workload_list.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

WorkloadList listed(std::string_view text, const Selection& selection = {}) {
  auto list = read_list(text, selection);
  if (!list) ADD_FAILURE() << list.error().message;
  return list.value_or(WorkloadList{});
}

std::vector<std::string> selected(std::string_view text, std::vector<std::string> filters,
                                  std::vector<std::string> excludes) {
  Selection selection;
  selection.filters = std::move(filters);
  selection.excludes = std::move(excludes);
  return listed(text, selection).ids;
}

TEST(WorkloadListTest, OneALineInTheirOrder) {
  EXPECT_THAT(listed("b\na\nc\n").ids, ElementsAre("b", "a", "c"));
  EXPECT_THAT(listed("b\na").ids, ElementsAre("b", "a")) << "the last line needs no newline";
}

TEST(WorkloadListTest, EmptyLinesAreNoIdsAndBlanksAre) {
  EXPECT_THAT(listed("\n\na\n\r\n\nb\n\n").ids, ElementsAre("a", "b"));
  EXPECT_THAT(listed(" a \n\t\n").ids, ElementsAre(" a ", "\t"));
  EXPECT_THAT(listed("").ids, IsEmpty());
  EXPECT_THAT(listed("\n\n").ids, IsEmpty());
  EXPECT_EQ(listed("\n\n").listed, 0U);
}

TEST(WorkloadListTest, ACarriageReturnBelongsToTheLineEnd) {
  EXPECT_THAT(listed("a\r\nb\r\n").ids, ElementsAre("a", "b"));
  EXPECT_THAT(listed("a\rb\r\r\n").ids, ElementsAre("a\rb\r"));
  EXPECT_EQ(listed("a\r\na\n").duplicates, 1U);
}

TEST(WorkloadListTest, AnyOtherByteIsPartOfAnId) {
  const std::string all = "a\0b\n\xff\xfe\n\x01\x1b[31m\n'\"$(x)\\\n--help\n"s;
  EXPECT_THAT(listed(all).ids, ElementsAre("a\0b"s, "\xff\xfe", "\x01\x1b[31m", "'\"$(x)\\", "--help"));
}

TEST(WorkloadListTest, AnIdThatComesAgainIsDropped) {
  const WorkloadList list = listed("a\nb\na\na\n");
  EXPECT_THAT(list.ids, ElementsAre("a", "b"));
  EXPECT_EQ(list.duplicates, 2U);
  EXPECT_EQ(list.listed, 4U);
}

TEST(WorkloadListTest, FiltersAndExcludes) {
  const std::string_view text = "net/a\nnet/b\nfs/a\nfs/b\n";
  EXPECT_THAT(selected(text, {"^net/"}, {}), ElementsAre("net/a", "net/b"));
  EXPECT_THAT(selected(text, {"^net/", "b$"}, {}), ElementsAre("net/a", "net/b", "fs/b"));
  EXPECT_THAT(selected(text, {"^net/"}, {"a"}), ElementsAre("net/b"));
  EXPECT_THAT(selected(text, {}, {"net", "fs/b"}), ElementsAre("fs/a"));
  EXPECT_THAT(selected(text, {"(net|fs)/a$"}, {}), ElementsAre("net/a", "fs/a"));
  EXPECT_THAT(selected(text, {"nothing"}, {}), IsEmpty());
}

TEST(WorkloadListTest, FiltersSeeEveryByte) {
  EXPECT_THAT(selected("a\0b\nab\n"s, {"b$"}, {}), ElementsAre("a\0b"s, "ab"));
  EXPECT_THAT(selected("\xff!\nx\n", {"!"}, {}), ElementsAre("\xff!"));
  EXPECT_THAT(selected("ab\nabc\n", {"^ab$"}, {}), ElementsAre("ab")) << "the end is the line's";
}

TEST(WorkloadListTest, AnExpressionThatIsNoneIsNamed) {
  Selection selection;
  selection.excludes = {"ok", "a[b"};
  const auto list = read_list("a\n", selection);
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().message, HasSubstr("--exclude 'a[b'"));
  selection.filters = {"("};
  EXPECT_THAT(read_list("", selection).error().message, HasSubstr("--filter '('"));
}

TEST(WorkloadListTest, TheShardsTogetherAreTheList) {
  std::string text;
  for (int i = 0; i < 103; ++i) text += std::to_string(i) + "\n" + (i % 10 == 0 ? "0\n" : "");
  Selection selection;
  selection.excludes = {"7"};
  const std::vector<std::string> whole = listed(text, selection).ids;
  std::vector<std::string> together;
  selection.shards = 7;
  for (selection.shard = 0; selection.shard < selection.shards; ++selection.shard) {
    const std::vector<std::string> part = listed(text, selection).ids;
    EXPECT_GE(part.size(), whole.size() / 7);
    EXPECT_LE(part.size(), whole.size() / 7 + 1);
    together.insert(together.end(), part.begin(), part.end());
  }
  EXPECT_THAT(together, testing::UnorderedElementsAreArray(whole));
}

TEST(WorkloadListTest, AShardOfAShortListMayBeEmpty) {
  Selection selection;
  selection.shard = 4;
  selection.shards = 5;
  const WorkloadList list = listed("a\nb\n", selection);
  EXPECT_THAT(list.ids, IsEmpty());
  EXPECT_EQ(list.listed, 2U);
}

TEST(WorkloadListTest, ShardsAreWrittenAsIOfN) {
  Selection selection;
  ASSERT_TRUE(parse_shard("2/5", selection));
  EXPECT_EQ(selection.shard, 1U);
  EXPECT_EQ(selection.shards, 5U);
  for (const char* wrong : {"", "/", "1", "1/", "/1", "0/1", "2/1", "a/b", "1/2x", " 1/2", "-1/2", "1/4294967296"}) {
    EXPECT_FALSE(parse_shard(wrong, selection)) << wrong;
  }
  EXPECT_EQ(selection.shards, 5U) << "what is wrong changes nothing";
}

TEST(WorkloadListTest, AHundredThousandIds) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "directory/test-" + std::to_string(i) + "\n";
  EXPECT_EQ(listed(text).ids.size(), 100'000U);
  EXPECT_EQ(listed(text + text).duplicates, 100'000U);
  EXPECT_EQ(selected(text, {"9$"}, {"99$"}).size(), 9'000U);
}

}  // namespace
}  // namespace nmz::nmzswarm
