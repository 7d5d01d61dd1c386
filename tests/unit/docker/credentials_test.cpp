// Registry logins from config.json and from helper programs.
#include "nmz/docker/credentials.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "nmz/http/base64.hpp"

#include "support/temp_directory.hpp"

namespace nmz::docker {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class CredentialsTest : public testing::Test {
 protected:
  void configure(const std::string& text) { support::write_file(home.path() / "config.json", text); }
  /// The header's JSON. It is in the URL alphabet.
  std::string header(const std::string& registry) {
    auto value = registry_auth(home.path(), registry);
    EXPECT_TRUE(value) << value.error().message;
    for (char& c : *value) c = c == '-' ? '+' : c == '_' ? '/' : c;
    return http::from_base64(*value);
  }
  /// A credential helper on PATH that answers with `script`.
  void add_helper(const std::string& name, const std::string& script) {
    const auto program = home.path() / "bin" / ("docker-credential-" + name);
    support::write_file(program, "#!/bin/sh\n" + script);
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string path = program.parent_path().string() + ":" + std::getenv("PATH");
    ::setenv("PATH", path.c_str(), 1);
  }
  support::TempDirectory home;
};

TEST_F(CredentialsTest, RegistriesOfImages) {
  EXPECT_EQ(registry_of("busybox"), "https://index.docker.io/v1/");
  EXPECT_EQ(registry_of("library/busybox:1"), "https://index.docker.io/v1/");
  EXPECT_EQ(registry_of("localhost/x"), "localhost");
  EXPECT_EQ(registry_of("r.example.org:5000/a/b@sha256:00"), "r.example.org:5000");
}

TEST_F(CredentialsTest, NothingKnownIsEmpty) {
  EXPECT_EQ(header("r.example.org"), "");
  configure(R"({"auths": {"other.example.org": {"auth": "eDp5"}}})");
  EXPECT_EQ(header("r.example.org"), "");
}

TEST_F(CredentialsTest, FromTheFile) {
  configure(R"({"auths": {"r.example.org": {"auth": ")" + http::to_base64("me:pass:word?>") + R"("}}})");
  EXPECT_THAT(header("r.example.org"), AllOf(HasSubstr(R"("username":"me")"), HasSubstr(R"("password":"pass:word?>")"),
                                             HasSubstr(R"("serveraddress":"r.example.org")")));
}

TEST_F(CredentialsTest, AHelperIsAskedForItsRegistry) {
  add_helper("test", R"(read -r r; printf '{"ServerURL":"%s","Username":"helper","Secret":"s-%s"}' "$r" "$r")");
  configure(R"({"credHelpers": {"r.example.org": "test"}, "auths": {"r.example.org": {"auth": "eDp5"}}})");
  EXPECT_THAT(header("r.example.org"), HasSubstr(R"("password":"s-r.example.org")"));
  configure(R"({"credsStore": "test"})");
  EXPECT_THAT(header("any.example.org"), HasSubstr(R"("username":"helper")"));
}

TEST_F(CredentialsTest, AFailingHelperIsNamedWithoutWhatItSaid) {
  add_helper("bad", "echo 'top secret'; exit 1");
  configure(R"({"credsStore": "bad"})");
  const auto value = registry_auth(home.path(), "r.example.org");
  ASSERT_FALSE(value);
  EXPECT_THAT(value.error().message, AllOf(HasSubstr("docker-credential-bad"), Not(HasSubstr("secret"))));
}

TEST_F(CredentialsTest, AHelperThatKnowsNothingIsNoError) {
  add_helper("empty", "echo 'credentials not found in native keychain'; exit 1");
  configure(R"({"credsStore": "empty"})");
  EXPECT_EQ(header("r.example.org"), "");
}

}  // namespace
}  // namespace nmz::docker
