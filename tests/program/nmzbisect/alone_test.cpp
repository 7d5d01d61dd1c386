// Tests that were written for one at a time: they take one port, or write one file in /tmp. Another commit than the
// culprit is never named for that, and what happened is told on one line.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class AloneTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(const std::string& script, std::vector<std::string> options) {
    options.insert(options.end(), {"--jobs", "4", repository.range()});
    return place.bisect(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }

  Workplace place;
  LineRepository repository{20};
};

/// Holds a port for a while, as a server that is tested does; fails when another test has it.
const std::string with_port =
    "/usr/bin/python3 -c 'import socket, time; s = socket.socket(); s.setsockopt(1, 2, 1)\n"
    "s.bind((\"127.0.0.1\", 18741)); s.listen(1); time.sleep(0.2)' || exit 1; ";

TEST_F(AloneTest, TestsThatTakeOnePortDecideNothingTogether) {
  const Ended ended = search(with_port + "test $n -lt 13", {"--no-confirm"});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, HasSubstr("took port 18741 at the same time"));
  EXPECT_THAT(ended.err, HasSubstr("from now on one test runs at a time"));
}

TEST_F(AloneTest, TestsThatTakeNothingRunBesideEachOther) {
  // Each waits for another one: alone none would end.
  const std::string meet = "touch " + place.note("ran-").string() + "$NMZ_WORKER; i=0; until [ $(ls " +
                           place.note("").string() +
                           " | wc -l) -gt 1 ]; do sleep 0.01; i=$((i + 1)); "
                           "[ $i -lt 3000 ] || exit 130; done; ";
  const Ended ended = search(meet +
                                 "/usr/bin/python3 -c 'import socket; socket.socket().bind((\"\", 0))'; "
                                 "test $n -lt 13",
                             {});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, Not(HasSubstr("one test runs at a time")));
  EXPECT_THAT(ended.err, Not(HasSubstr("once more")));
}

TEST_F(AloneTest, OfTestsThatWaitMoreRunAtOnceThanThereAreCpus) {
  const LineRepository longer{60};
  const std::string script = "sleep 0.4; test $(cat number) -lt 40";
  const auto ended = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"taskset", "--cpu-list", "0", NMZ_NMZBISECT});
    options.insert(options.end(), {"--log-dir", place.log_dir(), "--work-dir", place.work_dir(), longer.range(), "--",
                                   "sh", "-c", script});
    return support::run_program(place.program(longer.path(), std::move(options)));
  };
  const Ended by_itself = ended({});
  EXPECT_THAT(by_itself, Finds(longer.ids()[40]));
  EXPECT_THAT(by_itself.err, HasSubstr("tests mostly wait"));
  EXPECT_THAT(by_itself.err, HasSubstr("4 workers from now on"));
  const Ended told = ended({"--jobs", "1"});
  EXPECT_THAT(told, Finds(longer.ids()[40]));
  EXPECT_THAT(told.err, Not(HasSubstr("workers from now on")));
}

TEST_F(AloneTest, AnAnswerThatDoesNotStandAloneIsSearchedForAgain) {
  // Where tests meet, all of them fail: each holds a lock of its own, and looks whether others hold theirs.
  const std::string locks = place.note("locks").string();
  const std::string script = "mkdir -p " + locks + "; cd " + locks +
                             "; exec 9> $n; flock 9; sleep 0.5; met=; for other in *; do "
                             "[ $other = $n ] || flock -n $other true || met=yes; done; sleep 0.3; "
                             "[ -z \"$met\" ] && test $n -lt 13";
  const Ended ended = search(script, {"--confirm"});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  // Which of them met decides how it is noticed.
  EXPECT_THAT(ended.err, testing::AnyOf(HasSubstr("with nothing beside it"), HasSubstr("contradict each other")));
  EXPECT_THAT(ended.err, HasSubstr("the search is repeated, one test at a time"));
  const std::vector<std::string> log = lines_of(place.log_dir() / "bisect.log");
  for (const std::string& line : log) EXPECT_THAT(line, Not(HasSubstr("git bisect bad " + repository.ids()[1])));
}

TEST_F(AloneTest, AFileInTheHomeNamesNoWrongCommit) {
  // Each writes down its commit and reads it a while later: of those that run together all read the last one's.
  const Ended ended = search("echo $n > ~/database; sleep 0.2; test $(cat ~/database) -lt 13", {});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, HasSubstr("with nothing beside it"));
}

TEST_F(AloneTest, ALockThatATestLeavesInTheHomeIsTold) {
  const Ended ended = search("set -o noclobber; echo $$ > ~/lock || exit 1; test $n -lt 13", {});
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("/lock' appeared while the search ran and is still there"));
}

TEST_F(AloneTest, AFileInTheRuntimeDirectoryNamesNoWrongCommit) {
  const std::filesystem::path runtime = place.note("runtime");
  std::filesystem::create_directories(runtime / "app");
  support::Program program =
      place.program(repository.path(),
                    {NMZ_NMZBISECT, "--log-dir", place.log_dir(), "--work-dir", place.work_dir(), "--jobs", "4",
                     repository.range(), "--", "sh", "-c",
                     "n=$(cat number); f=$XDG_RUNTIME_DIR/app/lock; echo $n > $f; sleep 0.2; test $(cat $f) -lt 13"});
  program.env.push_back("XDG_RUNTIME_DIR=" + runtime.string());
  const Ended ended = support::run_program(program);
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, HasSubstr("with nothing beside it"));
}

TEST_F(AloneTest, AnAnswerThatStandsIsTestedTwiceAndNoMore) {
  const std::string note = place.note("tested").string();
  const Ended ended = search("echo $n >> " + note + "; test $n -lt 13", {"--confirm"});
  EXPECT_THAT(ended, Finds(repository.ids()[13]));
  EXPECT_THAT(ended.err, HasSubstr("tested once more, with nothing beside it"));
  const std::vector<std::string> tested = lines_of(note);
  ASSERT_GE(tested.size(), 4U);
  EXPECT_THAT(std::vector<std::string>(tested.end() - 2, tested.end()), ElementsAre("13", "12"));
}

}  // namespace
}  // namespace nmz::conformance
