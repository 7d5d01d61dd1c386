// Which cluster a command means: files, their merging, contexts, credentials, and a pod's own cluster.
#include "nmz/kubernetes/access.hpp"

#include <filesystem>
#include <map>
#include <string>

#include <gmock/gmock.h>

#include "server_address.hpp"
#include "support/temp_directory.hpp"

namespace nmz::kubernetes {
namespace {
namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class AccessTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    support::write_file(place.path() / name, text);
    return (place.path() / name).string();
  }
  Result<Access> find(const std::string& context = {}, const std::string& name_space = {}) {
    AccessRequest request;
    request.context = context;
    request.name_space = name_space;
    request.service_account = place.path() / "account";
    request.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    return find_access(request);
  }
  std::string error(const std::string& context = {}) {
    const auto found = find(context);
    return found ? "no error" : found.error().message;
  }

  support::TempDirectory place;
  std::map<std::string, std::string> variables{{"HOME", place.path().string()}};
};

constexpr const char* one = R"(
apiVersion: v1
kind: Config
current-context: red
clusters:
- name: red
  cluster: {server: "https://red.example.org:6443/k8s/", certificate-authority: ca.pem, tls-server-name: api}
users:
- name: alice
  user: {client-certificate-data: Y2VydA==, client-key-data: a2V5, token: ignored}
contexts:
- name: red
  context: {cluster: red, user: alice, namespace: work}
)";

constexpr const char* two = R"(
current-context: blue
clusters:
- name: red
  cluster: {server: "https://other.example.org"}
- name: blue
  cluster: {server: "http://[::1]:8001", insecure-skip-tls-verify: true}
users:
- name: alice
  user: {username: x, password: y}
- name: bob
  user: {tokenFile: token}
contexts:
- name: blue
  context: {cluster: blue, user: bob}
)";

TEST_F(AccessTest, TheHomesFileIsReadWhereNothingElseIsSaid) {
  fs::create_directory(place.path() / ".kube");
  write(".kube/config", one);
  const auto access = find();
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->context, "red");
  EXPECT_EQ(access->host, "red.example.org");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(access->prefix, "/k8s");
  EXPECT_EQ(access->name_space, "work");
  EXPECT_EQ(access->peer.ca.file, place.path() / ".kube" / "ca.pem");
  EXPECT_EQ(access->peer.name, "api");
  EXPECT_EQ(access->peer.certificate.text, "cert");
  EXPECT_EQ(access->peer.key.text, "key");
  EXPECT_TRUE(access->peer.verify);
}

TEST_F(AccessTest, OfSeveralFilesTheFirstOneThatSaysItCountsWhole) {
  variables["KUBECONFIG"] = write("one", one) + ":" + (place.path() / "missing").string() + ":" + write("two", two);
  const auto red = find();
  ASSERT_TRUE(red) << red.error().message;
  EXPECT_EQ(red->server, "https://red.example.org:6443/k8s/");
  EXPECT_EQ(red->user_name, "");  // bob's file has another alice
  const auto blue = find("blue", "mine");
  ASSERT_TRUE(blue) << blue.error().message;
  EXPECT_FALSE(blue->tls);
  EXPECT_EQ(blue->host, "::1");
  EXPECT_EQ(blue->port, 8001);
  EXPECT_FALSE(blue->peer.verify);
  EXPECT_EQ(blue->token_file, place.path() / "token");
  EXPECT_EQ(blue->name_space, "mine");
}

TEST_F(AccessTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(error(), HasSubstr("no Kubernetes cluster is configured: KUBECONFIG or ~/.kube/config"));
  variables["KUBECONFIG"] = write("one", one);
  EXPECT_EQ(error("green"), "no kubeconfig has a context 'green'; there are red");
  variables["KUBECONFIG"] = write("broken", "clusters: [");
  EXPECT_THAT(error(), HasSubstr("broken': it is no YAML (line "));
  variables["KUBECONFIG"] = write("list", "clusters: {a: b}\n");
  EXPECT_THAT(error(), HasSubstr("clusters is no list"));
  const std::string rest = "\ncontexts:\n- {name: c, context: {cluster: c, user: u}}\ncurrent-context: c\n";
  variables["KUBECONFIG"] = write("proxy",
                                  "clusters:\n- {name: c, cluster: {server: 'https://x', proxy-url: 'https://a:b@p'}}\n"
                                  "users: [{name: u, user: {}}]" +
                                      rest);
  EXPECT_THAT(error(), AllOf(HasSubstr("the proxy 'https://p' is none that can be used"), Not(HasSubstr("b@"))));
  variables["KUBECONFIG"] = write("groups",
                                  "clusters:\n- {name: c, cluster: {server: 'https://x'}}\n"
                                  "users: [{name: u, user: {as-groups: [a]}}]" +
                                      rest);
  EXPECT_THAT(error(), HasSubstr("user 'u': as-groups needs as"));
  variables["KUBECONFIG"] = write("user", "clusters:\n- {name: c, cluster: {server: 'https://x'}}" + rest);
  EXPECT_THAT(error(), HasSubstr("the user 'u', whom no kubeconfig has"));
  variables["KUBECONFIG"] =
      write("address", "clusters:\n- {name: c, cluster: {server: 'example.org'}}\nusers: [{name: u, user: {}}]" + rest);
  EXPECT_THAT(error(), HasSubstr("'example.org' of the cluster is no https:// address"));
  variables["KUBECONFIG"] =
      write("data", "clusters:\n- {name: c, cluster: {server: 'https://x', certificate-authority-data: '*'}}" + rest);
  EXPECT_THAT(error(), HasSubstr("cluster 'c': certificate-authority-data is no base64"));
}

TEST_F(AccessTest, SomebodyElseIsMeant) {
  variables["KUBECONFIG"] = write("as", R"(
current-context: c
clusters: [{name: c, cluster: {server: "https://x", proxy-url: "socks5://me:p%40ss@proxy"}}]
users:
- name: u
  user: {as: bob, as-uid: "7", as-groups: [a, b], as-user-extra: {"example.org/scope": [view]}}
contexts: [{name: c, context: {cluster: c, user: u}}]
)");
  const auto found = find();
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(found->impersonation,
              testing::ElementsAre(testing::Pair("Impersonate-User", "bob"), testing::Pair("Impersonate-Uid", "7"),
                                   testing::Pair("Impersonate-Group", "a"), testing::Pair("Impersonate-Group", "b"),
                                   testing::Pair("Impersonate-Extra-example.org%2Fscope", "view")));
  EXPECT_EQ(found->proxy.kind, http::Proxy::Kind::socks5);
  EXPECT_EQ(found->proxy.port, 1080);
  EXPECT_EQ(found->proxy.password, "p@ss");
}

TEST_F(AccessTest, APodsOwnClusterWhereNoFileSaysOne) {
  fs::create_directory(place.path() / "account");
  write("account/token", "secret\n");
  write("account/namespace", "ci\n");
  EXPECT_FALSE(find());
  variables["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  variables["KUBERNETES_SERVICE_PORT"] = "6443";
  const auto access = find();
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->host, "fd00::1");
  EXPECT_EQ(access->port, 6443);
  EXPECT_EQ(access->name_space, "ci");
  EXPECT_EQ(access->token_file, place.path() / "account" / "token");
  variables["KUBECONFIG"] = write("one", one);
  EXPECT_EQ(find()->host, "red.example.org");
}

TEST_F(AccessTest, PluginsAreDescribed) {
  variables["KUBECONFIG"] = write("exec", R"(
clusters: [{name: c, cluster: {server: 'https://x'}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
users:
- name: u
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin
      args: [get-token, "--x"]
      env: [{name: A, value: b}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
)");
  const auto access = find();
  ASSERT_TRUE(access) << access.error().message;
  ASSERT_TRUE(access->exec);
  EXPECT_EQ(fs::path{access->exec->command}.lexically_normal(), place.path() / "plugin");
  EXPECT_THAT(access->exec->arguments, testing::ElementsAre("get-token", "--x"));
  EXPECT_THAT(access->exec->environment, testing::ElementsAre(std::pair<std::string, std::string>{"A", "b"}));
  EXPECT_TRUE(access->exec->provide_cluster_info);
}

TEST(ServerAddressTest, OnlyAddresses) {
  EXPECT_EQ(parse_server("https://a")->port, 443);
  EXPECT_EQ(parse_server("http://a/")->port, 80);
  EXPECT_EQ(parse_server("https://[fd00::1]")->host, "fd00::1");
  for (const char* text : {"", "a", "ftp://a", "https://", "https://:1", "https://a:0", "https://a:65536",
                           "https://a:1x", "https://u@a", "https://[::1", "https://[::1]x", "https://a?x"}) {
    EXPECT_FALSE(parse_server(text)) << text;
  }
}

}  // namespace
}  // namespace nmz::kubernetes
