// A test that is sometimes wrong: the culprit is found all the same, and how sure that is is said.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::size_t commits = 40;
constexpr std::size_t culprit = 23;

class FlakyTest : public testing::Test {
 protected:
  Ended search(std::vector<std::string> options, const std::string& script) {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), shell(script)));
  }

  /// One in ten is wrong, decided by the number of the commit and of its run, so that it is always the same.
  const std::string one_in_ten =
      "bad=0; test $(cat number) -lt 23 || bad=1; "
      "x=$(echo $(cat number) $NMZ_RUN | cksum | cut -d' ' -f1); "
      "test $((x % 10)) -ne 0 || bad=$((1 - bad)); exit $bad";
  const std::string coin = "x=$(echo $(cat number) $NMZ_RUN | cksum | cut -d' ' -f1); exit $((x / 8 % 2))";
  Workplace place;
  LineRepository repository{commits};
};

TEST_F(FlakyTest, FindsTheCulpritAndSaysHowSureItIs) {
  const Ended ended = search({"--flaky", "auto", "--jobs", "4"}, one_in_ten);
  EXPECT_THAT(ended, Finds(repository.ids()[culprit]));
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("with a confidence of 99."), HasSubstr("% commit"), HasSubstr("tests: about")));
}

TEST_F(FlakyTest, EachExecutionHasALog) {
  search({"--flaky", "0.1,0.1", "--jobs", "4"}, "echo run $NMZ_RUN; " + one_in_ten);
  const std::string log = place.log_dir() / (repository.ids()[culprit] + ".run-2.log");
  EXPECT_THAT(lines_of(log), testing::ElementsAre("run 2"));
}

TEST_F(FlakyTest, StopsWhereNoMoreTestsAreAllowed) {
  const Ended ended = search({"--flaky", "auto", "--max-tests", "6", "--jobs", "2"}, one_in_ten);
  EXPECT_THAT(ended, FailsWith(6));
  EXPECT_THAT(ended.out, HasSubstr("could be any of"));
  EXPECT_THAT(ended.err, HasSubstr("after 6 tests no commit is the first bad one with a confidence of 99"));
}

TEST_F(FlakyTest, SaysThatThereIsNoCulprit) {
  const Ended ended = search({"--flaky", "auto", "--confidence", "0.9", "--jobs", "2"}, coin);
  EXPECT_THAT(ended, FailsWith(7));
  EXPECT_THAT(ended.err, HasSubstr("no first bad commit is in this range"));
}

/// The first test of all is wrong, in the older half, so that the search goes astray; the confirmation notices.
TEST_F(FlakyTest, ContradictionsAreNoticedWithoutTheOption) {
  const std::string first = place.note("first").string();
  const Ended ended = search({"--jobs", "1", "--confirm"},
                             "test -e " + first + " || { touch " + first + "; exit 1; }; test $(cat number) -lt 23");
  EXPECT_THAT(ended, Finds(repository.ids()[culprit]));
  EXPECT_THAT(ended.err, HasSubstr("the verdicts contradict each other"));
  EXPECT_THAT(ended.out, HasSubstr("with a confidence of"));
}

}  // namespace
}  // namespace nmz::conformance
