// A test mounts a file system over its tree whose server never answers. Nobody may wait for it: neither the worker,
// while the test runs or after it, nor the search at its end.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "support/temp_directory.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SilentMountTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 || ::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "needs root and /dev/fuse";
  }
  /// One test does it, and goes on with `then`.
  [[nodiscard]] support::Program program(const std::string& then) const {
    const std::string script = "n=$(cat number); if test $n = 5 && mkdir $NOTES/done; then " NMZ_SILENT_FUSE
                               " \"$PWD\" || exit 255; echo $$ >> $NOTES/begun; " +
                               then + "; fi; test $n -lt 6";
    return place.bisect_program(
        repository.path(),
        arguments({"--jobs", "2", "--timeout", "2s", "--isolate", GetParam(), repository.range()}, shell(script)));
  }
  void expect_nothing_left() const {
    EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
    EXPECT_THAT(place.leftovers(), IsEmpty());
    std::ifstream mounts{"/proc/self/mountinfo"};
    EXPECT_THAT((std::string{std::istreambuf_iterator<char>{mounts}, {}}), Not(HasSubstr(place.path().string())));
  }

  Workplace place;
  LineRepository repository{10};
};

INSTANTIATE_TEST_SUITE_P(Places, SilentMountTest, testing::Values("world", "none"));

TEST_P(SilentMountTest, HoldsNobodyUp) {
  const Snapshot before{repository.path()};
  for (const char* then : {"exit 0", "exit 1", "sleep 100", "kill -KILL $PPID; sleep 100", "cat number"}) {
    SCOPED_TRACE(then);
    const Ended ended = support::run_program(program(then));
    EXPECT_THAT(ended, testing::AnyOf(Finds(repository.ids()[6]), Finds(repository.ids()[5]), FailsWith(2)));
    EXPECT_LT(ended.duration, seconds{25});
    EXPECT_THAT(ended.err, Not(HasSubstr("no sign of life")));
    EXPECT_TRUE(std::filesystem::remove(place.note("done"))) << "or this told nothing";
    expect_nothing_left();
  }
  EXPECT_THAT(before.changes(), IsEmpty());
}

TEST_P(SilentMountTest, HoldsNoInterruptionUp) {
  const support::Program searching = program("sleep 100");
  std::future<Ended> run = std::async(std::launch::async, [&] { return support::run_program(searching); });
  ASSERT_TRUE(wait_until([&] { return !lines_of(place.note("begun")).empty(); }));
  ::kill(place.bisect_processes().at(0), SIGINT);
  ASSERT_EQ(run.wait_for(seconds{5}), std::future_status::ready);
  EXPECT_EQ(run.get().exit_code, 130);
  expect_nothing_left();
}

/// A process that waits for it cannot be ended by anybody, and is left.
TEST_P(SilentMountTest, WhoWaitsForOneOfTheMachineHoldsNoInterruptionUp) {
  const std::filesystem::path mounted = place.path() / "mounted";
  std::filesystem::create_directory(mounted);
  const std::string script = "server=$(" NMZ_SILENT_FUSE
                             " \"$0\") && { \"$@\"; status=$?; cp /proc/self/mountinfo $NOTES/mounts; kill $server; "
                             "exit $status; }";
  support::Program searching = place.bisect_program(
      repository.path(), arguments({"--jobs", "2", "--isolate", GetParam(), repository.range()},
                                   shell("echo $$ >> $NOTES/begun; exec ls \"$NOTES/../mounted\"")));
  const std::vector<std::string> inside{"unshare", "--mount", "sh", "-c", script, mounted};
  searching.argv.insert(searching.argv.begin(), inside.begin(), inside.end());
  std::future<Ended> run = std::async(std::launch::async, [&] { return support::run_program(searching); });
  ASSERT_TRUE(wait_until([&] { return lines_of(place.note("begun")).size() >= 2; }));
  ::kill(place.bisect_processes().at(0), SIGINT);
  const auto sent = std::chrono::steady_clock::now();
  const Ended ended = run.get();
  EXPECT_LT(std::chrono::steady_clock::now() - sent, seconds{14});
  EXPECT_EQ(ended.exit_code, 130) << everything(ended);
  EXPECT_THAT(lines_of(place.note("mounts")), testing::Contains(HasSubstr(mounted.string()))) << "it is not ours";
  expect_nothing_left();
}

/// One that was there before, of somebody's server that is gone: in the home, below /tmp.
TEST_P(SilentMountTest, OfTheMachineIsNotLookedInto) {
  const support::TempDirectory temporary{"silent", "/tmp"};
  for (const std::filesystem::path& mounted :
       {place.path() / "home/my server", temporary.path() / "a", temporary.path()}) {
    SCOPED_TRACE(mounted);
    std::filesystem::create_directories(mounted);
    support::Program searching = place.bisect_program(
        repository.path(), arguments({"--jobs", "2", "--isolate", GetParam(), repository.range()}, fails_from(6)));
    const std::string script =
        "server=$(" NMZ_SILENT_FUSE " \"$0\") && { \"$@\"; status=$?; kill $server; exit $status; }";
    const std::vector<std::string> inside{"unshare", "--mount", "sh", "-c", script, mounted};
    searching.argv.insert(searching.argv.begin(), inside.begin(), inside.end());
    const Ended ended = support::run_program(searching);
    EXPECT_THAT(ended, Finds(repository.ids()[6]));
    EXPECT_LT(ended.duration, seconds{25});
    expect_nothing_left();
  }
}

}  // namespace
}  // namespace nmz::conformance
