// What credential plugins print, and running them.
#include "exec_plugin.hpp"

#include <chrono>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "support/temp_directory.hpp"

namespace nmz::kubernetes {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::seconds limit{20};

std::string answer(const std::string& status, const std::string& version = "v1") {
  return R"({"apiVersion": "client.authentication.k8s.io/)" + version + R"(", "kind": "ExecCredential", "status": {)" +
         status + "}}";
}

ExecPlugin plugin() {
  ExecPlugin one;
  one.command = "get-token";
  one.api_version = "client.authentication.k8s.io/v1";
  return one;
}

TEST(ExecPluginTest, TokensAndCertificates) {
  const auto token =
      parse_exec_credential(answer(R"("token": "t", "expirationTimestamp": "2026-11-30T00:00:00Z")"), plugin());
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token, "t");
  EXPECT_EQ(token->expires, std::chrono::system_clock::from_time_t(1795996800));
  const auto pair = parse_exec_credential(answer(R"("clientCertificateData": "c", "clientKeyData": "k")"), plugin());
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair->certificate + pair->key, "ck");
  EXPECT_FALSE(pair->expires);
}

TEST(ExecPluginTest, WhatIsWrongIsSaidWithoutTheSecret) {
  for (const std::string& text :
       {std::string{"SECRET"}, answer(R"("clientKeyData": "SECRET")"), answer(R"("token": "SECRET")", "v1beta1"),
        answer(""), answer(R"("token": "SECRET", "expirationTimestamp": "soon")")}) {
    const auto issued = parse_exec_credential(text, plugin());
    ASSERT_FALSE(issued) << text;
    EXPECT_EQ(issued.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(issued.error().message, AllOf(HasSubstr("get-token"), Not(HasSubstr("SECRET"))));
  }
}

TEST(ExecPluginTest, TimesAreRfc3339s) {
  const auto at = parse_time("2026-11-30T10:00:00Z");
  ASSERT_TRUE(at);
  EXPECT_EQ(parse_time("2026-11-30T10:00:00.123456789Z"), at);
  EXPECT_EQ(parse_time("2026-11-30T12:30:00+02:30"), at);
  EXPECT_EQ(parse_time("2026-11-30T08:00:00-02:00"), at);
  EXPECT_GT(parse_time("9999-12-31T23:59:59Z"), at);
  EXPECT_LT(parse_time("0001-01-01T00:00:00Z"), at);
  EXPECT_FALSE(parse_time("2026-11-30"));
  EXPECT_FALSE(parse_time("2026-11-30T10:00:00"));
}

class RunPluginTest : public testing::Test {
 protected:
  Result<Issued> run(const std::string& script, std::chrono::milliseconds within = limit) {
    const auto file = place.path() / "plugin";
    support::write_file(file, "#!/bin/sh\n" + script);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    access.server = "https://x";
    access.exec = plugin();
    access.exec->command = file.string();
    access.exec->environment = {{"SAID", "by the kubeconfig"}};
    access.exec->provide_cluster_info = true;
    return run_plugin(access, within);
  }
  support::TempDirectory place;
  Access access;
};

TEST_F(RunPluginTest, ItIsToldWhatItIsFor) {
  const auto issued =
      run("echo \"$KUBERNETES_EXEC_INFO\" > \"$(dirname \"$0\")/told\"; read -r x || y=end\n"
          "echo '" +
          answer(R"("token": "'"$SAID $y"'")") + "'\n");
  ASSERT_TRUE(issued) << issued.error().message;
  EXPECT_EQ(issued->token, "by the kubeconfig end");
  EXPECT_THAT(
      support::read_file(place.path() / "told"),
      AllOf(HasSubstr(R"("apiVersion":"client.authentication.k8s.io/v1")"), HasSubstr(R"("server":"https://x")")));
}

TEST_F(RunPluginTest, OneThatFailsHangsOrIsMissing) {
  EXPECT_THAT(run("exit 3").error().message, HasSubstr("plugin' failed"));
  EXPECT_THAT(run("sleep 1000", std::chrono::milliseconds{200}).error().message, HasSubstr("no answer in time"));
  access.exec->command = (place.path() / "none").string();
  access.exec->install_hint = "install it";
  EXPECT_THAT(run_plugin(access, limit).error().message,
              HasSubstr("cannot be started: No such file or directory (install it)"));
}

}  // namespace
}  // namespace nmz::kubernetes
