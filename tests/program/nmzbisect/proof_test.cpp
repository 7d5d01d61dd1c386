// --prove: what the search has found is tested again in fresh trees, and what held is said.
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using support::ScratchCommit;
using support::ScratchRepository;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ProofTest : public testing::Test {
 protected:
  static std::string shortened(const std::string& id) { return id.substr(0, 12); }

  Workplace place;
};

TEST_F(ProofTest, CulpritParentsAndTheRevertedBadEndHold) {
  ScratchRepository repository;
  repository.add_and_checkout({{{}, {{"code", "1\n2\n3\n4\n5\n6\n"}}},
                               {{0}, {{"other", "a"}}},
                               {{1}, {{"code", "1\nbug\n3\n4\n5\n6\n"}}},
                               {{2}, {{"code", "1\nbug\n3\n4\n5\nsix\n"}}},
                               {{3}, {{"other", "b"}}}});
  const std::vector<std::string>& ids = repository.ids();
  const Snapshot before{repository.path()};
  const Ended ended = place.bisect(repository.path(), {"--prove", "--jobs", "3", ids[0] + ".." + ids[4], "--", "sh",
                                                       "-c", "cat code; ! grep -q bug code"});
  EXPECT_THAT(ended, Finds(ids[2]));
  EXPECT_THAT(ended.out, AllOf(HasSubstr(shortened(ids[2]) + " is bad: in 3 of 3 tests"),
                               HasSubstr("its parent " + shortened(ids[1]) + " is good: in 3 of 3 tests"),
                               HasSubstr("with it reverted " + shortened(ids[4]) + " is good: in 1 of 1 test")));
  EXPECT_THAT(lines_of(place.log_dir() / (ids[4] + ".reverted-1.log")),
              testing::ElementsAre("1", "2", "3", "4", "5", "six"));
  EXPECT_THAT(lines_of(place.log_dir() / (ids[2] + ".proof-3.log")), testing::Contains("bug"));
  EXPECT_THAT(before.changes(), testing::IsEmpty());
}

/// What a test leaves makes all later ones in the same tree fail, from commit 21 on.
TEST_F(ProofTest, AnAnswerThatComesFromStaleFilesDoesNotStand) {
  const LineRepository repository{40};
  const Ended ended = place.bisect(
      repository.path(), arguments({"--prove=2", "--jobs", "1", "--trust-ends", "--no-confirm", repository.range()},
                                   shell("test ! -e left; clean=$?; test $(cat number) -lt 21 || touch left; "
                                         "test $clean -eq 0 && test $(cat number) -lt 25")));
  EXPECT_EQ(ended.exit_code, 6) << everything(ended);
  EXPECT_THAT(ended.out, HasSubstr(" is bad: NO, in 0 of 1 test"));
  EXPECT_THAT(ended.out, HasSubstr(" is good: in 2 of 2 tests"));
  EXPECT_THAT(ended.err, HasSubstr("the answer did not stand its proof"));
}

/// In a proof, which is where a commit is run for the second time, what another commit left would make its test fail.
TEST_F(ProofTest, NoTreeHasWhatAnotherCommitLeft) {
  const LineRepository repository{20};
  const Ended ended = place.bisect(
      repository.path(),
      arguments(
          {"--prove=2", "--jobs", "1", repository.range()},
          shell("n=$(cat number); echo $n >> left; test $NMZ_RUN -lt 2 || test \"$(sort -u left)\" = $n || exit 1; "
                "test $n -lt 13")));
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.out, HasSubstr("its parent " + shortened(repository.ids()[12]) + " is good: in 2 of 2 tests"));
}

TEST_F(ProofTest, WhatCannotBeRevertedIsToldAndIsNoFailure) {
  const LineRepository repository{12};
  const Ended ended =
      place.bisect(repository.path(), arguments({"--prove=1", "--jobs", "2", repository.range()}, fails_from(7)));
  EXPECT_THAT(ended, Finds(repository.ids()[7]));
  EXPECT_THAT(ended.out, HasSubstr("not tested, it cannot be reverted cleanly there"));
}

TEST_F(ProofTest, EachParentOfAMergeIsTested) {
  ScratchRepository repository;
  repository.add_and_checkout({{{}, {{"a", "0"}, {"b", "0"}}},
                               {{0}, {{"a", "1"}}},
                               {{0}, {{"b", "1"}}},
                               {{1, 2}, {{"b", "1"}}},
                               {{3}, {{"c", "1"}}}});
  const std::vector<std::string>& ids = repository.ids();
  const std::vector<std::string> command = shell("test $(cat a)$(cat b) != 11");
  const Ended ended =
      place.bisect(repository.path(), arguments({"--prove=1", "--jobs", "2", ids[0] + ".." + ids[4]}, command));
  EXPECT_THAT(ended, Finds(ids[3]));
  EXPECT_THAT(ended.out, AllOf(HasSubstr("its parent " + shortened(ids[1]) + " is good: in 1 of 1"),
                               HasSubstr("its parent " + shortened(ids[2]) + " is good: in 1 of 1"),
                               HasSubstr("with it reverted " + shortened(ids[4]) + " is good: in 1 of 1")));
  // Of a merge that the first parent's line has, the others are no parents.
  const Ended line = place.bisect(
      repository.path(), arguments({"--prove=1", "--jobs", "2", "--first-parent", ids[0] + ".." + ids[4]}, command));
  EXPECT_THAT(line, Finds(ids[3]));
  EXPECT_THAT(line.out, Not(HasSubstr("its parent " + shortened(ids[2]))));
}

TEST_F(ProofTest, ARootHasNoParentAndCanBeReverted) {
  ScratchRepository repository;
  repository.add_and_checkout(
      {{{}, {{"a", "0"}}}, {{}, {{"bug", "1"}}}, {{0, 1}, {{"bug", "1"}}}, {{2}, {{"c", "1"}}}});
  const std::vector<std::string>& ids = repository.ids();
  const Ended ended = place.bisect(
      repository.path(), arguments({"--prove=1", "--jobs", "2", ids[0] + ".." + ids[3]}, shell("test ! -e bug")));
  EXPECT_THAT(ended, Finds(ids[1]));
  EXPECT_THAT(ended.out, AllOf(Not(HasSubstr("its parent")),
                               HasSubstr("with it reverted " + shortened(ids[3]) + " is good: in 1 of 1")));
}

TEST_F(ProofTest, AParentThatCannotBeTestedProvesNothing) {
  const LineRepository repository{12};
  const std::vector<std::string>& ids = repository.ids();
  const Ended ended =
      place.bisect(repository.path(), arguments({"--prove", "--jobs", "2", "--trust-ends", "--build",
                                                 "echo builds; test $(cat number) -ne 5", ids[5] + ".." + ids[11]},
                                                fails_from(6)));
  EXPECT_EQ(ended.exit_code, 6) << everything(ended);
  EXPECT_THAT(ended.out, HasSubstr("its parent " + shortened(ids[5]) + " is good: cannot be tested, the build failed"));
  EXPECT_THAT(ended.err, HasSubstr("the answer is not proven"));
  EXPECT_THAT(lines_of(place.log_dir() / (ids[5] + ".proof-1.log")), testing::Contains("builds"));
}

TEST_F(ProofTest, ACulpritWithItsParentsFilesIsQuestioned) {
  ScratchRepository repository;
  repository.add_and_checkout({{{}, {{"a", "0"}}}, {{0}, {{"a", "1"}}}, {{1}}, {{2}, {{"a", "2"}}}});
  const std::vector<std::string>& ids = repository.ids();
  std::ofstream{place.note("bad")} << ids[2] << '\n' << ids[3] << '\n';
  const Ended ended = place.bisect(
      repository.path(),
      arguments({"--jobs", "2", ids[0] + ".." + ids[3]}, shell("! grep -q $NMZ_COMMIT " + place.note("bad").string())));
  EXPECT_THAT(ended, Finds(ids[2]));
  EXPECT_THAT(ended.err, HasSubstr(shortened(ids[2]) + " has the same files as its parent " + shortened(ids[1])));
}

TEST_F(ProofTest, OfAFlakyTestTheVerdictsAreWeighed) {
  const LineRepository repository{20};
  const Ended ended =
      place.bisect(repository.path(), arguments({"--prove", "--flaky", "0.1,0.1", "--jobs", "4", repository.range()},
                                                shell("bad=0; test $(cat number) -lt 13 || bad=1; "
                                                      "x=$(echo $(cat number) $NMZ_RUN | cksum | cut -d' ' -f1); "
                                                      "test $((x % 10)) -ne 0 || bad=$((1 - bad)); exit $bad")));
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.out, HasSubstr(shortened(repository.ids()[13]) + " is bad: "));
}

TEST_F(ProofTest, TheEventsHaveWhatHeld) {
  const LineRepository repository{8};
  const Ended ended = place.bisect(
      repository.path(), arguments({"--prove=1", "--json", "-", "--jobs", "2", repository.range()}, fails_from(5)));
  EXPECT_THAT(ended.out, AllOf(HasSubstr(R"("proof":[{"about":"culprit","commit":")" + repository.ids()[5] +
                                         R"(","claim":"bad","state":"held","right":1,"wrong":0)"),
                               HasSubstr(R"("about":"reverted")"), HasSubstr(R"("state":"not-tested")")));
}

}  // namespace
}  // namespace nmz::conformance
