// Which proxy leads to a server: as kubectl chooses it.
#include "proxy.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace nmz::kubernetes {
namespace {

std::string chosen(const std::string& server, const std::map<std::string, std::string>& variables,
                   const std::string& url = {}) {
  const auto variable = [&variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  const auto proxy = choose_proxy(*parse_server(server), url, variable);
  if (!proxy) return proxy.error().message;
  return proxy->kind == http::Proxy::Kind::none ? "" : proxy->host + ":" + std::to_string(proxy->port);
}

TEST(ProxyTest, TheClustersOwnCountsAlways) {
  EXPECT_EQ(chosen("https://127.0.0.1", {{"NO_PROXY", "*"}}, "http://p:3128"), "p:3128");
  EXPECT_EQ(chosen("https://a.org", {}, "socks5://[::1]"), "::1:1080");
  EXPECT_EQ(chosen("https://a.org", {}, "p:1"), "p:1");
}

TEST(ProxyTest, TheEnvironmentsIsForTheServersScheme) {
  const std::map<std::string, std::string> both{{"HTTPS_PROXY", "s:1"}, {"http_proxy", "http://h"}};
  EXPECT_EQ(chosen("https://a.org", both), "s:1");
  EXPECT_EQ(chosen("http://a.org", both), "h:80");
  EXPECT_EQ(chosen("https://localhost:6443", both), "");
  EXPECT_EQ(chosen("https://127.0.3.1", both), "");
  EXPECT_EQ(chosen("https://[::1]", both), "");
  EXPECT_EQ(chosen("https://a.org", {}), "");
}

TEST(ProxyTest, WhatNoProxyNames) {
  struct Case {
    const char* list;
    const char* server;
    bool excepted;
  };
  for (const Case& one : {
           Case{"*", "https://a.org", true},
           Case{"a.org", "https://a.org", true},
           Case{"a.org", "https://x.A.org", true},
           Case{"a.org", "https://ba.org", false},
           Case{".a.org", "https://a.org", false},
           Case{".a.org", "https://x.a.org", true},
           Case{"*.a.org", "https://x.a.org", true},
           Case{"b.org, a.org", "https://a.org", true},
           Case{"a.org:443", "https://a.org", true},
           Case{"a.org:443", "https://a.org:6443", false},
           Case{"10.0.0.0/8", "https://10.2.3.4", true},
           Case{"10.0.0.0/8", "https://11.2.3.4", false},
           Case{"10.2.3.4", "https://10.2.3.4", true},
           Case{"fd00::/8", "https://[fd00::5]", true},
           Case{"fd00::5", "https://[fd00::5]", true},
           Case{"", "https://a.org", false},
       }) {
    EXPECT_EQ(chosen(one.server, {{"https_proxy", "p:1"}, {"no_proxy", one.list}}).empty(), one.excepted)
        << one.list << " " << one.server;
  }
}

}  // namespace
}  // namespace nmz::kubernetes
