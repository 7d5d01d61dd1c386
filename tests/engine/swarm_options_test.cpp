// What the options ask of a Swarm: the ways in for the agent, images of every kind, and one line for what cannot be.
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "lab_user.hpp"
#include "program/nmzbisect/line.hpp"

namespace nmz::cluster_tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class SwarmOptionsTest : public UserTest {
 protected:
  void expect_refused(const std::vector<std::string>& options, int code, const std::string& why) const {
    EXPECT_THAT(swarm(two(options)), IsRefused(code, why)) << testing::PrintToString(options);
  }
  static std::vector<std::string> here(std::vector<std::string> options) {
    options.insert(options.end(), {"--constraint", "node.role==manager"});
    return options;
  }
  [[nodiscard]] Ended bisect(std::vector<std::string> options) const {
    options.insert(options.end(), {"--replicas", "2", repository.range()});
    return place.bisect(repository.path(), conformance::arguments(std::move(options), conformance::fails_from(3)));
  }
  conformance::LineRepository repository{6, {}, "a repository"};
};

TEST_F(SwarmOptionsTest, EveryWayInForTheAgent) {
  for (const char* way : {"auto", "config"}) {
    EXPECT_THAT(swarm(two({"--source", "busybox", "--inject", way})), BothPass()) << way;
  }
  EXPECT_THAT(swarm(two(here({"--source", "busybox", "--inject", "image"}))), BothPass());
  EXPECT_THAT(swarm(two(here({"--source", "busybox", "--target", "with-agent"}))), BothPass());
  remove_image("with-agent");
  // A way of plain containers: they are what is used then.
  EXPECT_THAT(swarm(two({"--source", "busybox", "--inject", "archive"})), BothPass());

  expect_refused({"--source", "busybox", "--orchestrator", "swarm", "--inject", "archive"}, 128,
                 "--inject archive is for plain containers");
  for (const auto& derived : {std::vector<std::string>{"--inject", "image"}, {"--target", "with-agent"}}) {
    std::vector<std::string> options{"--source", "busybox"};
    options.insert(options.end(), derived.begin(), derived.end());
    expect_refused(options, 128, "only this one of the Swarm's 2 nodes would have the derived image: add --push");
  }
  EXPECT_THAT(docker({"images", "--quiet", "with-agent"}), testing::IsEmpty());
}

TEST_F(SwarmOptionsTest, AnImageWhoseUserIsNotRoot) {
  build("somebody", "FROM busybox\nUSER 1234:1234\n");
  for (const char* way : {"config", "image"}) {
    EXPECT_THAT(swarm(two(here({"--source", "somebody", "--inject", way}), "test $(id -u) = 1234")), BothPass()) << way;
    EXPECT_THAT(bisect(here({"--image", "somebody", "--inject", way})), conformance::Finds(repository.ids()[3])) << way;
  }
  remove_image("somebody");
}

TEST_F(SwarmOptionsTest, ASecretOfAnyNameReachesTheWorkers) {
  for (const char* name : {"nmz-token", "token"}) {
    const std::string file = (place.path() / name).string();
    support::write_file(file, name);
    static_cast<void>(docker({"secret", "create", name, file}));
  }
  const std::vector<std::string> options{"--source", "busybox", "--secret", "nmz-token",
                                         "--secret", "token",   "--secret", "token"};
  const Ended ended =
      swarm(two(options, "cd /run/secrets && test $(cat nmz-token) = nmz-token && test $(cat token) = token"));
  EXPECT_THAT(ended, BothPass()) << ended.out << ended.err;
  static_cast<void>(docker({"secret", "rm", "nmz-token", "token"}));
}

TEST_F(SwarmOptionsTest, WhatCannotBeIsOneLine) {
  expect_refused({"--source", "busybox", "--secret", "nothing"}, 128, "the Swarm has no secret 'nothing'");
  expect_refused({"--source", "busybox", "--orchestrator", "docker", "--secret", "nothing"}, 128, "is for a Swarm");
  const auto refused = [&](std::vector<std::string> options, const std::string& why) {
    options.insert(options.begin(), {"--source", "busybox"});
    const Ended ended = swarm(two(std::move(options)));
    EXPECT_THAT(ended, IsRefused(3, why));
    EXPECT_THAT(ended.out, Not(HasSubstr("started again"))) << "in vain";
    EXPECT_THAT(ended.err, Not(HasSubstr("rpc error")));
  };
  refused({"--constraint", "node.hostname=node1"}, "constraint expected one operator from ==, !=");
  refused({"--network", "nowhere"}, "network nowhere not found");
}

TEST_F(SwarmOptionsTest, WhatMightStillBecomePossibleIsWaitedForInVain) {
  build("only-here", "FROM busybox\nLABEL only=here\n");
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--source", "busybox", "--constraint", "node.hostname==node9"},
       "no suitable node (scheduling constraints not satisfied on 2 nodes)"},
      {{"--source", "busybox", "--cpus", "1000"}, "no suitable node (insufficient resources on 2 nodes)"},
      {{"--source", "only-here", "--constraint", "node.hostname==node2"},
       "a worker cannot start on node2: No such image: "},
      {{"--source", "busybox", "--mount", "type=bind,source=/no/where,target=/x"},
       "bind source path does not exist: /no/where"}};
  // Each takes its 20 s of patience.
  std::vector<std::future<Ended>> runs;
  runs.reserve(cases.size());
  for (auto [options, why] : cases) {
    options.insert(options.end(), {"--log-dir", place.path() / ("logs" + std::to_string(runs.size()))});
    runs.push_back(std::async(std::launch::async,
                              [program = swarm_program(two(options))] { return support::run_program(program); }));
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Ended ended = runs[i].get();
    EXPECT_THAT(ended, IsRefused(3, cases[i].second)) << conformance::everything(ended);
    EXPECT_THAT(ended.out, Not(HasSubstr("started again"))) << "in vain";
    EXPECT_LT(ended.duration, std::chrono::seconds{60});
  }
  remove_image("only-here");
}

}  // namespace
}  // namespace nmz::cluster_tests
