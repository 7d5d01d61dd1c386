// What the test's ending means, as git-bisect(1) defines it for `run`: 0, 1..124, 125, 126/127, 128 and above; and
// what follows when commits at the ends, or all of them, answer otherwise than they were said to.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

class VerdictTest : public testing::Test {
 protected:
  Ended search(const std::string& script, std::vector<std::string> options = {}) {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }

  Workplace place;
  LineRepository repository{12};
};

TEST_F(VerdictTest, AnyCodeFrom1To124IsBad) {
  EXPECT_THAT(search("test $n -lt 4 || exit $((1 + n % 2 * 123))"), Finds(repository.ids()[4]));
}

TEST_F(VerdictTest, Codes126And127OfBadCommitsAreBad) {
  EXPECT_THAT(search("test $n -lt 7 || exit 126"), Finds(repository.ids()[7]));
  EXPECT_THAT(search("test $n -lt 7 || exit 127"), Finds(repository.ids()[7]));
}

TEST_F(VerdictTest, Codes126And127OfTheGoodEndAreNoCulprit) {
  EXPECT_THAT(search("exit 127"), FailsWith(1));
  EXPECT_THAT(search("exit 126"), FailsWith(1));
}

TEST_F(VerdictTest, Codes128AndAboveStopTheSearch) {
  const Ended stopped = search("test $n -lt 4 || exit 128");
  EXPECT_THAT(stopped, FailsWith(1));
  EXPECT_THAT(stopped.err, HasSubstr("128"));
  const Ended at_255 = search("test $n -lt 4 || exit 255");
  EXPECT_THAT(at_255, FailsWith(1));
  EXPECT_THAT(at_255.err, HasSubstr("255"));
}

TEST_F(VerdictTest, TheSignalOfATestThatCrashesIsNamed) {
  const Ended crashed = search("test $n -lt 4 || kill -SEGV $$");
  EXPECT_THAT(crashed, FailsWith(1));
  EXPECT_THAT(crashed.err,
              AnyOf(HasSubstr("139"), HasSubstr("signal 11"), HasSubstr("SIGSEGV"), HasSubstr("Segmentation fault")));
}

TEST_F(VerdictTest, SkippedCommitsAroundTheCulpritAreListed) {
  const Ended ended = search("case $n in 5|6) exit 125;; esac; test $n -lt 6");
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(ids_in(ended.out), UnorderedElementsAre(repository.ids()[5], repository.ids()[6], repository.ids()[7]));
}

TEST_F(VerdictTest, SkippedCommitsElsewhereAreAvoided) {
  EXPECT_THAT(search("case $n in 2|3|4|6|8|9|10) exit 125;; esac; test $n -lt 6"), FailsWith(2));
  EXPECT_THAT(search("case $n in 2|3|4|8|9|10) exit 125;; esac; test $n -lt 6"), Finds(repository.ids()[6]));
}

TEST_F(VerdictTest, SkippedEndsAreTakenAtTheirWord) {
  EXPECT_THAT(search("test $n = 0 && exit 125; test $n -lt 6"), Finds(repository.ids()[6]));
  EXPECT_THAT(search("test $n = 11 && exit 125; test $n -lt 6"), Finds(repository.ids()[6]));
  EXPECT_THAT(search("case $n in 0|11) exit 125;; esac; test $n -lt 11"), Finds(repository.ids()[11]));
}

TEST_F(VerdictTest, NothingTestableHasItsOwnCode) {
  EXPECT_THAT(search("exit 125"), FailsWith(4));
  const Ended killed = search("kill -KILL $PPID; sleep 9");
  EXPECT_THAT(killed, FailsWith(4)) << "its worker, each time";
  EXPECT_THAT(killed.err, HasSubstr("no worker is left"));
}

TEST_F(VerdictTest, AGoodEndThatIsBadStopsTheSearch) {
  const Ended ended = search("exit 1");
  EXPECT_THAT(ended, FailsWith(1));
  EXPECT_THAT(ended.err, HasSubstr(repository.ids()[0].substr(0, 7)));
}

TEST_F(VerdictTest, ABadEndThatIsGoodStopsTheSearch) {
  const Ended ended = search("exit 0");
  EXPECT_THAT(ended, FailsWith(1));
  EXPECT_THAT(ended.err, HasSubstr(repository.ids()[11].substr(0, 7)));
}

TEST_F(VerdictTest, TrustedEndsAreNotTested) {
  const std::string script = "echo $n >> $NOTES/tested; test $n -gt 0 -a $n -lt 9";
  EXPECT_THAT(search(script, {"--trust-ends"}), Finds(repository.ids()[9]));
  const std::vector<std::string> tested = lines_of(place.note("tested"));
  EXPECT_THAT(tested, Not(testing::Contains("0")));
  EXPECT_THAT(tested, Not(testing::Contains("11")));
}

TEST_F(VerdictTest, NoCommitIsTestedTwice) {
  EXPECT_THAT(search("echo $n >> $NOTES/tested; test $n -lt 8", {"--jobs", "3"}), Finds(repository.ids()[8]));
  std::vector<std::string> tested = lines_of(place.note("tested"));
  std::ranges::sort(tested);
  EXPECT_EQ(std::ranges::adjacent_find(tested), tested.end());
  EXPECT_GE(tested.size(), 2U);
}

TEST_F(VerdictTest, ARangeOfOneCommitNeedsNoSearch) {
  const std::vector<std::string>& ids = repository.ids();
  const Ended ended = place.bisect(repository.path(), arguments({ids[4] + ".." + ids[5]}, fails_from(5)));
  EXPECT_THAT(ended, Finds(ids[5]));
}

TEST_F(VerdictTest, TimeoutIsSkipUnlessToldOtherwise) {
  const std::string hangs_from_8 = "test $n -lt 8 || sleep 100";
  EXPECT_THAT(search(hangs_from_8, {"--timeout", "2", "--on-timeout", "bad"}), Finds(repository.ids()[8]));
  const Ended ended = search("test $n = 7 && sleep 100; test $n -lt 8", {"--timeout", "2"});
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(ids_in(ended.out), UnorderedElementsAre(repository.ids()[7], repository.ids()[8]));
}

TEST_F(VerdictTest, AFailureThatDoesNotMatchIsSkip) {
  const std::string script = "test $n -lt 5 && exit 0; test $n -lt 8 && echo unrelated || echo Wanted: 42; exit 1";
  const Ended ended = search(script, {"--match", "^Wanted: [0-9]+$"});
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(ids_in(ended.out),
              UnorderedElementsAre(repository.ids()[5], repository.ids()[6], repository.ids()[7], repository.ids()[8]));
  const Ended on_stderr = search("test $n -lt 5 || { echo Wanted >&2; exit 1; }", {"--match", "Wanted"});
  EXPECT_THAT(on_stderr, Finds(repository.ids()[5]));
}

TEST_F(VerdictTest, AFailedBuildIsSkip) {
  const Ended ended = search("test $n -lt 5", {"--build", "test $(cat number) != 4"});
  EXPECT_THAT(ended, FailsWith(2));
  EXPECT_THAT(ids_in(ended.out), UnorderedElementsAre(repository.ids()[4], repository.ids()[5]));
}

TEST_F(VerdictTest, TermsNameTheStates) {
  const std::vector<std::string> terms{"--term-old", "fast", "--term-new", "slow"};
  const Ended ended = search("test $n -lt 5", terms);
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_EQ(culprit_of(ended.out, "slow"), repository.ids()[5]) << everything(ended);
}

TEST_F(VerdictTest, FindFixLooksForTheFirstSuccess) {
  const Ended ended = search("test $n -ge 5", {"--find-fix"});
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_TRUE(ended.out.starts_with(repository.ids()[5] + " is the first ")) << everything(ended);
  const Ended named = search("test $n -ge 5", {"--find-fix", "--term-old", "broken", "--term-new", "fixed"});
  EXPECT_EQ(culprit_of(named.out, "fixed"), repository.ids()[5]) << everything(named);
}

TEST_F(VerdictTest, AMissingCommandIsAnErrorAndNoCulprit) {
  const auto run = [&](const std::string& command) {
    return place.bisect(repository.path(), arguments({repository.range()}, {command}));
  };
  support::write_file(place.path() / "plain-file", "#!/bin/sh\nexit 0\n");
  for (const std::string& command :
       {std::string{"/no/such/program"}, std::string{"no-such-program"}, (place.path() / "plain-file").string()}) {
    const Ended ended = run(command);
    EXPECT_THAT(ended, AnyOf(FailsWith(1), FailsWith(128))) << command;
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(VerdictTest, ADiskThatOneTestFillsForAWhileGivesNoWrongCulprit) {
  // Four tests share a disk that holds two of them, and each cleans up: what is free afterwards says nothing.
  const std::filesystem::path disk = place.path() / "disk";
  std::filesystem::create_directory(disk);
  ASSERT_EQ(::mount("none", disk.c_str(), "tmpfs", 0, "size=40m"), 0) << "mounting needs root";
  for (const std::string silenced : {"", " 2>&-"}) {
    const std::string fill = "head -c 14000000 /dev/zero > big" + silenced + " || { rm -f big; exit 1; }; ";
    EXPECT_THAT(search(fill + "sleep 0.05; rm big; test $n -lt 9", {"-j4", "--work-dir", disk / "work"}),
                AnyOf(Finds(repository.ids()[9]), FailsWith(2)));
  }
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

/// What it has left would keep all others from their commits.
TEST_F(VerdictTest, ADiskThatAnEndedTestHasFilledIsFreeAgain) {
  const std::filesystem::path disk = place.path() / "disk";
  std::filesystem::create_directory(disk);
  ASSERT_EQ(::mount("none", disk.c_str(), "tmpfs", 0, "size=8m"), 0) << "mounting needs root";
  const std::string fill = "head -c 20000000 /dev/zero > big 2>/dev/null; ";
  const Ended alone = search("test $n -ge 9 || " + fill + "test $n -lt 9", {"-j1", "--work-dir", disk / "work"});
  EXPECT_THAT(alone, Finds(repository.ids()[9]));
  EXPECT_THAT(alone.err, Not(HasSubstr("retry")));
  // This one is cancelled once the others have told enough.
  const Ended beside = search("if test $n = 2; then " + fill + "sleep 100; fi; sleep 0.3; test $n -lt 9",
                              {"-j3", "--work-dir", disk / "work"});
  EXPECT_THAT(beside, Finds(repository.ids()[9]));
  EXPECT_THAT(beside.err, Not(HasSubstr("/proc/self")));
  EXPECT_TRUE(std::filesystem::is_empty(disk / "work"));
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

}  // namespace
}  // namespace nmz::conformance
