// Verdicts that are remembered, beside the durations in the same file.
#include "nmz/history/verdicts.hpp"

#include <array>
#include <chrono>
#include <optional>
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
  static RememberedVerdict verdict(Said said, Clock::time_point when) {
    RememberedVerdict result;
    result.said = said;
    result.commit = std::string(40, 'a');
    result.when = when;
    return result;
  }
  [[nodiscard]] Result<void> remember(const std::string& commit, const RememberedVerdict& what,
                                      bool flaky = false) const {
    KnownVerdicts known;
    known.verdicts.push_back({key({commit}), what});
    known.flaky = flaky;
    return open().remember(question, known);
  }
  [[nodiscard]] std::optional<RememberedVerdict> found(const std::string& commit) const {
    const KnownVerdicts known = open().known(question, now - 1h).value();
    for (const KeyedVerdict& one : known.verdicts) {
      if (one.key.bytes == key({commit}).bytes) return one.verdict;
    }
    return std::nullopt;
  }
  VerdictKey question = verdict_key(std::vector<std::string>{"question"});
  support::TempDirectory directory{"verdicts"};
  Clock::time_point now = Clock::now();
};

TEST_F(VerdictsTest, AreKnownToTheNextProgram) {
  EXPECT_FALSE(found("a"));
  ASSERT_TRUE(remember("a", verdict(Said::passed, now)));
  const auto verdict_of_a = found("a");
  ASSERT_TRUE(verdict_of_a);
  EXPECT_EQ(verdict_of_a->said, Said::passed);
  EXPECT_EQ(verdict_of_a->commit, std::string(40, 'a'));
  EXPECT_EQ(verdict_of_a->when, now);
  EXPECT_FALSE(found("b"));
}

TEST_F(VerdictsTest, GrowOldAndAreReplaced) {
  ASSERT_TRUE(remember("a", verdict(Said::passed, now - 2h)));
  EXPECT_FALSE(found("a"));
  ASSERT_TRUE(remember("a", verdict(Said::failed, now)));
  EXPECT_EQ(found("a")->said, Said::failed);
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
  ASSERT_TRUE(remember("a", verdict(Said::passed, now)));
  EXPECT_EQ(history.suites().value().size(), 1U);
  ASSERT_TRUE(history.prune({}));
  EXPECT_TRUE(found("a")) << "durations are pruned, not verdicts";
}

TEST_F(VerdictsTest, AreReadByTheirQuestion) {
  ASSERT_TRUE(remember("a", verdict(Said::skipped, now)));
  ASSERT_TRUE(remember("b", verdict(Said::not_built, now - 2h), true));
  const KnownVerdicts known = open().known(question, now - 1h).value();
  ASSERT_EQ(known.verdicts.size(), 1U);
  EXPECT_EQ(known.verdicts[0].key.bytes, key({"a"}).bytes);
  EXPECT_EQ(known.verdicts[0].verdict.said, Said::skipped);
  EXPECT_TRUE(known.flaky) << "once is enough";
  const KnownVerdicts other = open().known(key({"another"}), now - 1h).value();
  EXPECT_TRUE(other.verdicts.empty());
  EXPECT_FALSE(other.flaky);
}

TEST_F(VerdictsTest, AreForgotten) {
  ASSERT_TRUE(remember("a", verdict(Said::passed, now)));
  ASSERT_TRUE(remember("b", verdict(Said::passed, now - 2h)));
  EXPECT_EQ(open().forget(now - 1h).value(), 1U);
  EXPECT_EQ(open().known(question, now - 9h).value().verdicts.size(), 1U);
  ASSERT_TRUE(open().forget(key({"another"})));
  EXPECT_EQ(open().forget(std::nullopt).value(), 1U);
}

}  // namespace
}  // namespace nmz::history
