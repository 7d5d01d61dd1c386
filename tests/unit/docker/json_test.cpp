#include "json.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

namespace nmz::docker {
namespace {

std::int64_t number(std::string_view text) { return number_at(parse_json(text).value(), ""); }

TEST(JsonTest, ANumberOutOfRangeIsTheNearestThatIsNot) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(number("1e300"), most);
  EXPECT_EQ(number("-1e300"), least);
  EXPECT_EQ(number("9223372036854775808"), most);
  EXPECT_EQ(number("9.3e18"), most);
  EXPECT_EQ(number("-9223372036854775808.0"), least);
  EXPECT_EQ(number("2.9"), 2);
  EXPECT_EQ(number("\"2\""), 0);
}

TEST(JsonTest, ANarrowNumberDoesNotWrapAround) {
  const Json success_if_cut = parse_json("4294967296").value();
  EXPECT_EQ(number_at<int>(success_if_cut, ""), std::numeric_limits<int>::max());
  EXPECT_EQ(number_at<std::uint64_t>(parse_json("-1").value(), ""), 0U);
}

}  // namespace
}  // namespace nmz::docker
