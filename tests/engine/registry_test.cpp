// A registry that wants a password, between the nodes of a Swarm: what the user logged in to is what all nodes pull
// from, and the password is seen nowhere.
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nmz/http/base64.hpp"

#include "lab_user.hpp"
#include "peers.hpp"
#include "support/temp_directory.hpp"

namespace nmz::cluster_tests {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::HasSubstr;
using testing::Not;

class RegistryTest : public UserTest {
 protected:
  static void SetUpTestSuite() { registry = std::make_unique<Registry>(); }
  static void TearDownTestSuite() { registry.reset(); }

  /// Of this test alone, so that no node has it from another: with labels, eight workloads of a second.
  void SetUp() override {
    build("suite", "FROM busybox\nLABEL registry-test=\"" + place.path().filename().string() +
                       "\" net.osrg.namazu-swarm.v0.master.script=\"seq 8\" "
                       "net.osrg.namazu-swarm.v0.worker.script=\"sleep 1\"\n");
  }
  void TearDown() override {
    UserTest::TearDown();
    for (const int number : {1, 2}) {
      for (const std::string& id : docker_at(number, {"images", "--quiet", "--filter", "label=registry-test"})) {
        // Several names of one image are listed one by one.
        static_cast<void>(
            support::run_program(support::Program{{"docker", "--host",
                                                   "unix://" + std::string{std::getenv("NMZ_LAB_DIRECTORY")} + "/node" +
                                                       std::to_string(number) + "/docker.sock",
                                                   "rmi", "--force", id}}));
      }
    }
    expect_no_secret();
  }

  static std::string image(const std::string& name) { return std::string{Registry::name} + "/" + name; }

  /// `docker ARGUMENTS` of the user's.
  void user_docker(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.insert(arguments.begin(), "docker");
    support::Program command = program(std::move(arguments));
    command.input = input;
    const Ended ended = support::run_program(command);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }
  void log_in() const {
    user_docker({"login", "--username", Registry::user, "--password-stdin", Registry::name}, Registry::password);
  }
  void configure(const std::string& json) const { support::write_file(docker_config(), json); }
  /// docker-credential-lab; returns the variable that makes it found.
  [[nodiscard]] std::string add_helper(const std::string& script) const {
    const fs::path program = place.path() / "bin/docker-credential-lab";
    support::write_file(program, "#!/bin/sh\n" + script);
    fs::permissions(program, fs::perms::owner_all);
    return "PATH=" + program.parent_path().string() + ":" + std::getenv("PATH");
  }
  /// Answers for the lab's registry and for nothing else.
  static std::string knowing_helper() {
    return "read -r registry; test \"$1 $registry\" = 'get " + std::string{Registry::name} + "' && printf '%s' " +
           R"('{"ServerURL":")" + Registry::name + R"(","Username":")" + Registry::user + R"(","Secret":")" +
           Registry::password + R"("}')" + "\n";
  }

  Ended observed(std::vector<std::string> arguments, std::vector<std::string> env = {}) {
    arguments.insert(arguments.begin(), {"--json", place.note("events.json").string(), "-v"});
    Ended ended = swarm(std::move(arguments), std::move(env));
    said_ += ended.out + ended.err;
    return ended;
  }
  /// Two workloads on the node that has no image.
  Ended pushed_to_node2(const std::string& name, const std::vector<std::string>& env) {
    return observed(
        two({"--source", "suite", "--target", image(name), "--push", "--constraint", "node.hostname==node2"}), env);
  }
  static void expect_all_passed_on_both(const Ended& ended) {
    EXPECT_EQ(ended.exit_code, 0) << conformance::everything(ended);
    EXPECT_THAT(ended.out, HasSubstr("8 of 8 passed"));
    for (const std::string node : {"node1", "node2"}) EXPECT_THAT(ended.out, HasSubstr("ready on " + node));
  }

  std::string said_;

 private:
  void expect_no_secret() const {
    std::vector<std::string> texts{said_, support::read_file(place.note("events.json"))};
    if (fs::exists(place.log_dir())) {
      for (const auto& entry : fs::recursive_directory_iterator{place.log_dir()}) {
        if (entry.is_regular_file()) texts.push_back(support::read_file(entry.path()));
      }
    }
    const std::string password = Registry::password;
    EXPECT_THAT(texts, Each(Not(HasSubstr(password))));
    EXPECT_THAT(texts, Each(Not(HasSubstr(http::to_base64(password)))));
    EXPECT_THAT(texts, Each(Not(HasSubstr(http::to_base64(std::string{Registry::user} + ":" + password)))));
    // How the header for the Engine begins.
    EXPECT_THAT(texts, Each(Not(HasSubstr(http::to_base64("{\"serveraddress\"")))));
  }

  static std::unique_ptr<Registry> registry;
};
std::unique_ptr<Registry> RegistryTest::registry;

TEST_F(RegistryTest, WhatIsPushedRunsOnAllNodes) {
  log_in();
  EXPECT_THAT(support::read_file(docker_config()), HasSubstr("\"auths\""));
  const Ended ended = observed({"-source", "suite", "-target", image("pushed"), "-push", "-replicas", "2"});
  expect_all_passed_on_both(ended);
}

TEST_F(RegistryTest, CredentialHelpersAndStores) {
  const std::vector<std::string> env{add_helper(knowing_helper())};
  configure(R"({"credHelpers": {")" + std::string{Registry::name} + R"(": "lab"}})");
  EXPECT_THAT(pushed_to_node2("helped", env), BothPass());
  // Another image, which node2 cannot have: of the first it knows the layers only.
  build("suite", "FROM suite\nLABEL again=yes\n");
  // Beside it the empty entry that docker login leaves where a store has the password.
  configure(R"({"credsStore": "lab", "auths": {")" + std::string{Registry::name} + R"(": {}}})");
  EXPECT_THAT(pushed_to_node2("stored", env), BothPass());
}

TEST_F(RegistryTest, TheSourceIsPulledByEngineAndNodes) {
  log_in();
  user_docker({"tag", "suite", image("source:1")});
  user_docker({"push", "--quiet", image("source:1")});
  user_docker({"rmi", "suite", image("source:1")});
  const Ended ended = observed({"--source", image("source:1"), "--replicas", "2"});
  expect_all_passed_on_both(ended);
}

TEST_F(RegistryTest, WithoutALoginOneLineSaysWhy) {
  const auto push = [&](const std::vector<std::string>& env = {}) {
    return observed({"--source", "suite", "--target", image("refused"), "--push"}, env);
  };
  const std::string refused = "cannot push '" + image("refused") + "': ";
  EXPECT_THAT(push(), IsRefused(128, refused + "no basic auth credentials"));
  configure(R"({"auths": {")" + std::string{Registry::name} + R"(": {"auth": ")" + http::to_base64("lab-user:guess") +
            R"("}}})");
  EXPECT_THAT(push(), IsRefused(128, refused + "unauthorized: authentication required"));
  configure(R"({"credsStore": "lab"})");
  EXPECT_THAT(push({add_helper("cat >/dev/null; echo '" + std::string{Registry::password} + "'; exit 1")}),
              IsRefused(128, refused +
                                 "no basic auth credentials (the credential helper 'docker-credential-lab' gave no "
                                 "login for " +
                                 Registry::name));
  EXPECT_THAT(push({add_helper("echo credentials not found in native keychain; exit 1")}),
              IsRefused(128, refused + "no basic auth credentials"));
  EXPECT_THAT(observed({"--source", image("unknown")}),
              IsRefused(128, "no image '" + image("unknown") + "' and cannot pull it: "));
  EXPECT_THAT(observed({"--source", "suite", "--target", "198.18.0.254:1/x", "--push"}),
              IsRefused(128, "cannot push '198.18.0.254:1/x': "));
}

}  // namespace
}  // namespace nmz::cluster_tests
