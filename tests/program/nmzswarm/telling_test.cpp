// What a person is told while a suite runs, and before it does.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class TellingTest : public testing::Test {
 protected:
  /// good passes, bad fails; both say their name.
  support::Ended run(std::vector<std::string> options) {
    options.insert(options.end(), {"-j1", "--no-history"});
    return swarm.run("good\nbad\n", options, "echo I am $NMZ_WORKLOAD; test $NMZ_WORKLOAD = good");
  }
  Swarm swarm;
};

TEST_F(TellingTest, WhoseOutputIsShown) {
  EXPECT_THAT(run({}).out, AllOf(HasSubstr("---- bad (exit 1)\nI am bad\n"), Not(HasSubstr("I am good"))));
  EXPECT_THAT(run({"--show-output", "never"}).out, AllOf(Not(HasSubstr("I am")), HasSubstr("failed    bad (exit 1; ")));
  EXPECT_THAT(run({"--show-output", "all"}).out,
              AllOf(HasSubstr("---- good (passed)\nI am good\npassed    good"), HasSubstr("I am bad\nfailed    bad")));
  EXPECT_THAT(run({"--show-output", "live"}).out,
              AllOf(HasSubstr("good | I am good\n"), HasSubstr("bad | I am bad\n")));
  EXPECT_THAT(run({"--show-output", "loud"}).err, HasSubstr("never, failed, all, live; not 'loud'"));
}

TEST_F(TellingTest, WhichResultsAreTold) {
  EXPECT_THAT(run({"--status-level", "fail"}).out,
              AllOf(HasSubstr("failed    bad (0"), Not(HasSubstr("passed    good"))));
  EXPECT_THAT(run({"--status-level", "none"}).out,
              Not(AnyOf(HasSubstr("failed    bad (0"), HasSubstr("passed    good"))));
  EXPECT_THAT(run({"--status-level", "pass"}).out, HasSubstr("passed    good"));
  const auto skipped = [&](const char* level) { return swarm.run("a\n", {"--status-level", level}, "exit 77").out; };
  EXPECT_THAT(skipped("pass"), Not(HasSubstr("skipped   a")));
  EXPECT_THAT(skipped("skip"), HasSubstr("skipped   a"));
}

TEST_F(TellingTest, WhatRunsForLongIsToldWithItsTimeSoFar) {
  const auto ended = swarm.run("long\n", {"--slow-after", "0.1", "--json", "events"}, "sleep 1.2");
  EXPECT_THAT(ended.out, HasSubstr("slow      long (running for "));
  EXPECT_THAT(swarm.read("events"), HasSubstr(R"("event":"workload-slow")"));
  EXPECT_THAT(swarm.run("a\n", {}, "sleep 0.3").out, Not(HasSubstr("slow ")));
}

TEST_F(TellingTest, ACommandThatIsMissingIsOneLineBeforeTheRun) {
  const auto missing = [&](const std::vector<std::string>& command) {
    std::vector<std::string> words{"--log-dir", "logs", "--"};
    words.insert(words.end(), command.begin(), command.end());
    const auto ended = swarm.call(words, "a\nb\n");
    EXPECT_EQ(ended.exit_code, 128);
    EXPECT_EQ(ended.out, "");
    return ended.err;
  };
  EXPECT_EQ(missing({"no-such-program"}), "nmzswarm: the command 'no-such-program' is not in PATH\n");
  EXPECT_THAT(missing({"./no-such-file", "x"}), HasSubstr("'./no-such-file' does not exist"));
  EXPECT_THAT(missing({"echo {} | wc"}), HasSubstr("if it is for a shell: -- sh -c 'echo {} | wc'"));
  EXPECT_EQ(swarm.shell("printf 'true\\nfalse\\n' | $SWARM -- {}").exit_code, 1) << "each workload has its own";
}

TEST_F(TellingTest, HowManyDurationsAreKnown) {
  EXPECT_EQ(swarm.run("a\nb\n", {}, "true").exit_code, 0);
  EXPECT_THAT(swarm.run("a\nb\nc\n", {}, "true").out, HasSubstr("3 workloads, durations known for 2 of 3"));
  EXPECT_THAT(swarm.run("a\nb\nc\n", {}, "true").out, Not(HasSubstr("durations known")));
}

TEST_F(TellingTest, ACommandThatReadsNothingMayRunEverythingEachTime) {
  constexpr const char* warning = "has read nothing of its input";
  const auto said = [&](const std::string& list, const std::vector<std::string>& command) {
    std::vector<std::string> words{"--"};
    words.insert(words.end(), command.begin(), command.end());
    return swarm.call(words, list).out;
  };
  EXPECT_THAT(said("a\nb\n", {"true"}), HasSubstr(warning));
  EXPECT_THAT(said("a\n", {"true"}), Not(HasSubstr(warning)));
  EXPECT_THAT(said("a\nb\n", {"cat"}), Not(HasSubstr(warning)));
  EXPECT_THAT(said("a\nb\n", {"sh", "-c", "read x"}), Not(HasSubstr(warning)));
  EXPECT_THAT(said("a\nb\n", {"sh", "-c", "echo $NMZ_WORKLOAD"}), Not(HasSubstr(warning)));
  EXPECT_THAT(said("a\nb\n", {"echo", "{}"}), Not(HasSubstr(warning)));
}

// ---- nothing to run

TEST_F(TellingTest, AnEmptyShardPassesAndAnEmptyListDoesNot) {
  const auto empty = swarm.run("a\n", {"--shard", "2/2"}, "true");
  EXPECT_EQ(empty.exit_code, 0);
  EXPECT_THAT(empty.err, HasSubstr("this shard is empty"));
  EXPECT_EQ(swarm.run("a\n", {"--shard", "2/2", "--filter", "b"}, "true").exit_code, 2);
  EXPECT_EQ(swarm.run("", {}, "true").exit_code, 2);
  EXPECT_EQ(swarm.run("", {"--no-tests", "pass"}, "true").exit_code, 0);
  EXPECT_EQ(swarm.call({"--workloads", "-", "--list", "--shard", "2/2"}, "a\n").exit_code, 0);
  EXPECT_EQ(swarm.call({"--workloads", "-", "--list"}, "").exit_code, 2);
  EXPECT_EQ(swarm.call({"--workloads", "-", "--list", "--no-tests", "pass"}, "").exit_code, 0);
}

// ---- --rerun alone

TEST_F(TellingTest, RerunAloneFindsTheListAndTheCommand) {
  EXPECT_THAT(swarm.call({"--rerun", "failed"}).err, HasSubstr("no earlier run in this directory is known"));
  const auto first = swarm.shell(
      "printf 'a\\nb\\nc\\n' | $SWARM --no-history --junit report --shard 1/1 -- sh -c 'echo {} >>ran; test {} != b || "
      "test -e fixed'");
  EXPECT_EQ(first.exit_code, 1) << first.err;
  EXPECT_EQ(swarm.shell("rm ran report; mkdir else; cd else && $SWARM --rerun failed").exit_code, 128);
  const auto again = swarm.call({"--rerun", "failed", "-j1"});
  EXPECT_EQ(again.exit_code, 1) << again.err;
  EXPECT_EQ(swarm.read("ran"), "b\n");
  EXPECT_EQ(swarm.read("report"), "") << "that was the first run's";
  EXPECT_EQ(swarm.shell("touch fixed; rm ran; $SWARM --rerun failed").exit_code, 0);
  EXPECT_EQ(swarm.read("ran"), "b\n");
  EXPECT_EQ(swarm.shell("rm ran; $SWARM --rerun last -j1").exit_code, 0);
  EXPECT_EQ(swarm.read("ran"), "a\nb\nc\n");
}

TEST_F(TellingTest, RerunAloneKnowsAListInTheCommandLineAndALogDirectory) {
  EXPECT_EQ(swarm.call({"--log-dir", "logs", "--", "test", "b", "!=", "{}", ":::", "a", "b"}).exit_code, 1);
  EXPECT_EQ(swarm.call({"--", "true", ":::", "x"}).exit_code, 0);
  EXPECT_THAT(swarm.call({"--rerun", "failed"}).err, HasSubstr("nothing to run"));
  const auto again = swarm.call({"--log-dir", "logs", "--rerun", "failed"});
  EXPECT_EQ(again.exit_code, 1) << again.err;
  EXPECT_THAT(again.out, HasSubstr("0 of 1 passed"));
}

// ---- what must not run beside what

class ApartTest : public testing::Test {
 protected:
  /// Each workload holds a directory for a moment, of its own or of its group, and fails where it is there.
  support::Ended run(const std::vector<std::string>& options) {
    return swarm.run("db1\ndb2\nx\ny\nalone\n", options,
                     "case $NMZ_WORKLOAD in db*) d=db ;; *) d=$NMZ_WORKLOAD ;; esac; mkdir held.$d || exit 1; "
                     "sleep 0.2; n=$(ls -d held.* | wc -l); rmdir held.$d; "
                     "test $NMZ_WORKLOAD != alone || test $n = 1");
  }
  Swarm swarm;
};

TEST_F(ApartTest, GroupsAndSlotsAndWhatRunsAlone) {
  const auto free = run({"-j5"});
  EXPECT_EQ(free.exit_code, 1) << "or this test tells nothing: " << free.out;
  for (const std::string way : {"--group", "--needs"}) {
    std::vector<std::string> options{"-j5", "--exclusive", "^alone$"};
    if (way == "--group") {
      options.insert(options.end(), {"--group", "database=^db"});
    } else {
      options.insert(options.end(), {"--slots", "database=1", "--needs", "^db=database"});
    }
    const auto ended = run(options);
    EXPECT_EQ(ended.exit_code, 0) << way << ended.out;
    EXPECT_THAT(ended.out, HasSubstr("5 of 5 passed"));
  }
}

TEST_F(ApartTest, WhatCannotBeMeantIsNamed) {
  EXPECT_THAT(run({"--needs", "^db=database"}).err, HasSubstr("how many 'database' are there? --slots database=N"));
  EXPECT_THAT(run({"--needs", "db"}).err, HasSubstr("--needs needs REGEX=NAME, not 'db'"));
  EXPECT_THAT(run({"--slots", "db=0"}).err, HasSubstr("--slots"));
  EXPECT_THAT(run({"--group", "db"}).err, HasSubstr("--group needs NAME=REGEX"));
  EXPECT_THAT(run({"--exclusive", "("}).err, HasSubstr("--exclusive '('"));
  EXPECT_THAT(run({"--exclusive", "x", "--speculate"}).err, HasSubstr("--speculate runs copies"));
}

// ---- worlds

TEST_F(ApartTest, InWorldsOfTheirOwnFilesAndPortsDoNotCollide) {
  support::write_file(swarm.place() / "work/given", "");
  support::write_file(swarm.place() / "test", R"script(
    echo $1 >same && echo $1 >"/tmp/nmz-same-$MARK" &&
    python3 -c 'import socket, time; s = socket.socket(); s.bind(("127.0.0.1", 47123)); s.listen(); time.sleep(0.3)' &&
    test "$(cat same) $(cat /tmp/nmz-same-$MARK)" = "$1 $1" && test -e given
  )script");
  const auto run_in_work = [&](const std::string& options) {
    return swarm.shell("cd work && MARK=$$ && export MARK && $SWARM -j2 " + options +
                       " -- sh ../test {} ::: a b c; status=$?; ls; ls /tmp/nmz-same-$MARK; "
                       "rm -f /tmp/nmz-same-$MARK; exit $status");
  };
  EXPECT_EQ(run_in_work("").exit_code, 1) << "or this test tells nothing";
  ASSERT_EQ(swarm.shell("rm work/same").exit_code, 0);
  const auto ended = run_in_work("--isolate=network");
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("3 of 3 passed"), HasSubstr("\ngiven\n"), Not(HasSubstr("same"))));
}

TEST_F(ApartTest, ANetworkOfItsOwnHasAWayOutWherePastaCanMakeOne) {
  support::write_file(swarm.place() / "ask", R"script(
    python3 -c 'import socket; socket.create_connection(("10.77.0.1", 18095), 5)'
  )script");
  // A machine with a default route, and a server behind it.
  support::write_file(swarm.place() / "machine", R"script(
    ip link set lo up && ip link add v0 type veth peer name v1 && ip address add 10.9.9.1/24 dev v0 &&
      ip link set v0 up && ip link set v1 up && ip route add default via 10.9.9.254 &&
      ip address add 10.77.0.1/32 dev lo || exit
    python3 -c 'import socket
s = socket.create_server(("10.77.0.1", 18095)); open("up", "w")
while True: s.accept()' &
    until [ -e up ]; do kill -0 $! && sleep 0.01 || exit; done
    "$@"; status=$?
    kill $!; exit $status
  )script");
  const std::string user = ::geteuid() == 0 ? "" : " --user --map-root-user";
  const auto ended = swarm.shell("mkdir work && cd work && unshare --net" + user +
                                 " sh ../machine $SWARM -j1 --isolate=network -- sh ../ask {} ::: a");
  const bool way_out = ::access("/dev/net/tun", R_OK | W_OK) == 0 && ::access("/usr/bin/pasta", X_OK) == 0;
  EXPECT_EQ(ended.exit_code, way_out ? 0 : 1) << ended.out << ended.err;
  EXPECT_EQ((ended.out + ended.err).find("reach nothing outside: pasta") == std::string::npos, way_out)
      << ended.out << ended.err;
}

TEST_F(ApartTest, IsolationIsForThisMachine) {
  EXPECT_THAT(swarm.call({"--source", "i", "--isolate"}).err, HasSubstr("--isolate is for workers on this machine"));
}

}  // namespace
}  // namespace nmz::nmzswarm
