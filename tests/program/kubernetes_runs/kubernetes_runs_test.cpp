// Both programs with workers that are pods of the fake API server, and what goes wrong in a cluster.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "fake_server.hpp"
#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/workplace.hpp"
#include "support/engine_stub.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::kubernetes_tests {
namespace {

using conformance::everything;
using conformance::split_lines;
using conformance::wait_until;
using support::Ended;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// One server for all tests that need no special one: it takes a second to start, and each test leaves it empty.
class KubernetesRunsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (::geteuid() == 0)
      shared = std::make_unique<FakeServer>(std::vector<std::string>{"--job-backoff", "0.2", "--kueue"});
  }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "the fake API server mounts the roots of pods, which needs root";
  }

  [[nodiscard]] support::Program in_cluster(const FakeServer& server, std::vector<std::string> argv) const {
    support::Program program = place.program(place.path(), std::move(argv));
    program.env.push_back(server.variable());
    program.timeout = std::chrono::minutes{2};
    return program;
  }
  /// `nmzswarm` with these workloads, each a script.
  [[nodiscard]] support::Program swarm(const FakeServer& server, const std::vector<std::string>& scripts,
                                       const std::vector<std::string>& options = {}) const {
    std::string list;
    for (const std::string& script : scripts) list += script + "\n";
    support::write_file(place.path() / "list", list);
    std::vector<std::string> argv{
        NMZ_NMZSWARM, "--orchestrator", "kubernetes",   "--source",    "suite", "-replicas", "3",
        "--log-dir",  "logs",           "--no-history", "--workloads", "list",  "--json",    "events"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.insert(argv.end(), {"--", "sh"});
    return in_cluster(server, std::move(argv));
  }
  [[nodiscard]] static std::future<Ended> beside(const support::Program& program) {
    return std::async(std::launch::async, [program] { return support::run_program(program); });
  }
  /// A script whose first execution does not end by itself.
  [[nodiscard]] static std::string waiting(const std::string& name) {
    return "test $NMZ_ATTEMPT -gt 1 || sleep 1000; echo " + name;
  }
  [[nodiscard]] bool wait_for_begun(std::size_t count) const {
    return wait_until([&] {
      std::size_t begun = 0;
      for (const std::string& line : conformance::lines_of(place.path() / "events")) {
        begun += line.find(R"("event":"workload-started")") != std::string::npos ? 1U : 0U;
      }
      return begun >= count;
    });
  }
  static void expect_nothing_left(const FakeServer& server) {
    EXPECT_TRUE(wait_until([&server] { return server.everything().empty(); }))
        << testing::PrintToString(server.everything());
  }

  /// Two workers and three workloads, of which one fails. It reaches the server by a path that no other run has, so
  /// what goes wrong there is its own.
  [[nodiscard]] std::future<Ended> run_through(const std::string& name) const {
    const std::filesystem::path own = place.path() / name;
    auto config = boost::json::parse(support::read_file(shared->kubeconfig()));
    auto& server = config.at("clusters").at(0).at("cluster").at("server");
    server = fmt::format("{}/k8s/clusters/{}", std::string_view{server.as_string()}, name);
    support::write_file(own / "config", boost::json::serialize(config));
    support::write_file(own / "list", "echo one\nexit 3\necho three\n");
    support::Program program =
        place.program(own, {NMZ_NMZSWARM, "--orchestrator", "kubernetes", "--source", "suite", "-replicas", "2",
                            "--log-dir", "logs", "--no-history", "--workloads", "list", "--", "sh"});
    program.env.push_back("KUBECONFIG=" + (own / "config").string());
    return beside(program);
  }
  /// Of such a run. `fault`: members of a JSON object, see fake_kubernetes/control.py.
  static void fail_through(const std::string& name, const std::string& fault) {
    shared->control("fault", fmt::format(R"({{"through": "{}", {}}})", name, fault));
  }
  /// "create /apis/batch/v1/namespaces/default/jobs"
  static std::vector<std::string> asked_through(const std::string& name) {
    const std::string path = "/k8s/clusters/" + name + "/";
    std::vector<std::string> asked;
    const auto requests = boost::json::parse(shared->control("requests"));
    for (const auto& request : requests.as_array()) {
      const std::string_view whole = request.at("path").as_string();
      if (!whole.starts_with(path)) continue;
      asked.push_back(
          fmt::format("{} {}", std::string_view{request.at("verb").as_string()}, whole.substr(path.size() - 1)));
    }
    return asked;
  }
  static void expect_its_results(const Ended& run, const std::string& where) {
    EXPECT_EQ(run.exit_code, 1) << where << ": " << everything(run);
    EXPECT_THAT(split_lines(run.out), Contains(StartsWith("2 of 3 passed, 1 failed"))) << where;
  }

  static std::unique_ptr<FakeServer> shared;
  conformance::Workplace place;
};

std::unique_ptr<FakeServer> KubernetesRunsTest::shared;

TEST_F(KubernetesRunsTest, AListOfWorkloads) {
  const FakeServer& server = *shared;
  const Ended ended = support::run_program(swarm(server, {"echo one", "echo two", "exit 3", "echo $NMZ_WORKLOAD"}));
  EXPECT_EQ(ended.exit_code, 1) << everything(ended);
  const auto lines = split_lines(ended.out);
  EXPECT_THAT(lines, Contains("3 workers: pods of suite"));
  EXPECT_THAT(lines, Contains(StartsWith("passed    echo two (")));
  EXPECT_THAT(lines, Contains(StartsWith("failed    exit 3 (")));
  EXPECT_THAT(lines, Contains(StartsWith("3 of 4 passed")));
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, LargeLogsArriveWhole) {
  const FakeServer& server = *shared;
  const Ended ended = support::run_program(
      swarm(server, {"head -c 20000000 /dev/zero | tr '\\0' 'x'; echo end"}, {"--log-limit", "100"}));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  std::size_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator{place.path() / "logs"}) {
    if (entry.path().extension() == ".log") size = std::max<std::size_t>(size, entry.file_size());
  }
  EXPECT_GE(size, 20000004U);
}

TEST_F(KubernetesRunsTest, ASearch) {
  const FakeServer& server = *shared;
  support::ScratchRepository repository;
  std::vector<support::ScratchCommit> commits;
  constexpr std::size_t count = 20;
  constexpr std::size_t first_bad = 13;
  for (std::size_t i = 0; i < count; ++i) {
    commits.push_back(
        {i == 0 ? std::vector<std::size_t>{} : std::vector{i - 1},
         {{"number", std::to_string(i)}, {"test.sh", {"100755", "#!/bin/sh\ntest \"$(cat number)\" -lt 13\n"}}}});
  }
  repository.add_and_checkout(commits);
  support::Program program =
      place.bisect_program(repository.path(), {repository.ids().front() + "..HEAD", "--orchestrator", "kubernetes",
                                               "--image", "suite", "-replicas", "3", "--", "./test.sh"});
  program.env.push_back(server.variable());
  const Ended ended = support::run_program(program);
  EXPECT_THAT(ended, conformance::Finds(repository.ids()[first_bad])) << everything(ended);
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, CtrlCLeavesNothing) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {waiting("a"), waiting("b"), waiting("c")}));
  ASSERT_TRUE(wait_for_begun(3));
  for (const pid_t pid : place.processes()) ::kill(pid, SIGINT);
  EXPECT_EQ(ended.get().exit_code, 130);
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, CtrlCBeforeAnyPodRunsLeavesNothing) {
  const FakeServer& server = *shared;
  server.control("settings", R"({"podDelay": 600})");
  auto ended = beside(swarm(server, {"true", "true 2", "true 3"}));
  ASSERT_TRUE(wait_until([&server] { return server.everything().size() >= 5; },
                         std::chrono::seconds{90}));  // a Job, its ConfigMap, three pods
  for (const pid_t pid : place.processes()) ::kill(pid, SIGINT);
  EXPECT_EQ(ended.wait_for(std::chrono::seconds{30}), std::future_status::ready) << "a watch lasts 60 s";
  EXPECT_EQ(ended.get().exit_code, 130);
  server.control("settings", R"({"podDelay": 0})");
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, WhatAKilledProgramLeftTheNextOneRemoves) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {waiting("a")}));
  ASSERT_TRUE(wait_for_begun(1));
  for (const pid_t pid : place.processes()) ::kill(pid, SIGKILL);
  ended.get();
  EXPECT_THAT(server.names("jobs"), testing::SizeIs(1));
  const Ended next = support::run_program(in_cluster(server, {NMZ_NMZSWARM, "gc", "--orchestrator", "kubernetes"}));
  EXPECT_EQ(next.out, "removed 1 Job(s)\n") << everything(next);
  expect_nothing_left(server);
}

/// Each request of a run by itself, the ways of failing one after the other. Several runs at once.
TEST_F(KubernetesRunsTest, AnyRequestMayFailOnce) {
  const std::vector<std::string> ways{R"("action": "lose-answer", "seconds": 0.05)",
                                      R"("code": 429, "retryAfter": 1)",
                                      R"("action": "close")",
                                      R"("code": 409)",
                                      R"("action": "error-after", "code": 504, "seconds": 0.05)",
                                      R"("code": 500)",
                                      R"("code": 503)"};
  constexpr std::size_t at_once = 6;
  constexpr std::size_t too_many = 60;
  bool all_failed = false;
  for (std::size_t first = 1; !all_failed; first += at_once) {
    ASSERT_LT(first, too_many);
    std::vector<std::future<Ended>> runs;
    for (std::size_t n = first; n < first + at_once; ++n) {
      const std::string name = fmt::format("n{}", n);
      fail_through(name, fmt::format(R"("nth": {}, {})", n, ways[(n - 1) % ways.size()]));
      runs.push_back(run_through(name));
    }
    for (std::size_t n = first; n < first + at_once; ++n) {
      const Ended run = runs[n - first].get();
      const auto asked = asked_through(fmt::format("n{}", n));
      if (asked.size() < n) all_failed = true;
      const std::string which = asked.size() < n ? "none" : asked[n - 1];
      expect_its_results(run, which + " with " + ways[(n - 1) % ways.size()]);
    }
  }
  expect_nothing_left(*shared);
  shared->control("clear");
}

/// What a run has made and was told that it has not: nobody can ask for a moment; a proxy has sent a request twice. And
/// what it really was not allowed to make.
TEST_F(KubernetesRunsTest, WhatIsMadeAndSaidNotToBe) {
  fail_through("lost", R"("verb": "create", "resource": "jobs", "action": "lose-answer")");
  fail_through("lost", R"("verb": "get", "resource": "jobs", "code": 503)");
  fail_through("lost", R"("verb": "create", "resource": "configmaps", "action": "lose-answer")");
  auto lost = run_through("lost");
  for (const char* kind : {"jobs", "configmaps"}) {
    fail_through("twice", fmt::format(R"("verb": "create", "resource": "{}", "action": "error-after", "code": 409,
                                         "reason": "AlreadyExists", "message": "\"x\" already exists")",
                                      kind));
  }
  auto twice = run_through("twice");
  fail_through("quota", R"("verb": "create", "resource": "jobs", "times": 1000, "code": 403,
                           "message": "exceeded quota: small")");
  auto quota = run_through("quota");
  expect_its_results(lost.get(), "lost");
  std::vector<std::string> verbs;
  for (const std::string& asked : asked_through("lost")) {
    if (asked.find("/jobs") != std::string::npos) verbs.push_back(asked.substr(0, asked.find(' ')));
  }
  EXPECT_THAT(verbs, ElementsAre("list", "create", "get", "create", "get", "delete"));
  expect_its_results(twice.get(), "twice");
  const Ended refused = quota.get();
  EXPECT_EQ(refused.exit_code, 3) << everything(refused);
  EXPECT_EQ(refused.err, "nmzswarm: no worker is left: exceeded quota: small\n");
  expect_nothing_left(*shared);
  shared->control("clear");
}

/// The cluster does not tell the image's labels, and an Engine does.
TEST_F(KubernetesRunsTest, TheLabelsOfAnImageAreAnEngines) {
  using Stalls = support::EngineStub::Stalls;
  const std::vector<std::string> alone{NMZ_NMZSWARM, "--orchestrator", "kubernetes", "--source", "suite", "-replicas",
                                       "1",          "--no-history",   "--log-dir",  "logs"};
  support::Program program = in_cluster(*shared, alone);
  {
    const support::EngineStub engine{place.path() / "engine", Stalls::build};
    program.env.push_back("DOCKER_HOST=" + engine.host());
    const Ended ended = support::run_program(program);
    EXPECT_EQ(ended.exit_code, 0) << everything(ended);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("passed    a ("), HasSubstr("1 of 1 passed")));
    EXPECT_THAT(ended.out + ended.err,
                HasSubstr("the labels of suite are those that the Docker Engine at " + engine.host() + " has"));
  }
  program.argv.insert(program.argv.end(), {"--", "true"});
  const Ended ended = support::run_program(program);
  EXPECT_EQ(ended.exit_code, 128) << everything(ended);
  EXPECT_THAT(
      split_lines(ended.err),
      ElementsAre(AllOf(HasSubstr("a Kubernetes cluster does not tell the label net.osrg.namazu-swarm.v0.master.script "
                                  "of the image 'suite'"),
                        HasSubstr("no Docker Engine answers at unix://"), EndsWith("; give --workloads FILE"))));
  expect_nothing_left(*shared);
}

TEST_F(KubernetesRunsTest, AMissingRightIsNamed) {
  const FakeServer& server = *shared;
  server.control("rights", R"({"deny": ["create:pods/attach", "delete:jobs"]})");
  const Ended ended = support::run_program(swarm(server, {"true"}));
  server.control("rights");
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("may not delete jobs.batch, create pods/attach in the namespace default"),
                               HasSubstr("nmzswarm kubernetes role")));
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, TheRoleIsEnough) {
  const Ended role = support::run_program(place.program(place.path(), {NMZ_NMZSWARM, "kubernetes", "role"}));
  ASSERT_EQ(role.exit_code, 0) << everything(role);
  support::write_file(place.path() / "role.yaml", role.out);
  const FakeServer server{{"--role", (place.path() / "role.yaml").string()}};
  const Ended ended = support::run_program(swarm(server, {"true"}));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
}

TEST_F(KubernetesRunsTest, AnImageThatCannotBePulledEndsTheRunInOneLine) {
  const FakeServer& server = *shared;
  server.control("unpullable", R"({"image": "suite"})");
  const Ended ended = support::run_program(swarm(server, {"true"}, {"--pod-timeout", "1s"}));
  server.control("clear");
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.out + ended.err, AllOf(HasSubstr("a worker cannot start"), HasSubstr("suite")));
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, AWorkerWhoseStreamIsLostIsReplaced) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {waiting("a"), waiting("b"), waiting("c")}));
  ASSERT_TRUE(wait_for_begun(3));
  server.control("drop", R"({"pod": "nmzswarm"})");
  const Ended run = ended.get();
  EXPECT_EQ(run.exit_code, 0) << everything(run);
  EXPECT_THAT(split_lines(run.out), Contains(StartsWith("3 of 3 passed")));
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, WatchesThatExpireAndAServerThatRestartsAreNoLoss) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {waiting("a"), waiting("b"), waiting("c")}));
  ASSERT_TRUE(wait_for_begun(3));
  server.control("expire-watches");
  server.control("restart", R"({"seconds": 1})");
  const Ended run = ended.get();
  EXPECT_EQ(run.exit_code, 0) << everything(run);
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, AJobThatSomebodyRemovesEndsTheRun) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {waiting("a")}));
  ASSERT_TRUE(wait_for_begun(1));
  const std::string job = server.names("jobs").front();
  static_cast<void>(
      server.ask("DELETE", "/apis/batch/v1/namespaces/default/jobs/" + job + "?propagationPolicy=Background"));
  const Ended run = ended.get();
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.out + run.err, HasSubstr("the Job '" + job + "' was removed by somebody"));
}

TEST_F(KubernetesRunsTest, EveryKindOfCredentials) {
  for (const char* kind : {"token-file", "certificate", "exec", "exec-v1beta1"}) {
    const Ended ended = support::run_program(swarm(*shared, {"true"}, {"--context", kind}));
    EXPECT_EQ(ended.exit_code, 0) << kind << ": " << everything(ended);
  }
}

TEST_F(KubernetesRunsTest, CredentialsThatExpireAreAskedForAgain) {
  const FakeServer server;  // of its own: the shared one's token has to stay good
  for (const char* kind : {"token-file", "exec"}) {
    auto ended = beside(swarm(server, {"sleep 1"}, {"--context", kind}));
    ASSERT_TRUE(wait_for_begun(1));
    server.control("expire-token");
    const Ended run = ended.get();
    EXPECT_EQ(run.exit_code, 0) << kind << ": " << everything(run);
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("cannot remove"))) << kind;
    std::filesystem::remove(place.path() / "events");
  }
}

/// v4 alone, without elastic Jobs and limits for each index; before 1.24 without indices at all.
TEST_F(KubernetesRunsTest, AnOlderCluster) {
  for (const char* version : {"1.20", "1.24", "1.29"}) {
    const FakeServer server{{"--version", version, "--job-backoff", "0.2"}};
    auto ended = beside(swarm(server, {waiting("a"), "echo one", "echo two"}));
    ASSERT_TRUE(wait_for_begun(3));
    server.control("drop", R"({"pod": "nmzswarm"})");
    const Ended run = ended.get();
    EXPECT_EQ(run.exit_code, 0) << version << ": " << everything(run);
    EXPECT_THAT(split_lines(run.out), Contains(StartsWith("3 of 3 passed"))) << version;
    const std::string posted = server.control("posted");
    EXPECT_EQ(posted.find("Indexed") == std::string::npos, std::string{version} == "1.20") << version;
    expect_nothing_left(server);
    std::filesystem::remove(place.path() / "events");
  }
}

/// What a workload finds in its pod of what the options and the template say.
TEST_F(KubernetesRunsTest, PodsAsTheUserWantsThem) {
  support::write_file(place.path() / "pod.yaml", R"(
spec:
  securityContext: {runAsUser: 4321, runAsGroup: 4321}
  containers:
  - name: worker
    args: [this, is, dropped]
    env: [{name: FROM_TEMPLATE, value: yes-it-is}]
    securityContext: {readOnlyRootFilesystem: true}
)");
  support::write_file(place.path() / "data" / "file", "of the node\n");
  const std::string data = (place.path() / "data").string();
  const Ended ended = support::run_program(swarm(
      *shared, {"test $(id -u) = 4321 -a $FROM_TEMPLATE = yes-it-is -a ! -w / && grep node /mnt/data/file && df /m"},
      {"--pod-template", "pod.yaml", "--mount", "type=bind,source=" + data + ",target=/mnt/data,readonly", "--mount",
       "type=tmpfs,target=/m", "--cpus", "1", "--memory", "64m", "--toleration", "dedicated=ci:NoSchedule",
       "--node-selector", "kubernetes.io/os=linux", "--image-pull-secret", "registry"}));
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  expect_nothing_left(*shared);
  support::write_file(place.path() / "pod.yaml", "spec: {tolerationSeconds: 3}\nsepc: {}\n");
  const Ended refused = support::run_program(swarm(*shared, {"true"}, {"--pod-template", "pod.yaml"}));
  EXPECT_EQ(refused.exit_code, 128);
  EXPECT_THAT(refused.err, HasSubstr("the pod template 'pod.yaml': unknown field 'sepc'"));
}

/// A static program in an image of its own: mounted, or copied by an init container where an image cannot be mounted.
TEST_F(KubernetesRunsTest, AnAgentOutOfAnImage) {
  std::filesystem::create_directory(place.path() / "image");
  std::filesystem::copy_file(NMZ_NMZAGENT, place.path() / "image" / "nmzagent");
  for (const char* version : {"1.35", "1.36"}) {
    const FakeServer server{{"--version", version, "--image", "agent=" + (place.path() / "image").string()}};
    const Ended ended = support::run_program(swarm(server, {"echo one"}, {"--agent-image", "agent"}));
    EXPECT_EQ(ended.exit_code, 0) << version << ": " << everything(ended);
    EXPECT_THAT(server.control("posted"), Not(HasSubstr("ConfigMap"))) << version;
  }
}

/// A kubeconfig is all that there is.
TEST_F(KubernetesRunsTest, WithoutAnEngineTheClusterIsMeant) {
  support::Program program = swarm(*shared, {"true"});
  program.argv.erase(program.argv.begin() + 1, program.argv.begin() + 3);  // --orchestrator kubernetes
  ASSERT_EQ(program.argv[1], "--source");
  program.env.push_back("DOCKER_HOST=unix://" + (place.path() / "no.sock").string());
  const Ended ended = support::run_program(program);
  EXPECT_EQ(ended.exit_code, 0) << everything(ended);
  EXPECT_THAT(ended.out + ended.err, HasSubstr("workers are pods: context 'fake', namespace default"));
}

TEST_F(KubernetesRunsTest, AQueueThatHoldsTheJobBackIsWaitedFor) {
  const FakeServer& server = *shared;
  auto ended = beside(swarm(server, {"true", "true"}, {"--queue", "team", "--cpus", "1"}));
  ASSERT_TRUE(wait_until([&server] { return !server.names("jobs").empty(); }));
  const std::string job = server.names("jobs").front();
  server.control("admit", R"({"job": ")" + job + R"(", "parallelism": 2})");
  const Ended run = ended.get();
  EXPECT_EQ(run.exit_code, 0) << everything(run);
  expect_nothing_left(server);
}

TEST_F(KubernetesRunsTest, WithoutAClusterOneLine) {
  support::Program program = place.program(place.path(), {NMZ_NMZSWARM, "--orchestrator", "kubernetes", "--source",
                                                          "suite", "--workloads", "-", "--", "true"});
  program.env.emplace_back("KUBECONFIG=/nonexistent");
  program.input = "x\n";
  const Ended ended = support::run_program(program);
  EXPECT_EQ(ended.exit_code, 128) << everything(ended);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("no Kubernetes cluster is configured"), Not(HasSubstr("Docker"))));
}

}  // namespace
}  // namespace nmz::kubernetes_tests
