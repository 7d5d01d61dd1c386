// `proxies` of config.json, as `docker run` makes variables of it.
#include "nmz/docker/proxies.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> variables(const std::string& config, const std::string& host = "unix:///var/run/docker.sock") {
  const support::TempDirectory home;
  support::write_file(home.path() / "config.json", config);
  return proxy_variables(home.path(), host);
}

constexpr const char* two_entries = R"({"proxies": {
  "default": {"httpProxy": "http://a:3128", "noProxy": "localhost,.x"},
  "tcp://engine.example.org:2376": {"httpsProxy": "http://me:pass@b:1", "ftpProxy": "f", "allProxy": "s"}}})";

TEST(ProxiesTest, EachInBothCases) {
  EXPECT_THAT(variables(two_entries), ElementsAre("HTTP_PROXY=http://a:3128", "http_proxy=http://a:3128",
                                                  "NO_PROXY=localhost,.x", "no_proxy=localhost,.x"));
}

TEST(ProxiesTest, AnEntryOfTheHostBeatsTheDefaultAsAWhole) {
  EXPECT_THAT(variables(two_entries, "tcp://engine.example.org:2376"),
              ElementsAre("HTTPS_PROXY=http://me:pass@b:1", "https_proxy=http://me:pass@b:1", "FTP_PROXY=f",
                          "ftp_proxy=f", "ALL_PROXY=s", "all_proxy=s"));
  EXPECT_THAT(variables(R"({"proxies": {"default": {"httpProxy": "a"}, "h": {}}})", "h"), IsEmpty());
}

TEST(ProxiesTest, NoneWhereNothingIsConfigured) {
  EXPECT_THAT(proxy_variables("/no/such/place", "h"), IsEmpty());
  for (const char* config :
       {"", "no JSON", "[]", "{}", R"({"proxies": 3})", R"({"proxies": {"default": "x"}})",
        R"({"proxies": {"default": {"httpProxy": ""}}})", R"({"proxies": {"default": {"httpProxy": 7}}})"}) {
    EXPECT_THAT(variables(config), IsEmpty()) << config;
  }
}

}  // namespace
}  // namespace nmz::docker
