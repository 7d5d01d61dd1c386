// What a test takes that others could want: told before it has it, whoever of its processes asks, and never in its way.
// As root, as CI is: a filter without NO_NEW_PRIVS needs rights (those of a world of its own are enough).
#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* python = "/usr/bin/python3";

class BindTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::geteuid(), 0U) << "to set a filter needs root"; }

  struct Seen {
    std::vector<std::string> names;
    std::vector<std::uint64_t> places;
    wire::Finished finished;
    std::string log;
  };
  static Seen run(Worker& worker, wire::Run run) {
    run.watch = true;
    worker.send(run);
    Seen seen;
    while (true) {
      const auto message = worker.receive();
      if (!message) throw std::runtime_error{"the agent has ended"};
      if (const auto* took = std::get_if<wire::Took>(&*message)) {
        seen.names.push_back(took->what.name);
        seen.places.push_back(took->what.place);
      } else if (const auto* log = std::get_if<wire::Log>(&*message)) {
        seen.log += log->bytes;
      } else if (const auto* finished = std::get_if<wire::Finished>(&*message)) {
        seen.finished = *finished;
        return seen;
      }
    }
  }
  static Seen python_runs(const std::string& script) {
    Worker worker;
    return python_runs(worker, script);
  }
  static Seen python_runs(Worker& worker, const std::string& script) {
    return run(worker, worker.job({python, "-c", "import os, socket, subprocess, sys\n" + script}));
  }
};

TEST_F(BindTest, FixedPortsAreToldOnceAndChosenOnesAreNot) {
  const Seen seen = python_runs(
      "for kind, place in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_INET, ('127.0.0.1', 18731)),\n"
      "                    (socket.AF_INET, ('127.0.0.1', 18731)), (socket.AF_INET6, ('::1', 18732))):\n"
      "  s = socket.socket(kind)\n"
      "  try: s.bind(place)\n"
      "  except OSError: pass\n"
      "  s.close()");
  EXPECT_THAT(seen.names, ElementsAre("port 18731", "port 18732"));
  EXPECT_TRUE(seen.finished.outcome.watched);
  EXPECT_EQ(seen.finished.outcome.code, 0) << seen.log;
}

TEST_F(BindTest, EveryProcessOfTheTestIsSeen) {
  const Seen seen = python_runs(
      "subprocess.run(['setsid', sys.executable, '-c', 'import socket; socket.socket().bind((\"\", 18733))'])");
  EXPECT_THAT(seen.names, ElementsAre("port 18733"));
}

TEST_F(BindTest, ThePortOfAnotherNetworkIsAnotherOne) {
  const std::string bind = "import socket; socket.socket().bind((\"127.0.0.1\", 18734))";
  const Seen seen = python_runs("subprocess.run([sys.executable, '-c', '" + bind +
                                "'])\nsubprocess.run(['unshare', '-n', sys.executable, '-c', '" + bind + "'])");
  ASSERT_THAT(seen.names, ElementsAre("port 18734", "port 18734"));
  EXPECT_NE(seen.places[0], seen.places[1]);
}

TEST_F(BindTest, SocketsAreWhereTheirDirectoryIs) {
  const std::string bind =
      "d = os.path.realpath('.')\n"
      "for name in ('s', d + '/t', '\\0abstract'): socket.socket(socket.AF_UNIX).bind(name)";
  Worker here;
  Worker there;
  const Seen one = python_runs(here, bind);
  const Seen other = python_runs(there, bind);
  ASSERT_EQ(one.names.size(), 3U) << one.log;
  ASSERT_EQ(other.names.size(), 3U);
  EXPECT_NE(one.places[0], other.places[0]) << "each in its own tree";
  EXPECT_EQ(one.places[0], one.places[1]) << "and both in the same";
  EXPECT_EQ(one.places[2], other.places[2]) << "of a network";
}

TEST_F(BindTest, SetuidProgramsWorkAsWithoutUs) {
  Worker worker;
  EXPECT_THAT(run(worker, worker.shell("grep NoNewPrivs /proc/self/status")).log, HasSubstr("NoNewPrivs:\t0"));
}

TEST_F(BindTest, WhoMayNotSetAFilterIsNotWatchedAndRuns) {
  WorkerOptions options;
  options.unprivileged = true;
  Worker worker{options};
  const Seen seen = run(worker, worker.job({python, "-c", "import socket; socket.socket().bind(('', 18735))"}));
  EXPECT_EQ(seen.finished.outcome.code, 0) << seen.log;
  EXPECT_FALSE(seen.finished.outcome.watched);
  EXPECT_THAT(seen.names, IsEmpty());
}

TEST_F(BindTest, WhoTakesMoreThanIsToldIsNotWatched) {
  const Seen seen = python_runs("for port in range(18800, 18900): socket.socket().bind(('127.0.0.1', port))");
  EXPECT_EQ(seen.names.size(), wire::most_taken);
  EXPECT_EQ(seen.finished.outcome.code, 0) << seen.log;
  EXPECT_FALSE(seen.finished.outcome.watched);
}

TEST_F(BindTest, ACoordinatorThatDoesNotReadHoldsNobodyUpForLong) {
  Worker worker;
  wire::Run job = worker.shell("head -c 8000000 /dev/zero >/dev/null; " + std::string{python} +
                               " -c 'import socket; socket.socket().bind((\"\", 18736))'; touch done");
  job.watch = true;
  // The stream is filled first.
  job.argv.back() = "head -c 900000 /dev/zero; " + job.argv.back();
  worker.send(job);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!std::filesystem::exists(worker.tree() / "done") && std::chrono::steady_clock::now() < until) {
    ::usleep(10'000);
  }
  EXPECT_TRUE(std::filesystem::exists(worker.tree() / "done"));
  JobResult rest;
  for (auto message = worker.receive(); message; message = worker.receive()) {
    if (const auto* finished = std::get_if<wire::Finished>(&*message)) {
      EXPECT_FALSE(finished->outcome.watched) << "nobody had heard of it in time";
      return;
    }
  }
  FAIL() << "it has ended";
}

TEST_F(BindTest, AJobThatWasNotAskedToIsNotLookedAt) {
  Worker worker;
  const JobResult result = worker.run(worker.shell("grep Seccomp: /proc/self/status"));
  EXPECT_THAT(result.log, HasSubstr("Seccomp:\t0"));
  EXPECT_FALSE(result.finished.outcome.watched);
}

}  // namespace
}  // namespace nmz::agent
