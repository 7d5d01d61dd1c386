// Verdicts that are remembered, beside the durations in the same file.
#include "nmz/history/verdicts.hpp"

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/history/history.hpp"

#include "support/temp_directory.hpp"

namespace nmz::history {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::system_clock;

class VerdictsTest : public testing::Test {
 protected:
  [[nodiscard]] Verdicts open() const { return Verdicts::open(file(), 1s).value(); }
  [[nodiscard]] std::filesystem::path file() const { return directory.path() / "history.sqlite"; }
  static VerdictKey key(const std::vector<std::string>& what) { return verdict_key(what); }
  static RememberedVerdict verdict(bool good, Clock::time_point when) {
    RememberedVerdict result;
    result.good = good;
    result.commit = std::string(40, 'a');
    result.when = when;
    return result;
  }
  support::TempDirectory directory{"verdicts"};
  Clock::time_point now = Clock::now();
};

TEST_F(VerdictsTest, AreKnownToTheNextProgram) {
  EXPECT_FALSE(open().find(key({"a"}), now - 1h).value());
  ASSERT_TRUE(open().remember(key({"a"}), verdict(true, now)));
  const auto found = open().find(key({"a"}), now - 1h).value();
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->good);
  EXPECT_EQ(found->commit, std::string(40, 'a'));
  EXPECT_EQ(found->when, now);
  EXPECT_FALSE(open().find(key({"b"}), now - 1h).value());
}

TEST_F(VerdictsTest, GrowOldAndAreReplaced) {
  ASSERT_TRUE(open().remember(key({"a"}), verdict(true, now - 2h)));
  EXPECT_FALSE(open().find(key({"a"}), now - 1h).value());
  ASSERT_TRUE(open().remember(key({"a"}), verdict(false, now)));
  EXPECT_FALSE(open().find(key({"a"}), now - 1h).value().value().good);
}

TEST_F(VerdictsTest, AKeyKeepsItsPartsApart) {
  EXPECT_EQ(key({"a", "b"}).bytes.size(), 32U);
  EXPECT_EQ(key({"a", "b"}).bytes, key({"a", "b"}).bytes);
  EXPECT_NE(key({"a", "b"}).bytes, key({"ab", ""}).bytes);
  EXPECT_NE(key({"a", "b"}).bytes, key({"b", "a"}).bytes);
  EXPECT_NE(key({"1:a"}).bytes, key({"a"}).bytes);
}

TEST_F(VerdictsTest, StandBesideDurations) {
  History history = History::open(file()).value();
  Observation one;
  one.workload = "w";
  one.took = 1s;
  ASSERT_TRUE(history.record("suite", std::array{one}, now));
  ASSERT_TRUE(open().remember(key({"a"}), verdict(true, now)));
  EXPECT_EQ(history.suites().value().size(), 1U);
  ASSERT_TRUE(history.prune({}));
  EXPECT_TRUE(open().find(key({"a"}), now - 1h).value()) << "durations are pruned, not verdicts";
}

}  // namespace
}  // namespace nmz::history
