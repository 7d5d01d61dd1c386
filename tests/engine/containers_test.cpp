// nmzbisect --image with a real Docker Engine (scripts/swarm-lab): the same answers as on this machine, and nothing
// left on the Engine, however the run ends.
#include <csignal>
#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/line.hpp"
#include "program/nmzbisect/workplace.hpp"

namespace nmz::conformance {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ContainersTest : public testing::Test {
 protected:
  static std::vector<std::string> docker(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "docker");
    const Ended ended = support::run_program(support::Program{std::move(arguments)});
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    return split_lines(ended.out);
  }
  /// nmzbisect itself: a child of it that has not become git yet looks like another one.
  [[nodiscard]] std::vector<pid_t> program_alone() const {
    std::vector<pid_t> programs;
    static_cast<void>(wait_until([&] {
      programs = place.bisect_processes();
      return programs.size() == 1;
    }));
    return programs;
  }
  static std::vector<std::string> containers() { return docker({"ps", "--all", "--quiet", "--no-trunc"}); }
  static std::vector<std::string> running() { return docker({"ps", "--quiet", "--no-trunc"}); }

  [[nodiscard]] Ended search(const std::vector<std::string>& command, std::vector<std::string> options = {}) const {
    options.insert(options.end(), {"--image", "busybox", "--replicas", "2", repository.range()});
    return place.bisect(repository.path(), arguments(std::move(options), command));
  }
  /// `logs`: a run's own.
  [[nodiscard]] std::future<Ended> search_beside(const std::string& script, const std::string& logs = "logs",
                                                 const std::string& replicas = "2") const {
    return place.bisect_beside(repository.path(),
                               arguments({"--image", "busybox", "--replicas", replicas, "--trust-ends", "--log-dir",
                                          place.path() / logs, repository.range()},
                                         shell(script)));
  }

  /// As if it had crashed; start_engine() starts it as it was.
  void kill_engine() const {
    const std::string command = (place.path() / "dockerd").string();
    const Ended ended = support::run_program(
        support::Program{shell("p=$(pgrep -x dockerd) && cp /proc/$p/cmdline " + command + " && kill -9 $p")});
    ASSERT_EQ(ended.exit_code, 0) << everything(ended);
  }
  void start_engine() const {
    const std::string command = (place.path() / "dockerd").string();
    const Ended ended =
        support::run_program(support::Program{shell("xargs -0 sh -c '\"$@\" > /dev/null 2>&1 &' sh < " + command)});
    ASSERT_EQ(ended.exit_code, 0) << everything(ended);
    const support::Program asks{{"docker", "version"}};
    ASSERT_TRUE(wait_until([&] { return support::run_program(asks).exit_code == 0; }));
  }

  void TearDown() override {
    // An Engine that was killed takes its time on a busy machine.
    EXPECT_TRUE(wait_until([] { return containers().empty(); }, seconds{90}))
        << "left: " << testing::PrintToString(containers());
    EXPECT_TRUE(wait_until([&] { return place.processes().empty(); }, seconds{5}));
    EXPECT_THAT(place.leftovers(), IsEmpty());
  }

  Workplace place;
  LineRepository repository{24, {}, "a repository"};
};

/// Also what the command names and no commit has, and what --overlay and --patch say.
TEST_F(ContainersTest, UntrackedFilesThatAreAskedForAreSentAsTheyAre) {
  support::write_file(repository.path() / "check.sh", "test $(cat number) -lt $(cat data/deep/limit)\n");
  support::write_file(repository.path() / "data/deep/limit", "3\n");
  support::write_file(repository.path() / "data/.git/config", "not sent\n");
  support::write_file(repository.path() / "run", "#!/bin/sh\nexec sh ./link\n");
  std::filesystem::permissions(repository.path() / "run", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink("check.sh", repository.path() / "link");
  ASSERT_EQ(::mkfifo((repository.path() / "data/fifo").c_str(), 0600), 0);
  const std::vector<std::string> with{"--with", "check.sh", "--with", "data/", "--with", "link"};
  const std::string script = "test -e data/.git -o -e data/fifo && exit 200; test -L link || exit 201; ./run";
  EXPECT_THAT(search(shell(script), with), Finds(repository.ids()[3])) << "'run' is named by the command";
  EXPECT_THAT(search(shell("test -e data && exit 200; test $(cat number) -lt 3")), Finds(repository.ids()[3]));
  EXPECT_THAT(search(shell("true"), {"--with", "nowhere"}), FailsWith(128));
}

/// In a proof, which is where a commit is run for the second time, what another commit left would make its test fail.
TEST_F(ContainersTest, AnAnswerIsProvedInFreshTreesAndWithTheCulpritReverted) {
  support::ScratchRepository proved;
  proved.add_and_checkout({{{}, {{"code", "1\n2\n3\n4\n5\n6\n"}}},
                           {{0}, {{"other", "a"}}},
                           {{1}, {{"code", "1\nbug\n3\n4\n5\n6\n"}}},
                           {{2}, {{"code", "1\nbug\n3\n4\n5\nsix\n"}}},
                           {{3}, {{"other", "b"}}}});
  const std::vector<std::string>& ids = proved.ids();
  const std::string script =
      "echo $NMZ_COMMIT >> left; test $NMZ_RUN -lt 2 || test \"$(sort -u left)\" = $NMZ_COMMIT || exit 1; cat code; ! "
      "grep -q bug code";
  const auto options = [&](const std::string& proof) {
    return std::vector<std::string>{proof, "--image", "busybox", "--replicas", "2", ids[0] + ".." + ids[4]};
  };
  const Ended ended = place.bisect(proved.path(), arguments(options("--prove=2"), shell(script)));
  EXPECT_THAT(ended, Finds(ids[2]));
  EXPECT_THAT(ended.out, HasSubstr(ids[2].substr(0, 12) + " is bad: in 2 of 2 tests"));
  EXPECT_THAT(ended.out, HasSubstr("its parent " + ids[1].substr(0, 12) + " is good: in 2 of 2 tests"));
  EXPECT_THAT(ended.out, HasSubstr("with it reverted " + ids[4].substr(0, 12) + " is good: in 1 of 1 test"));
  EXPECT_THAT(lines_of(place.log_dir() / (ids[4] + ".reverted-1.log")), ElementsAre("1", "2", "3", "4", "5", "six"));
  // A second run of the culprit passes: the answer does not stand.
  const Ended wrong =
      place.bisect(proved.path(), arguments(options("--prove=2"), shell("test $NMZ_RUN -ge 2 || ! grep -q bug code")));
  EXPECT_EQ(wrong.exit_code, 6) << everything(wrong);
  EXPECT_THAT(wrong.out, HasSubstr(ids[2].substr(0, 12) + " is bad: NO"));
}

/// An image with git and a shell, and nothing else of this machine.
std::string git_image_context(const std::filesystem::path& context) {
  const std::string script =
      "mkdir -p $1/files/bin && cp /usr/bin/git $1/files/bin && "
      "ldd /usr/bin/git | grep -o '/[^ ]*' | while read -r l; do mkdir -p $1/files${l%/*} && cp -L $l $1/files$l; done";
  const support::Program copying{{"sh", "-ec", script, "sh", context.string()}};
  EXPECT_EQ(support::run_program(copying).exit_code, 0);
  support::write_file(context / "Dockerfile", "FROM busybox\nADD files /\n");
  return context.string();
}

TEST_F(ContainersTest, GitWorksThereWhereItsDirectoryIsSent) {
  docker({"build", "--tag", "with-git", git_image_context(place.path() / "context")});
  repository.git({"tag", "-a", "-m", "version", "v1", repository.ids()[2]});
  const std::string script =
      "test \"$(git rev-parse HEAD)\" = $NMZ_COMMIT || exit 200; n=$(cat number); git diff-files --quiet || exit 201; "
      "test -z \"$(git status --porcelain)\" || exit 202; d=$(git describe --always --dirty) || exit 203; "
      "case $d in v1-$((n-2))-g*) test $n -gt 2;; v1) test $n = 2;; v1*) false;; *) test $n -lt 2;; esac || exit "
      "204; git checkout -q -b mine && echo x >>number && git -c user.name=n -c user.email=e commit -qam x "
      "|| exit 205; test $n -lt 9";
  const std::vector<std::string> options{"--image",    "with-git", "--git",           "--clean",
                                         "--replicas", "2",        repository.range()};
  EXPECT_THAT(place.bisect(repository.path(), arguments(options, shell(script))), Finds(repository.ids()[9]));
  EXPECT_TRUE(wait_until([] { return containers().empty(); }));  // the Engine may still be at the run's own
  docker({"rmi", "with-git"});
}

TEST_F(ContainersTest, APatchIsAppliedThereAsWell) {
  const std::filesystem::path patch = place.path() / "made.patch";
  support::write_file(patch, "--- /dev/null\n+++ b/made\n@@ -0,0 +1 @@\n+by the patch\n");
  const std::string range = repository.ids()[1] + ".." + repository.ids()[4] + '=' + patch.string();
  const std::string script =
      "n=$(cat number); if [ $n -gt 1 ] && [ $n -lt 5 ]; then test -e made; else ! test -e made; fi || exit 200; "
      "test $n -lt 3";
  EXPECT_THAT(search(shell(script), {"--patch-range", range}), Finds(repository.ids()[3]));
}

TEST_F(ContainersTest, FindsTheCulprit) { EXPECT_THAT(search(fails_from(9)), Finds(repository.ids()[9])); }

TEST_F(ContainersTest, TheTestSeesTheCommitsFilesAndItsVariables) {
  const Ended ended = search(shell("test -n \"$NMZ_COMMIT\" -a -n \"$NMZ_WORKER\" -a \"$FOO\" = 'a b' || exit 200; "
                                   "test \"$(ls -A)\" = number || exit 201; test $(cat number) -lt 9"),
                             {"--env", "FOO=a b"});
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
}

TEST_F(ContainersTest, SkipsAbortsAndBuilds) {
  EXPECT_THAT(search(shell("test $(cat number) = 9 && exit 125; test $(cat number) -lt 9")),
              testing::Field(&Ended::exit_code, 2));
  EXPECT_THAT(search(shell("exit 200")), FailsWith(1));
  EXPECT_THAT(search(fails_from(9), {"--build", "test $(cat number) != 3"}), Finds(repository.ids()[9]));
}

/// The agent is the container's first process. A test that could write to its stream would decide its own verdict.
TEST_F(ContainersTest, ATestCannotReachItsAgent) {
  for (const std::string user : {"0", "1000"}) {
    support::write_file(place.path() / "context/Dockerfile", "FROM busybox\nADD intruder /\nUSER " + user + "\n");
    std::filesystem::copy_file(NMZ_INTRUDER, place.path() / "context/intruder",
                               std::filesystem::copy_options::overwrite_existing);
    docker({"build", "--tag", "intruded", place.path() / "context"});
    // What the Engine leaves of the ways in shows on a child; a user's name shows that USER was heeded.
    const std::string reach =
        "test $(id -u) = " + user +
        " || exit 201; /intruder >/tmp/ways; for way in environ maps mem exe descriptors ptrace; do "
        "grep -q \": $way\" /tmp/ways || exit 202; done; /intruder 1 >&2 || "
        "exit 203; test $(cat number) -lt 9";
    const Ended ended = place.bisect(
        repository.path(), arguments({"--image", "intruded", "--replicas", "2", repository.range()}, shell(reach)));
    EXPECT_THAT(ended, Finds(repository.ids()[9])) << user << everything(ended);
    EXPECT_TRUE(wait_until([] { return containers().empty(); }));  // the Engine may still be at the run's own
    docker({"rmi", "intruded"});
  }
}

TEST_F(ContainersTest, TheImagesWorkerScriptRunsWithoutACommand) {
  docker({"build", "--tag", "scripted", "--label",
          "net.osrg.namazu-swarm.v0.worker.script=read -r id; test \"$id\" = \"$NMZ_COMMIT\" || exit 200; grep -q "
          "\"^$id\" /good",
          [&] {
            std::string good;
            for (std::size_t i = 0; i < 9; ++i) good += repository.ids()[i] + "\n";
            support::write_file(place.path() / "context/good", good);
            support::write_file(place.path() / "context/Dockerfile", "FROM busybox\nADD good /good\n");
            return (place.path() / "context").string();
          }()});
  const Ended ended =
      place.bisect(repository.path(), {"--image", "scripted", "--no-checkout", "--jobs", "2", repository.range()});
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_TRUE(wait_until([] { return containers().empty(); }));  // the Engine may still be at the run's own
  docker({"rmi", "scripted"});
}

TEST_F(ContainersTest, WrongInputIsOneLine) {
  const auto refused = [&](const std::vector<std::string>& options, const std::string& why) {
    std::vector<std::string> all = options;
    all.push_back(repository.range());
    const Ended ended = place.bisect(repository.path(), arguments(all, shell("true")));
    EXPECT_EQ(ended.exit_code, 128) << everything(ended);
    EXPECT_THAT(split_lines(ended.err), ElementsAre(HasSubstr(why)));
  };
  refused({"--image", "no/such"}, "no image 'no/such'");
  refused({"--image", "busybox", "--host", "unix:///nowhere/docker.sock"}, "is dockerd running?");
  refused({"--image", "busybox", "--host", "gopher://x"}, "unknown scheme");
  refused({"--image", "busybox", "--context", "nowhere"}, "no Docker context 'nowhere'");
  refused({"--image", "busybox", "--memory", "much"}, "--memory");
  refused({"--host", "tcp://h"}, "--host is for containers");
  refused({"--orchestrator", "docker"}, "needs --image");
  const Ended ended = place.bisect(repository.path(), {"--image", "busybox", repository.range()});
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, HasSubstr("has no label net.osrg.namazu-swarm.v0.worker.script"));
}

TEST_F(ContainersTest, AContainerThatIsKilledCostsNothing) {
  std::future<Ended> run = search_beside("sleep 1; test $(cat number) -lt 9");
  ASSERT_TRUE(wait_until([] { return running().size() >= 2; }));
  for (const std::string& id : running()) docker({"kill", id});
  const Ended ended = run.get();
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_THAT(ended.err, HasSubstr("it is started again"));
}

TEST_F(ContainersTest, ContainersThatAreRemovedWhileTheyStartAreMadeAnew) {
  std::future<Ended> run = search_beside("sleep 0.2; test $(cat number) -lt 9", "logs", "12");
  ASSERT_TRUE(wait_until([] { return !containers().empty(); }));
  for (int round = 0; round < 3; ++round) {
    const support::Program remove{{"sh", "-c", "docker ps --all --quiet | xargs -r docker rm --force"}};
    static_cast<void>(support::run_program(remove));
  }
  const Ended ended = run.get();
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("it is given up")));
}

TEST_F(ContainersTest, TheEngineMayBeKilledAndStartedAgain) {
  std::future<Ended> run = search_beside("sleep 1; test $(cat number) -lt 9");
  ASSERT_TRUE(wait_until([] { return running().size() >= 2; }));
  kill_engine();
  std::this_thread::sleep_for(seconds{1});
  start_engine();
  EXPECT_THAT(run.get(), Finds(repository.ids()[9]));
}

/// Twelve workers start one after the other: when the first container is there, the others are on their way.
TEST_F(ContainersTest, AnEngineKilledWhileWorkersStartIsWaitedFor) {
  std::future<Ended> run = search_beside("sleep 0.2; test $(cat number) -lt 9", "logs", "12");
  ASSERT_TRUE(wait_until([] { return !containers().empty(); }));
  kill_engine();
  EXPECT_EQ(run.wait_for(std::chrono::milliseconds{700}), std::future_status::timeout) << "it has not given up";
  start_engine();
  EXPECT_THAT(run.get(), Finds(repository.ids()[9]));
}

TEST_F(ContainersTest, WhatIsLeftOnAnEngineThatWasKilledWhileWorkersStartIsRemovedByTheNextRun) {
  std::future<Ended> run = search_beside("sleep 0.2; test $(cat number) -lt 9", "logs", "12");
  ASSERT_TRUE(wait_until([] { return !containers().empty(); }));
  const std::vector<pid_t> programs = program_alone();
  ASSERT_THAT(programs, SizeIs(1));
  kill_engine();
  ::kill(programs[0], SIGINT);
  EXPECT_EQ(run.wait_for(seconds{10}), std::future_status::ready);
  const Ended ended = run.get();
  EXPECT_EQ(ended.exit_code, 130) << everything(ended);
  start_engine();
  EXPECT_THAT(search(fails_from(9)), Finds(repository.ids()[9]));  // containers: see TearDown
}

TEST_F(ContainersTest, CtrlCLeavesNothing) {
  std::future<Ended> run = search_beside("trap '' INT TERM; sleep 100; sleep 100");
  ASSERT_TRUE(wait_until([] { return running().size() >= 2; }));
  const std::vector<pid_t> programs = program_alone();
  ASSERT_THAT(programs, SizeIs(1));
  ::kill(programs[0], SIGINT);
  EXPECT_EQ(run.get().exit_code, 130);
  // Where an agent ended by itself, the Engine is at removing its container, and is not waited for.
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_TRUE(wait_until([] { return containers().empty(); }, seconds{5}));
}

TEST_F(ContainersTest, AfterKillTheContainersEndByThemselves) {
  std::future<Ended> run = search_beside("trap '' INT TERM; sleep 100; sleep 100");
  ASSERT_TRUE(wait_until([] { return running().size() >= 2; }));
  const std::vector<pid_t> programs = program_alone();
  ASSERT_THAT(programs, SizeIs(1));
  ::kill(programs[0], SIGKILL);
  EXPECT_EQ(run.get().signal, SIGKILL);
  EXPECT_TRUE(wait_until([] { return containers().empty(); }, seconds{30}));
}

TEST_F(ContainersTest, ContainersOfDeadRunsAreRemovedAndOthersAreNot) {
  // Created and never started: nothing in them can end.
  const std::string label = "net.osrg.namazu-swarm.run=0123456789ab";
  const std::string owner = "net.osrg.namazu-swarm.owner=";
  const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid").string();  // pid:[NUMBER]
  const std::string boot = split_lines(support::read_file("/proc/sys/kernel/random/boot_id")).front() + "." +
                           space.substr(5, space.size() - 6);
  docker({"create", "--label", label, "--label", owner + boot + ":999999:1", "busybox", "true"});
  const auto other = docker({"create", "--label", label, "--label", owner + "elsewhere:1:1", "busybox", "true"});
  // A CI job in a container beside us: the same kernel, other process ids.
  const auto beside = docker({"create", "--label", label, "--label", owner + boot + "9:999999:1", "busybox", "true"});
  const auto foreign = docker({"create", "busybox", "true"});
  const Ended ended = search(fails_from(9));
  EXPECT_THAT(ended, Finds(repository.ids()[9]));
  EXPECT_THAT(ended.err, HasSubstr("removed 1 container(s) of killed runs"));
  EXPECT_TRUE(wait_until([] { return containers().size() <= 3; }));  // the Engine may still be at the run's own
  EXPECT_THAT(containers(), testing::UnorderedElementsAre(other.front(), beside.front(), foreign.front()));
  docker({"rm", other.front(), beside.front(), foreign.front()});
}

TEST_F(ContainersTest, TwoRunsAtOnce) {
  std::future<Ended> one = search_beside("sleep 0.3; test $(cat number) -lt 9");
  std::future<Ended> two = search_beside("sleep 0.3; test $(cat number) -lt 17", "other-logs");
  EXPECT_THAT(one.get(), Finds(repository.ids()[9]));
  EXPECT_THAT(two.get(), Finds(repository.ids()[17]));
}

}  // namespace
}  // namespace nmz::conformance
