// Which Engine a command means: the table of hosts, TLS variables, contexts.
#include "nmz/docker/endpoint.hpp"

#include <map>
#include <string>

#include <gmock/gmock.h>

#include "support/temp_directory.hpp"

namespace nmz::docker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class EndpointTest : public testing::Test {
 protected:
  EndpointRequest request() {
    variables.emplace("HOME", home.path().string());
    EndpointRequest result;
    result.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    return result;
  }
  Result<Endpoint> of_host(const std::string& host) {
    EndpointRequest asked = request();
    asked.host = host;
    return find_endpoint(asked);
  }
  /// The store's directory of a context is the SHA-256 of its name; this is that of "lab".
  void add_context(const std::string& meta) {
    support::write_file(home.path() / ".docker/contexts/meta" / lab / "meta.json", meta);
  }

  static constexpr const char* lab = "a51146d38077ff992eba84cf1d5e9b249073503eb74868699016153b031a38f7";
  support::TempDirectory home;
  std::map<std::string, std::string> variables;
};

TEST_F(EndpointTest, HostsOfEveryKind) {
  struct Case {
    const char* host;
    Endpoint::Kind kind;
    const char* text;
  };
  for (const Case& expected : {
           Case{"unix:///a b/docker.sock", Endpoint::Kind::unix_socket, "unix:///a b/docker.sock"},
           Case{"unix://", Endpoint::Kind::unix_socket, "unix:///var/run/docker.sock"},
           Case{"tcp://example.org", Endpoint::Kind::tcp, "tcp://example.org:2375"},
           Case{"tcp://10.0.0.1:99/", Endpoint::Kind::tcp, "tcp://10.0.0.1:99"},
           Case{"http://h:1", Endpoint::Kind::tcp, "tcp://h:1"},
           Case{"tcp://[::1]:2000", Endpoint::Kind::tcp, "tcp://::1:2000"},
           Case{"ssh://me@far:2222", Endpoint::Kind::ssh, "ssh://far"},
       }) {
    const auto endpoint = of_host(expected.host);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    EXPECT_EQ(endpoint->kind, expected.kind) << expected.host;
    EXPECT_EQ(endpoint->text(), expected.text);
  }
}

TEST_F(EndpointTest, WrongHostsAreNamed) {
  for (const char* host : {"fd://", "npipe:////./pipe/docker", "tcp://h:0", "tcp://h:x", "tcp://h:70000",
                           "ssh://-oProxyCommand=x", "ssh://", "ssh://a:b@h"}) {
    const auto endpoint = of_host(host);
    ASSERT_FALSE(endpoint) << host;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(endpoint.error().message, HasSubstr("Docker host"));
  }
}

TEST_F(EndpointTest, APasswordInAHostIsRefusedAndNotShown) {
  for (const char* const host : {"tcp://user:secret@host:2375", "user:secret@host:2375", "https://user:secret@host"}) {
    const auto found = of_host(host);
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().message, testing::HasSubstr("no user name or password"));
    EXPECT_THAT(found.error().message, testing::Not(testing::HasSubstr("secret")));
  }
}

TEST_F(EndpointTest, SshIsAnArgumentVector) {
  const auto endpoint = of_host("ssh://me@far;touch x:22");
  ASSERT_TRUE(endpoint);
  EXPECT_THAT(endpoint->dial, ElementsAre("ssh", "-l", "me", "-p", "22", "-o", "ConnectTimeout=30", "-T", "--",
                                          "far;touch x", "docker", "system", "dial-stdio"));
}

TEST_F(EndpointTest, TlsIsSaidByVariables) {
  support::write_file(home.path() / "certs/ca.pem", "x");
  variables = {
      {"DOCKER_HOST", "tcp://h"}, {"DOCKER_TLS_VERIFY", "1"}, {"DOCKER_CERT_PATH", (home.path() / "certs").string()}};
  const auto endpoint = find_endpoint(request());
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->kind, Endpoint::Kind::tls);
  EXPECT_EQ(endpoint->port, 2376);
  EXPECT_TRUE(endpoint->verify);
  EXPECT_EQ(endpoint->ca, home.path() / "certs/ca.pem");
  EXPECT_EQ(endpoint->key, "");
}

TEST_F(EndpointTest, AnOptionGoesBeforeTheEnvironment) {
  variables = {{"DOCKER_HOST", "tcp://environment:1"}};
  EXPECT_EQ(of_host("tcp://option:1")->host, "option");
  EXPECT_EQ(find_endpoint(request())->host, "environment");
}

TEST_F(EndpointTest, TheDefaultIsTheSocket) {
  EXPECT_EQ(find_endpoint(request())->path, "/var/run/docker.sock");
  variables["DOCKER_CONTEXT"] = "default";
  EXPECT_EQ(find_endpoint(request())->path, "/var/run/docker.sock");
}

TEST_F(EndpointTest, TheCurrentContextIsUsed) {
  support::write_file(home.path() / ".docker/config.json", R"({"currentContext": "lab"})");
  add_context(R"({"Name": "lab", "Endpoints": {"docker": {"Host": "tcp://10.1.2.3:2376", "SkipTLSVerify": true}}})");
  support::write_file(home.path() / ".docker/contexts/tls" / lab / "docker/cert.pem", "x");
  const auto endpoint = find_endpoint(request());
  ASSERT_TRUE(endpoint) << endpoint.error().message;
  EXPECT_EQ(endpoint->kind, Endpoint::Kind::tls);
  EXPECT_EQ(endpoint->host, "10.1.2.3");
  EXPECT_FALSE(endpoint->verify);
  EXPECT_THAT(endpoint->certificate.string(), HasSubstr("docker/cert.pem"));
}

TEST_F(EndpointTest, AnUnknownContextIsNamed) {
  variables["DOCKER_CONTEXT"] = "nowhere";
  EXPECT_THAT(find_endpoint(request()).error().message, HasSubstr("no Docker context 'nowhere'"));
}

TEST_F(EndpointTest, ABrokenConfigurationIsNamed) {
  support::write_file(home.path() / ".docker/config.json", "{broken");
  EXPECT_THAT(find_endpoint(request()).error().message, HasSubstr("config.json' is no JSON"));
}

TEST_F(EndpointTest, BlanksAroundAHostAreNoPartOfIt) {
  variables["DOCKER_HOST"] = " \ttcp://far:2375\n";
  const auto endpoint = find_endpoint(request());
  ASSERT_TRUE(endpoint) << endpoint.error().message;
  EXPECT_EQ(endpoint->text(), "tcp://far:2375");
  variables["DOCKER_HOST"] = "  ";
  EXPECT_EQ(find_endpoint(request())->text(), "unix:///var/run/docker.sock");
  EXPECT_EQ(of_host(" unix:///x ")->text(), "unix:///x");
}

}  // namespace
}  // namespace nmz::docker
