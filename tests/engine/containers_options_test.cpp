// What the options ask of plain containers: the ways in for the agent, images of every kind, and one line for what
// cannot be.
#include <filesystem>
#include <string>
#include <vector>

#include <sys/mount.h>

#include "lab_user.hpp"
#include "program/nmzbisect/line.hpp"

namespace nmz::cluster_tests {
namespace {

using testing::HasSubstr;

class ContainersOptionsTest : public UserTest {
 protected:
  void expect_refused(const std::vector<std::string>& options, int code, const std::string& why) const {
    EXPECT_THAT(swarm(two(options)), IsRefused(code, why)) << testing::PrintToString(options);
  }
  [[nodiscard]] Ended bisect(std::vector<std::string> options) const {
    options.insert(options.end(), {"--replicas", "2", repository.range()});
    return place.bisect(repository.path(), conformance::arguments(std::move(options), conformance::fails_from(3)));
  }
  conformance::LineRepository repository{6, {}, "a repository"};
};

TEST_F(ContainersOptionsTest, EveryWayInForTheAgent) {
  for (const char* way : {"auto", "archive", "image"}) {
    EXPECT_THAT(swarm(two({"--source", "busybox", "--inject", way})), BothPass()) << way;
  }
  expect_refused({"--source", "busybox", "--inject", "config"}, 128, "--inject config is for a Swarm");
  expect_refused({"--source", "busybox", "--inject", "magic"}, 128,
                 "--inject is one of auto, archive, config, image; not 'magic'");
  EXPECT_THAT(swarm(two({"-source", "busybox", "-target", "with-agent"})), BothPass());
  remove_image("with-agent");
}

/// As `docker run` has them; what the user says himself counts.
TEST_F(ContainersOptionsTest, TheProxiesOfDockersConfiguration) {
  support::write_file(docker_config(), R"({"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "none"}}})");
  support::Program of_docker =
      program({"docker", "run", "--rm", "--env", "no_proxy=mine", "busybox", "sh", "-c", "env | grep -i proxy | sort"});
  const std::string expected = support::run_program(of_docker).out;
  EXPECT_EQ(expected, "HTTP_PROXY=http://p:1\nNO_PROXY=none\nhttp_proxy=http://p:1\nno_proxy=mine\n");
  const std::string script =
      "test \"$(env | grep -i proxy | sort)\" = '" + expected.substr(0, expected.size() - 1) + "'";
  EXPECT_THAT(swarm(two({"--source", "busybox", "--env", "no_proxy=mine"}, script)), BothPass());
  EXPECT_THAT(swarm(two({"--source", "busybox"}, script)), testing::Not(BothPass()));
  const support::Program bisect =
      program({NMZ_NMZBISECT, "-C", repository.path(), "--work-dir", place.work_dir(), "--log-dir", place.log_dir(),
               "--image", "busybox", "--env", "no_proxy=mine", repository.range(), "--", "sh", "-c",
               script + " || exit 200; test $(cat number) -lt 3"});
  EXPECT_THAT(support::run_program(bisect), conformance::Finds(repository.ids()[3]));
}

TEST_F(ContainersOptionsTest, AnImageOfAKilledRunIsRemovedByTheNext) {
  support::Program killed = swarm_program(two({"--source", "busybox", "--inject", "image"}, "sleep 100"));
  auto run = std::async(std::launch::async, [&] { return support::run_program(killed); });
  ASSERT_TRUE(conformance::wait_until([] { return !docker({"ps", "--quiet"}).empty(); }));
  for (const pid_t pid : place.processes()) ::kill(pid, SIGKILL);
  EXPECT_EQ(run.get().signal, SIGKILL);
  ASSERT_TRUE(conformance::wait_until([] { return docker({"ps", "--all", "--quiet"}).empty(); }));
  const auto images = [] { return docker({"images", "--all", "--quiet", "--filter", "dangling=true"}); };
  EXPECT_THAT(images(), testing::SizeIs(1));
  const Ended ended = swarm(two({"--source", "busybox"}));
  EXPECT_THAT(ended, BothPass());
  EXPECT_THAT(ended.out, HasSubstr("removed 1"));
  EXPECT_THAT(images(), testing::IsEmpty());
}

TEST_F(ContainersOptionsTest, AnImageWhoseUserIsNotRoot) {
  build("somebody", "FROM busybox\nUSER 1234:1234\n");
  for (const char* way : {"archive", "image"}) {
    EXPECT_THAT(swarm(two({"--source", "somebody", "--inject", way}, "test $(id -u) = 1234")), BothPass()) << way;
    EXPECT_THAT(bisect({"--image", "somebody", "--inject", way}), conformance::Finds(repository.ids()[3])) << way;
  }
  remove_image("somebody");
}

/// Who is refused what it asks for at once, and says nothing, leaves no trace of a full disk.
TEST_F(ContainersOptionsTest, ADiskThatTheyShareMayHaveSpoiltAVerdictUnnoticed) {
  const std::string disk = (place.path() / "disk").string();
  std::filesystem::create_directory(disk);
  ASSERT_EQ(::mount("none", disk.c_str(), "tmpfs", 0, "size=40m,mode=1777"), 0);
  // The second worker asks when the first has taken its part, in a test that began before that.
  const std::string take =
      "free() { df -m /tmp | awk 'END { print $4 }'; }\n"
      "mine=/tmp/taken.$NMZ_WORKER\n"
      "trap 'rm -f $mine $mine.part' EXIT; trap 'exit 1' TERM\n"
      "touch /tmp/here.$NMZ_WORKER; until test -e /tmp/here.0 && test -e /tmp/here.1; do sleep 0.01; done\n"
      "test $NMZ_WORKER = 0 || test -e /tmp/met || until test -e /tmp/taken.0; do sleep 0.01; done\n"
      "touch /tmp/met; test $(free) -ge 24 || exit 1\n"
      "head -c 24000000 /dev/zero >$mine.part; mv $mine.part $mine; sleep 0.3\n";
  const std::vector<std::string> options{
      "--image",    "busybox", "--mount",         "type=bind,source=" + disk + ",target=/tmp",
      "--replicas", "2",       repository.range()};
  const Ended ended = place.bisect(
      repository.path(), conformance::arguments(options, conformance::shell(take + "test $(cat number) -lt 3")));
  ::umount2(disk.c_str(), MNT_DETACH);
  EXPECT_THAT(ended, conformance::Finds(repository.ids()[3]));
  EXPECT_THAT(ended.err, HasSubstr("the answer is tested once more"));
}

/// With this machine's Python, in an image whose shell is busybox's.
TEST_F(ContainersOptionsTest, TheTestsOfARunner) {
  support::write_file(
      place.path() / "suite/test_it.py",
      "import os\ndef test_ok(): pass\ndef test_bad(): assert 1 == 2, 'one is not two'\n"
      "def test_dies(): os.abort()\ndef test_after(): assert not os.path.exists('/etc/debian_version')\n");
  std::vector<std::string> options{"--source", "busybox", "--runner", "pytest", "--replicas", "1"};
  for (const std::string directory : {"/usr", "/lib", "/lib64"}) {
    if (!std::filesystem::exists(directory)) continue;
    options.insert(options.end(), {"--mount", "type=bind,source=" + std::filesystem::canonical(directory).string() +
                                                  ",target=" + directory + ",readonly"});
  }
  options.insert(options.end(), {"--mount", "type=bind,source=" + (place.path() / "suite").string() + ",target=/suite",
                                 "--env", "PATH=/usr/bin:/bin", "--env", "PYTHONDONTWRITEBYTECODE=1", "--", "-p",
                                 "no:cacheprovider", "/suite"});
  const Ended ended = swarm(options);
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(conformance::split_lines(ended.out),
              testing::IsSupersetOf({testing::StartsWith("passed    suite/test_it.py::test_ok ("),
                                     testing::StartsWith("failed    suite/test_it.py::test_bad ("),
                                     testing::StartsWith("failed    suite/test_it.py::test_dies ("),
                                     testing::StartsWith("passed    suite/test_it.py::test_after ("),
                                     testing::StartsWith("2 of 4 passed, 2 failed in ")}));
  EXPECT_THAT(ended.out, testing::AllOf(HasSubstr("one is not two"), HasSubstr("crashed: killed by signal 6")));
}

TEST_F(ContainersOptionsTest, TheCulpritsOfManyTests) {
  const auto runner = place.path() / "runner";
  support::write_file(runner,
                      "list = printf '%s\\n' 3 5 9\n"
                      "run = for t; do [ $(cat number) -lt $t ] && echo \"ok - $t\" || echo \"not ok - $t\"; done "
                      ">$NMZ_REPORT\nreport = tap\n");
  const Ended ended = place.bisect(
      repository.path(), {"--image", "busybox", "--replicas", "2", "--runner", runner.string(), repository.range()});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  for (const std::size_t number : {3U, 5U}) {
    EXPECT_THAT(ended.out, HasSubstr(repository.ids()[number] + " is the first bad commit of 1 test: "));
  }
}

TEST_F(ContainersOptionsTest, AnImageWithoutAShell) {
  build("shell-less",
        "FROM busybox AS tools\nFROM scratch\nCOPY --from=tools /bin/busybox /true\nENTRYPOINT [\"/true\"]\n"
        "LABEL net.osrg.namazu-swarm.v0.master.script=\"cat /list\" net.osrg.namazu-swarm.v0.worker.script=sh\n");
  EXPECT_THAT(swarm({"--source", "shell-less"}), IsRefused(3, "cannot execute '/bin/sh': No such file or directory"));
  // What needs none runs.
  std::vector<std::string> arguments = two({"--source", "shell-less"});
  arguments.resize(arguments.size() - 3);  // sh -c SCRIPT
  arguments.emplace_back("/true");
  EXPECT_THAT(swarm(arguments), BothPass());
  remove_image("shell-less");
}

TEST_F(ContainersOptionsTest, WhatCannotBeIsOneLine) {
  EXPECT_THAT(swarm({"--source", "busybox"}),
              IsRefused(128,
                        "the image 'busybox' has no label net.osrg.namazu-swarm.v0.worker.script; give it one, or a "
                        "command behind --"));
  EXPECT_THAT(swarm({"--source", "busybox", "--", "sh"}),
              IsRefused(128, "no label net.osrg.namazu-swarm.v0.master.script; give it one, or --workloads FILE"));
  expect_refused({"--source", "no/such"}, 128, "no image 'no/such' and cannot pull it: ");
  expect_refused({"--source", "No Such"}, 128, "invalid reference format");
  expect_refused({"--source", "busybox", "--orchestrator", "swarm"}, 128,
                 "is no manager of a Swarm (`docker swarm init`");
  expect_refused({"--source", "busybox", "--constraint", "node.role==worker"}, 128, "is no manager of one");
  expect_refused({"--source", "busybox", "--secret", "x"}, 128, "is no manager of one");
  expect_refused({"--source", "busybox", "-push"}, 128, "--push needs --target IMAGE");
  for (const char* same : {"busybox", "busybox:latest", "docker.io/library/busybox", "docker.io/busybox:latest"}) {
    expect_refused({"--source", "busybox", "--target", same}, 128, "--target is the image itself");
  }
  expect_refused({"--source", "busybox", "--target", "No Such"}, 128,
                 "cannot build 'No Such': invalid reference format");
  expect_refused({"--source", "busybox", "--mount", "type=bind,target=/x"}, 128,
                 "the source has to be an absolute path");
}

TEST_F(ContainersOptionsTest, WhatTheEngineRefusesIsSaidOnce) {
  const auto refused = [&](std::vector<std::string> options, const std::string& why) {
    options.insert(options.begin(), {"--source", "busybox", "--replicas", "1"});
    const Ended ended = swarm(two(std::move(options)));
    EXPECT_THAT(ended, IsRefused(3, why));
    EXPECT_THAT(ended.out, testing::Not(HasSubstr("started again"))) << "in vain";
  };
  refused({"--mount", "type=bind,source=/no/where,target=/x"}, "bind source path does not exist: /no/where");
  refused({"--network", "nowhere"}, "network nowhere not found");
  refused({"--cpus", "1000"}, "Range of CPUs is");
  refused({"--memory", "1k"}, "Minimum memory limit");
}

}  // namespace
}  // namespace nmz::cluster_tests
