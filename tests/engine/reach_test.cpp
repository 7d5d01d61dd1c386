// Every way to reach an Engine, with the real program at the real peer: the socket, TLS, ssh, contexts; and what a user
// is told where there is no way.
#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "lab_user.hpp"
#include "peers.hpp"
#include "support/temp_directory.hpp"

namespace nmz::cluster_tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

class ReachTest : public UserTest {
 protected:
  [[nodiscard]] Ended through(const std::vector<std::string>& env, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"--source", "busybox"});
    return swarm(two(std::move(options)), env);
  }
  [[nodiscard]] std::string certificates() const { return variable("NMZ_LAB_CERTIFICATES"); }
  [[nodiscard]] std::string tls_host() const { return variable("NMZ_LAB_TLS_HOST"); }
  [[nodiscard]] std::vector<std::string> tls(const fs::path& directory) const {
    return {"DOCKER_HOST=" + tls_host(), "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + directory.string()};
  }
  /// `docker ARGUMENTS` of the user's, who has no DOCKER_HOST.
  void user_docker(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "docker");
    support::Program command = program(std::move(arguments));
    command.unset.emplace_back("DOCKER_HOST");
    const Ended ended = support::run_program(command);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
  }
  void make_context(const std::string& name) const {
    const std::string own = certificates();
    user_docker({"context", "create", name, "--docker",
                 "host=" + tls_host() + ",ca=" + own + "/ca.pem,cert=" + own + "/cert.pem,key=" + own + "/key.pem"});
  }
  [[nodiscard]] Ended without_host(std::vector<std::string> options, std::vector<std::string> env = {}) const {
    options.insert(options.begin(), {"--source", "busybox"});
    support::Program command = swarm_program(two(std::move(options)), std::move(env));
    command.unset.emplace_back("DOCKER_HOST");
    return support::run_program(command);
  }
};

TEST_F(ReachTest, TheSocketByEnvironmentAndByOption) {
  EXPECT_THAT(through({}), BothPass());
  EXPECT_THAT(through({"DOCKER_HOST=unix:///nowhere/docker.sock"}, {"--host", variable("DOCKER_HOST")}), BothPass());
}

TEST_F(ReachTest, TlsByEnvironment) { EXPECT_THAT(through(tls(certificates())), BothPass()); }

TEST_F(ReachTest, TlsOfAnotherAuthorityIsRefused) {
  const fs::path other = place.path() / "other authority";
  fs::create_directory(other);
  for (const char* name : {"cert.pem", "key.pem"}) fs::copy(fs::path{certificates()} / name, other / name);
  const Ended made = support::run_program(support::Program{
      {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
       "-subj", "/CN=lab authority", "-keyout", "/dev/null", "-out", (other / "ca.pem").string()}});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Ended ended = through(tls(other));
  EXPECT_THAT(ended, IsRefused(128, "no trusted TLS connection to the Docker Engine at " + tls_host() +
                                        ": certificate verify failed"));
  EXPECT_THAT(ended.err, HasSubstr((other / "ca.pem").string()));
}

TEST_F(ReachTest, TlsWithoutWhatItNeedsIsRefused) {
  const fs::path anonymous = place.path() / "anonymous";
  fs::create_directory(anonymous);
  fs::copy(fs::path{certificates()} / "ca.pem", anonymous / "ca.pem");
  EXPECT_THAT(through(tls(anonymous)), IsRefused(128, "refuses the TLS connection"));
  // No authority: that of the system does not know the lab.
  EXPECT_THAT(through(tls(place.path() / "nowhere")), IsRefused(128, "authority: the system's"));
  EXPECT_THAT(through({"DOCKER_HOST=" + tls_host()}), IsRefused(128, "wants TLS (DOCKER_TLS_VERIFY=1"));
  // The certificate is for the address.
  EXPECT_THAT(
      through({"DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=" + certificates()}, {"--host", "tcp://localhost:2376"}),
      IsRefused(128, "no trusted TLS connection to the Docker Engine at tcp://localhost:2376"));
}

TEST_F(ReachTest, ContextsOfTheDockerCommand) {
  make_context("over-tls");
  EXPECT_THAT(without_host({"--context", "over-tls"}), BothPass());
  EXPECT_THAT(without_host({}, {"DOCKER_CONTEXT=over-tls"}), BothPass());
  // Both name an Engine; the option goes first, as with docker.
  EXPECT_THAT(through({"DOCKER_HOST=unix:///nowhere/docker.sock"}, {"--context", "over-tls"}), BothPass());
  user_docker({"context", "use", "over-tls"});
  EXPECT_THAT(without_host({}), BothPass());
  EXPECT_THAT(without_host({"--context", "another"}), IsRefused(128, "no Docker context 'another'"));
  EXPECT_THAT(without_host({"--context", "over-tls", "--host", tls_host()}), IsRefused(128, "not both"));
}

TEST_F(ReachTest, Ssh) {
  const SshServer server;
  const std::vector<std::string> env{server.path_variable()};
  const std::string host = "ssh://root@127.0.0.1:" + std::to_string(SshServer::port);
  EXPECT_THAT(through(env, {"--host", host}), BothPass());
  user_docker({"context", "create", "over-ssh", "--docker", "host=" + host});
  EXPECT_THAT(without_host({"--context", "over-ssh"}, env), BothPass());

  EXPECT_THAT(through(env, {"--host", "ssh://127.0.0.1:2223"}),
              IsRefused(128,
                        "cannot reach the Docker Engine at ssh://127.0.0.1: ssh: connect to host 127.0.0.1 port "
                        "2223: Connection refused"));
  EXPECT_THAT(through(env, {"--host", "ssh://nobody-like-this@127.0.0.1:2222"}), IsRefused(128, "Permission denied"));
  // No ssh program at all.
  EXPECT_THAT(through({"PATH=" + (place.path() / "empty").string()}, {"--host", host}),
              IsRefused(128, "cannot start 'ssh' to reach the Docker Engine"));
}

TEST_F(ReachTest, NoEngineAndNoPermission) {
  EXPECT_THAT(through({"DOCKER_HOST=unix:///nowhere/docker.sock"}),
              IsRefused(128, "no Docker Engine answers at unix:///nowhere/docker.sock"));
  EXPECT_THAT(through({"DOCKER_HOST=tcp://127.0.0.1:1"}), IsRefused(128, "is dockerd running?"));
  EXPECT_THAT(through({"DOCKER_HOST=gopher://x"}), IsRefused(128, "unknown scheme"));

  // The build's directory need not be for everybody.
  const fs::path copy = place.path() / "nmzswarm";
  fs::copy_file(NMZ_NMZSWARM, copy);
  constexpr auto for_all = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                           fs::perms::others_read | fs::perms::others_exec;
  for (const fs::path& path : {place.path(), copy}) fs::permissions(path, for_all);
  const std::vector<std::string> options = two({"--source", "busybox"});
  std::vector<std::string> argv{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copy.string()};
  argv.insert(argv.end(), options.begin(), options.end());
  EXPECT_THAT(support::run_program(program(argv)),
              IsRefused(128, "no permission to use the Docker Engine at " + variable("DOCKER_HOST") +
                                 " (become a member of the docker group"));
}

}  // namespace
}  // namespace nmz::cluster_tests
