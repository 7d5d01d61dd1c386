// Ends that nobody planned: Ctrl-C, signals, the death of the program, of an agent, of a test. Nothing may be left
// running or lying about, and what can still be answered is answered rightly.
//
// Tests that wait say so by a line in a note, so that a signal is sent when there is something to interrupt, never
// after a guessed time.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "support/engine_stub.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using std::chrono::seconds;
using testing::AnyOf;
using testing::IsEmpty;
using testing::SizeIs;

class InterruptionTest : public testing::Test {
 protected:
  [[nodiscard]] std::future<Ended> start(const std::string& script, std::vector<std::string> options = {}) const {
    options.push_back(repository.range());
    return place.bisect_beside(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }

  /// Waits for `count` tests to have begun; each notes the pid of its shell.
  [[nodiscard]] bool begun(std::size_t count) const {
    return wait_until([&] { return lines_of(place.note("begun")).size() >= count; });
  }

  void expect_nothing_left() const {
    EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}))
        << place.processes().size() << " processes";
    EXPECT_THAT(place.leftovers(), IsEmpty());
  }

  /// Signals the program when two tests are running, and expects a prompt and clean end.
  void interrupt(int signal, const std::string& script, bool whole_group, std::vector<std::string> options = {}) {
    const Snapshot before{repository.path()};
    options.insert(options.end(), {"--jobs", "2"});
    std::future<Ended> run = start(script, std::move(options));
    ASSERT_TRUE(begun(2));
    const std::vector<pid_t> programs = place.bisect_processes();
    ASSERT_THAT(programs, SizeIs(1));
    ::kill(whole_group ? -programs[0] : programs[0], signal);
    const auto sent = std::chrono::steady_clock::now();
    const Ended ended = run.get();
    EXPECT_LT(std::chrono::steady_clock::now() - sent, seconds{10});
    EXPECT_EQ(ended.exit_code, 130) << everything(ended);
    EXPECT_EQ(ended.out, "");
    EXPECT_NE(ended.err, "");
    expect_nothing_left();
    EXPECT_THAT(before.changes(), IsEmpty());
  }

  static constexpr const char* waits = "echo $$ >> $NOTES/begun; sleep 100";
  Workplace place;
  LineRepository repository{16};
};

TEST_F(InterruptionTest, BySigint) { interrupt(SIGINT, waits, false); }
TEST_F(InterruptionTest, BySigterm) { interrupt(SIGTERM, waits, false); }
TEST_F(InterruptionTest, ByCtrlCInATerminal) { interrupt(SIGINT, waits, true); }

TEST_F(InterruptionTest, OfTestsThatIgnoreIt) {
  interrupt(SIGINT, "trap '' INT TERM HUP; echo $$ >> $NOTES/begun; sleep 100; sleep 100", false);
}

TEST_F(InterruptionTest, OfTestsThatHaveDaemons) {
  interrupt(SIGTERM, "(setsid sh -c 'trap \"\" TERM; (sleep 300; sleep 300) &' &); echo $$ >> $NOTES/begun; sleep 100",
            false);
}

TEST_F(InterruptionTest, OfABuild) {
  interrupt(SIGINT, "exit 0", false, {"--build", "echo $$ >> $NOTES/begun; sleep 100"});
}

TEST_F(InterruptionTest, ByHangup) {
  std::future<Ended> run = start(waits, {"--jobs", "2"});
  ASSERT_TRUE(begun(2));
  ::kill(place.bisect_processes().at(0), SIGHUP);
  const Ended ended = run.get();
  EXPECT_NE(ended.exit_code, 0) << everything(ended);
  expect_nothing_left();
}

/// A filter that hangs stands for all that can hang where nobody hears a signal.
TEST_F(InterruptionTest, TheSecondOneEndsItWithinASecondWhateverItDoes) {
  repository.git({"config", "filter.hangs.smudge", "echo $$ >>" + place.note("begun").string() + "; exec sleep 6"});
  support::write_file(repository.path() / ".git/info/attributes", "* filter=hangs\n");
  std::future<Ended> run = start("exit 0", {"--jobs", "1"});
  ASSERT_TRUE(begun(1));
  const pid_t program = place.bisect_processes().at(0);
  ::kill(program, SIGINT);
  EXPECT_EQ(run.wait_for(std::chrono::milliseconds{500}), std::future_status::timeout) << "it waits for the filter";
  ::kill(program, SIGTERM);
  const auto sent = std::chrono::steady_clock::now();
  const Ended ended = run.get();
  EXPECT_LT(std::chrono::steady_clock::now() - sent, std::chrono::milliseconds{4000});
  EXPECT_EQ(ended.exit_code, 130) << everything(ended);
  EXPECT_THAT(ended.err, testing::HasSubstr("ended by the second signal"));
  EXPECT_TRUE(wait_until([&] { return place.agent_processes().empty(); }, seconds{5}));
  repository.git({"config", "--unset", "filter.hangs.smudge"});
  EXPECT_THAT(start("test $n -lt 9").get(), Finds(repository.ids()[9]));
  EXPECT_THAT(place.leftovers(), IsEmpty());
}

/// A fetch whose server is gone, a lock that git waits for.
TEST_F(InterruptionTest, OfAGitThatSaysNothing) {
  const std::filesystem::path bin = place.path() / "bin";
  std::filesystem::create_directory(bin);
  support::write_file(bin / "git",
                      "#!/bin/sh\ncase \" $* \" in *' show-ref '*) echo $$ >>$NOTES/begun; exec sleep 100;; esac\n"
                      "PATH=${PATH#*:} exec git \"$@\"\n");
  std::filesystem::permissions(bin / "git", std::filesystem::perms{0755});
  support::Program program =
      place.bisect_program(repository.path(), arguments({"--jobs", "1", repository.range()}, shell("exit 0")));
  const char* const path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  program.env.push_back("PATH=" + bin.string() + ':' + (path == nullptr ? "/usr/bin:/bin" : path));
  std::future<Ended> run = std::async(std::launch::async, [&program] { return support::run_program(program); });
  ASSERT_TRUE(begun(1));
  ::kill(place.bisect_processes().at(0), SIGINT);
  ASSERT_EQ(run.wait_for(seconds{3}), std::future_status::ready);
  const Ended ended = run.get();
  EXPECT_EQ(ended.exit_code, 130) << everything(ended);
  expect_nothing_left();
}

TEST_F(InterruptionTest, OfAWaitForALockOfSomebodyElses) {
  const std::filesystem::path work = place.path() / "wo\x1b[2Jrk";  // the user's terminal is not cleared
  std::filesystem::create_directories(work);
  const std::string lock = (work / "lock").string();
  const int held = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(::flock(held, LOCK_EX), 0);
  const std::filesystem::path said = place.note("said");
  support::write_file(said, "");
  support::Program program = place.bisect_program(
      repository.path(), arguments({"--jobs", "1", "--work-dir", work, repository.range()}, shell("exit 0")));
  program.argv.insert(program.argv.begin(), {"sh", "-c", "exec \"$@\" 2>" + said.string(), "sh"});
  std::future<Ended> run = std::async(std::launch::async, [&program] { return support::run_program(program); });
  const std::string wait =
      "waiting for '" + (place.work_dir() / "lock").string() + "', which another program has locked\n";
  EXPECT_TRUE(wait_until([&] { return support::read_file(said).find(wait) != std::string::npos; }));
  ::kill(place.bisect_processes().at(0), SIGINT);
  ASSERT_EQ(run.wait_for(seconds{1}), std::future_status::ready);
  EXPECT_EQ(run.get().exit_code, 130) << support::read_file(said);
  ::close(held);
}

/// The first test waits for one beside it.
TEST_F(InterruptionTest, Sigusr1StartsOneMore) {
  std::future<Ended> run = start(
      "echo $NMZ_WORKER $(pwd) >> $NOTES/begun; "
      "until test $(sort -u $NOTES/begun | wc -l) -gt 1; do sleep 0.02; done; test $n -lt 9",
      {"--jobs", "1", "--timeout", "30s"});
  ASSERT_TRUE(begun(1));
  const std::vector<pid_t> programs = place.bisect_processes();
  ASSERT_THAT(programs, SizeIs(1));
  ::kill(programs[0], SIGUSR1);
  const Ended ended = run.get();
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_THAT(ended.err, testing::HasSubstr("2 workers from now on"));
  const std::vector<std::string> places = lines_of(place.note("begun"));
  EXPECT_THAT(places, testing::Contains(testing::AllOf(testing::StartsWith("1 "), testing::HasSubstr("/w1/"))));
  expect_nothing_left();
}

TEST_F(InterruptionTest, AKilledAgentsCommitIsTestedAgain) {
  std::future<Ended> run = start(
      "echo $$ >> $NOTES/begun; echo $NMZ_COMMIT $NMZ_ATTEMPT >> $NOTES/attempts; sleep 0.3; "
      "test $n -lt 9",
      {"--jobs", "2"});
  for (const std::size_t wanted : {1U, 4U}) {
    ASSERT_TRUE(begun(wanted));
    const std::vector<pid_t> agents = place.agent_processes();
    ASSERT_THAT(agents, testing::Not(IsEmpty()));
    ::kill(agents.front(), SIGKILL);
  }
  EXPECT_THAT(run.get(), Finds(repository.ids()[9]));
  expect_nothing_left();
}

TEST_F(InterruptionTest, AllAgentsKilledAtOnceCostNothingButTime) {
  std::future<Ended> run = start("echo $$ >> $NOTES/begun; sleep 0.3; test $n -lt 9", {"--jobs", "3"});
  ASSERT_TRUE(begun(2));
  for (const pid_t agent : place.agent_processes()) {
    ::kill(agent, SIGKILL);
  }
  EXPECT_THAT(run.get(), Finds(repository.ids()[9]));
  expect_nothing_left();
}

TEST_F(InterruptionTest, AKilledTestIsNoVerdict) {
  // Commits before the culprit are killed on their first attempt: were that "bad", the answer would be wrong.
  std::future<Ended> run = start(
      "echo $$ >> $NOTES/begun; test $n -ge 9 -o $NMZ_ATTEMPT -gt 1 || kill -KILL $$; "
      "test $n -lt 9",
      {"--jobs", "2"});
  const Ended ended = run.get();
  EXPECT_THAT(ended, AnyOf(Finds(repository.ids()[9]), FailsWith(1)));
  expect_nothing_left();
}

TEST_F(InterruptionTest, ATestKilledFromOutsideIsTestedAgain) {
  std::future<Ended> run = start("echo $$ >> $NOTES/begun; sleep 0.5; test $n -lt 9", {"--jobs", "2"});
  ASSERT_TRUE(begun(1));
  ::kill(std::stoi(lines_of(place.note("begun")).at(0)), SIGKILL);
  EXPECT_THAT(run.get(), Finds(repository.ids()[9]));
  expect_nothing_left();
}

TEST_F(InterruptionTest, AfterTheProgramWasKilledTheNextRunCleansUp) {
  std::future<Ended> run =
      start("(setsid sleep 300 &); echo $$ >> $NOTES/begun; trap '' TERM; sleep 100; sleep 100", {"--jobs", "2"});
  ASSERT_TRUE(begun(2));
  for (const pid_t program : place.bisect_processes()) {
    ::kill(program, SIGKILL);
  }
  EXPECT_EQ(run.get().signal, SIGKILL);
  EXPECT_THAT(start("test $n -lt 9").get(), Finds(repository.ids()[9]));
  expect_nothing_left();
}

TEST_F(InterruptionTest, AProgramKilledWithAllItsAgentsIsCleanedUpAfter) {
  std::future<Ended> run = start(waits, {"--jobs", "2"});
  ASSERT_TRUE(begun(2));
  const std::vector<pid_t> agents = place.agent_processes();
  ::kill(place.bisect_processes().at(0), SIGSTOP);  // so that it cannot start others
  for (const pid_t agent : agents) {
    ::kill(agent, SIGKILL);
  }
  ::kill(place.bisect_processes().at(0), SIGKILL);
  EXPECT_EQ(run.get().signal, SIGKILL);
  EXPECT_THAT(start("test $n -lt 9").get(), Finds(repository.ids()[9]));
  expect_nothing_left();
}

TEST_F(InterruptionTest, ARunBesideAnotherLeavesItAlone) {
  std::future<Ended> first = start("echo $$ >> $NOTES/begun; sleep 0.2; test $n -lt 9", {"--jobs", "2"});
  ASSERT_TRUE(begun(1));
  const Ended second = place.bisect(
      repository.path(), arguments({"--log-dir", place.path() / "logs2", repository.range()}, fails_from(4)));
  const Ended ended = first.get();
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_THAT(second, Finds(repository.ids()[4]));
  expect_nothing_left();
}

/// From the first thing that is asked of an Engine on; a run that has begun is told to its end.
TEST_F(InterruptionTest, DuringAnImagesPullBuildOrPush) {
  using Stalls = support::EngineStub::Stalls;
  for (const auto stalls : {Stalls::pull, Stalls::build, Stalls::push}) {
    const auto number = std::to_string(static_cast<int>(stalls));
    SCOPED_TRACE("stalls " + number);
    const support::EngineStub engine{place.path() / ("engine" + number), stalls};
    const std::filesystem::path events = place.path() / ("events" + number);
    std::future<Ended> run = start(
        "true", {"--host", engine.host(), "--image", "suite", "--target", "here/suite", "--push", "--json", events});
    ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(engine.stalled()); }));
    for (const pid_t program : place.bisect_processes()) ::kill(program, SIGINT);
    ASSERT_EQ(run.wait_for(seconds{5}), std::future_status::ready);
    const Ended ended = run.get();
    EXPECT_EQ(ended.exit_code, 130) << everything(ended);
    EXPECT_THAT(ended.err, testing::HasSubstr("nmzbisect: interrupted\n"));
    if (stalls == Stalls::pull) {
      EXPECT_FALSE(std::filesystem::exists(events)) << "nothing had begun";
    } else {
      EXPECT_THAT(support::read_file(events), testing::HasSubstr(R"("event":"search-ended","result":"interrupted")"));
    }
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace nmz::conformance
