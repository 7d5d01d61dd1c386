// What is asked of an API server, and what is made of its answers: credentials, watches, attaching, errors.
#include "nmz/kubernetes/client.hpp"

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "support/temp_directory.hpp"
#include "web_socket.hpp"

namespace nmz::kubernetes {
namespace {
namespace asio = boost::asio;
namespace fs = std::filesystem;

using asio::ip::tcp;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string answer_of(const std::string& status, const std::string& body) {
  return fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}

std::string header_in(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

/// A server whose answers are a function of the requests, one a connection.
class ClientTest : public testing::Test {
 protected:
  ClientTest() {
    access.tls = false;
    access.host = "127.0.0.1";
    access.port = acceptor_.local_endpoint().port();
    access.server = fmt::format("http://127.0.0.1:{}", access.port);
    access.prefix = "/prefix";
    access.user = "bob";
    access.name_space = "ns";
    asio::co_spawn(io_, accept_all(), asio::detached);
  }

  template <class T>
  Result<T> run(asio::awaitable<Result<T>> call) {
    std::vector<asio::awaitable<Result<T>>> calls;
    calls.push_back(std::move(call));
    return run_all(std::move(calls)).front();
  }
  /// At once.
  template <class T>
  std::vector<Result<T>> run_all(std::vector<asio::awaitable<Result<T>>> calls) {
    std::vector<Result<T>> results;
    for (auto& call : calls) {
      auto done = [&results](const std::exception_ptr& bug, Result<T> result) {
        if (bug) std::rethrow_exception(bug);
        results.push_back(std::move(result));
      };
      asio::co_spawn(io_, std::move(call), std::move(done));
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (results.size() < calls.size()) {
      if (io_.run_one_until(until) == 0) throw std::runtime_error{"a call does not end"};
    }
    return results;
  }
  Client& client() {
    if (!client_) client_.emplace(io_.get_executor(), access);
    return *client_;
  }

  /// When an answer has come that wants a pause.
  void close_soon() {
    timer_.expires_after(std::chrono::milliseconds{100});
    timer_.async_wait([this](const boost::system::error_code& code) {
      if (!code) client().close();
    });
  }

  support::TempDirectory place;
  Access access;
  std::function<std::string(const std::string& request)> answer;
  std::vector<std::string> requests;

 private:
  asio::awaitable<void> accept_all() {
    while (true) {
      auto [code, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
      if (code) co_return;
      asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
    }
  }
  asio::awaitable<void> serve(tcp::socket socket) {
    std::string request;
    std::vector<char> buffer(65536);
    std::size_t wanted = std::string::npos;
    while (request.size() < wanted) {
      auto [code, got] = co_await socket.async_read_some(asio::buffer(buffer), asio::as_tuple(asio::use_awaitable));
      if (code) co_return;
      request.append(buffer.data(), got);
      const std::size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::string length = header_in(request, "Content-Length");
      wanted = end + 4 + (length.empty() ? 0 : std::stoul(length));
    }
    requests.push_back(request);
    const std::string bytes = answer(request);
    co_await asio::async_write(socket, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  }

  asio::io_context io_;
  asio::steady_timer timer_{io_};
  tcp::acceptor acceptor_{io_, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
  std::optional<Client> client_;
};

const std::string version = answer_of("200 OK", R"({"major": "1", "minor": "34+", "gitVersion": "v1.34.1"})");
const std::string unauthorized = answer_of("401 Unauthorized", R"({"message": "Unauthorized"})");

// ---- credentials

TEST_F(ClientTest, ATokensFileIsReadAgainWhenTheTokenIsRefused) {
  access.token_file = place.path() / "token";
  support::write_file(access.token_file, "old\n");
  answer = [this](const std::string& request) {
    if (header_in(request, "Authorization") == "Bearer new") return version;
    support::write_file(access.token_file, "new\n");
    return unauthorized;
  };
  const auto told = run(client().version());
  ASSERT_TRUE(told) << told.error().message;
  EXPECT_EQ(told->minor, 34U);
  EXPECT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests.front(), StartsWith("GET /prefix/version HTTP/1.1\r\n"));
}

/// Once: what stays refused is told, and so is what cannot be had anew.
TEST_F(ClientTest, WhatStaysRefusedIsTold) {
  answer = [](const std::string&) { return unauthorized; };
  access.token_file = place.path() / "token";
  support::write_file(access.token_file, "old\n");
  const auto told = run(client().version());
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, ErrorKind::misconfigured);
  EXPECT_EQ(told.error().message,
            "the cluster at " + access.server + " does not accept the credentials of 'bob': Unauthorized");
  EXPECT_EQ(requests.size(), 2U);
}

TEST_F(ClientTest, ATokenThatIsWrittenDownIsNotTriedTwice) {
  answer = [](const std::string&) { return unauthorized; };
  access.token = "one";
  EXPECT_FALSE(run(client().version()));
  EXPECT_EQ(requests.size(), 1U);
}

class PluginClientTest : public ClientTest {
 protected:
  /// A plugin whose first token is `1`, and so on.
  void use_plugin(const std::string& expires) {
    support::write_file(place.path() / "plugin",
                        "#!/bin/sh\necho x >>\"$0.runs\"\nset -- $(wc -l <\"$0.runs\")\n"
                        R"(printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", )"
                        R"("status": {"token": "%s", "expirationTimestamp": ")" +
                            expires + "\"}}\\n' \"$1\"\n");
    fs::permissions(place.path() / "plugin", fs::perms::owner_all);
    access.exec.emplace();
    access.exec->command = (place.path() / "plugin").string();
    access.exec->api_version = "client.authentication.k8s.io/v1";
  }
  [[nodiscard]] std::vector<std::string> tokens() const {
    std::vector<std::string> all;
    for (const std::string& request : requests) all.push_back(header_in(request, "Authorization"));
    return all;
  }
};

TEST_F(PluginClientTest, ItIsRunOnceForAllAndAgainWhenItsTokenIsRefused) {
  use_plugin("2999-01-01T00:00:00Z");
  std::string good = "Bearer 1";
  answer = [&good](const std::string& request) {
    return header_in(request, "Authorization") == good ? version : unauthorized;
  };
  const auto three = [this] {
    std::vector<asio::awaitable<Result<ServerVersion>>> calls;
    calls.reserve(3);
    for (int i = 0; i < 3; ++i) calls.push_back(client().version());
    return run_all(std::move(calls));
  };
  for (const auto& told : three()) EXPECT_TRUE(told);
  EXPECT_THAT(tokens(), ElementsAre("Bearer 1", "Bearer 1", "Bearer 1"));
  good = "Bearer 2";
  for (const auto& told : three()) EXPECT_TRUE(told);
  EXPECT_EQ(support::read_file(place.path() / "plugin.runs"), "x\nx\n");
}

TEST_F(PluginClientTest, ItIsRunAgainWhenItsTokenExpires) {
  use_plugin("2001-01-01T00:00:00Z");
  answer = [](const std::string&) { return version; };
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run(client().version()));
  EXPECT_THAT(tokens(), ElementsAre("Bearer 1", "Bearer 2"));
}

// ---- requests

TEST_F(ClientTest, SelectorsAreEncodedAndWhatIsGoneIsRemoved) {
  answer = [](const std::string& request) {
    if (request.starts_with("DELETE")) return answer_of("404 Not Found", R"({"message": "not found"})");
    return answer_of("200 OK", R"({"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]})");
  };
  const auto listed = run(client().list_pods("a=b,c/d=e f"));
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_EQ(listed->resource_version, "7");
  EXPECT_EQ(listed->pods.front().object.name, "a");
  EXPECT_TRUE(run(client().delete_job("n")));
  EXPECT_THAT(requests, ElementsAre(StartsWith("GET /prefix/api/v1/namespaces/ns/pods?labelSelector="
                                               "a%3Db%2Cc%2Fd%3De%20f HTTP/1.1\r\n"),
                                    AllOf(StartsWith("DELETE /prefix/apis/batch/v1/namespaces/ns/jobs/n HTTP/1.1\r\n"),
                                          HasSubstr(R"("propagationPolicy":"Background")"))));
}

TEST_F(ClientTest, WhatACallerCanDoAboutARefusal) {
  struct Case {
    const char* status;
    const char* reason;
    ErrorKind kind;
    const char* words;  ///< that its message ends with
  };
  const Case cases[]{{"400 Bad Request", "BadRequest", ErrorKind::rejected, "why"},
                     {"403 Forbidden", "Forbidden", ErrorKind::misconfigured, "why"},
                     {"404 Not Found", "NotFound", ErrorKind::not_found, "why"},
                     {"409 Conflict", "AlreadyExists", ErrorKind::rejected, "why"},
                     {"409 Conflict", "Conflict", ErrorKind::retryable, "why"},
                     {"422 Unprocessable Entity", "Invalid", ErrorKind::rejected, "why"},
                     {"429 Too Many Requests", "TooManyRequests", ErrorKind::retryable, " failed: why"},
                     {"500 Internal Server Error", "InternalError", ErrorKind::retryable, " failed: why"},
                     {"503 Service Unavailable", "ServiceUnavailable", ErrorKind::retryable, " failed: why"}};
  for (const Case& one : cases) {
    answer = [&one](const std::string&) {
      return answer_of(one.status, fmt::format(R"({{"message": "why\n", "reason": "{}"}})", one.reason));
    };
    const auto made = run(client().create_job(JobSpec{}));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, one.kind) << one.status << " " << one.reason;
    EXPECT_THAT(made.error().message, testing::EndsWith(one.words)) << one.status;
  }
  EXPECT_EQ(requests.size(), std::size(cases));  // what changes something is not asked for twice
  answer = [](const std::string&) { return answer_of("502 Bad Gateway", "<html>\nno"); };
  EXPECT_EQ(run(client().create_job(JobSpec{})).error().message,
            "the Kubernetes API server at " + access.server + " failed: <html> no");
}

TEST_F(ClientTest, ABusyServerIsAskedAgainWhenItWantsToBe) {
  const std::string busy =
      "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nretry-after: 1\r\nContent-Length: 2\r\n\r\n{}";
  answer = [&](const std::string&) {
    return requests.size() < 3 ? busy : answer_of("200 OK", R"({"metadata": {"name": "n", "uid": "u"}})");
  };
  const auto began = std::chrono::steady_clock::now();
  const auto made = run(client().create_job(JobSpec{}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(requests.size(), 3) << "it has done nothing of what it refused";
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::seconds{2});
}

TEST_F(ClientTest, NobodyWaitsForABusyServerForEver) {
  for (const char* const later : {"31", "1e3", "-1", "Fri, 31 Dec 1999 23:59:59 GMT", "99999999999999999999"}) {
    answer = [&](const std::string&) {
      return fmt::format("HTTP/1.1 503 No\r\nConnection: close\r\nRetry-After: {}\r\nContent-Length: 2\r\n\r\n{{}}",
                         later);
    };
    requests.clear();
    EXPECT_EQ(run(client().create_job(JobSpec{})).error().kind, ErrorKind::retryable);
    EXPECT_EQ(requests.size(), 1) << later;
  }
}

TEST_F(ClientTest, ClosingEndsAPause) {
  answer = [this](const std::string&) {
    close_soon();
    return std::string{"HTTP/1.1 429 No\r\nConnection: close\r\nRetry-After: 30\r\nContent-Length: 2\r\n\r\n{}"};
  };
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(run(client().create_job(JobSpec{})).error().kind, ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{20});
  EXPECT_EQ(run(client().create_job(JobSpec{})).error().kind, ErrorKind::cancelled);
}

// ---- watches

class WatchTest : public ClientTest {
 protected:
  Result<WatchEnd> watch(const std::string& lines, const std::string& status = "200 OK") {
    answer = [&](const std::string&) { return answer_of(status, lines); };
    seen.clear();
    std::function<bool(const PodChange&)> change = [this](const PodChange& one) {
      seen.push_back(fmt::format("{} {} {}", static_cast<int>(one.kind), one.pod.object.name, one.resource_version));
      return true;
    };
    return run(client().watch_pods("a=b", "5", std::move(change)));
  }
  std::vector<std::string> seen;
};

TEST_F(WatchTest, ChangesComeWithTheirVersionsAndItsEndIsNone) {
  const std::string pod = R"("object": {"metadata": {"name": "p", "resourceVersion": ")";
  const auto end = watch(R"({"type": "ADDED", )" + pod + "6\"}}}\n" + R"({"type": "DELETED", )" + pod + "7\"}}}\n" +
                         R"({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}})" + "\n");
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(*end, WatchEnd::over);
  EXPECT_THAT(seen, ElementsAre("0 p 6", "2 p 7", "3  9"));
  EXPECT_THAT(requests.front(), AllOf(HasSubstr("watch=true&"), HasSubstr("&resourceVersion=5 ")));
}

TEST_F(WatchTest, AVersionThatIsGoneIsNoFailureAndAnythingElseIs) {
  const auto gone = watch(R"({"type": "ERROR", "object": {"code": 410, "message": "too old"}})"
                          "\n");
  ASSERT_TRUE(gone) << gone.error().message;
  EXPECT_EQ(*gone, WatchEnd::expired);
  const auto refused = watch(R"({"message": "too old"})", "410 Gone");
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(*refused, WatchEnd::expired);
  const auto failed = watch(R"({"type": "ERROR", "object": {"code": 500, "message": "etcd"}})"
                            "\n");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::retryable);
  EXPECT_EQ(failed.error().message, "etcd");
  EXPECT_TRUE(seen.empty());
}

// ---- attaching

class AttachTest : public ClientTest {
 protected:
  Result<std::shared_ptr<http::Attached>> attach(unsigned minor, const std::string& protocol, bool knows_key = true) {
    answer = [=](const std::string& request) {
      const std::string key = knows_key ? header_in(request, "Sec-WebSocket-Key") : "another";
      return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " +
             web_socket_accept(key) + "\r\nSec-WebSocket-Protocol: " + protocol + "\r\n\r\n";
    };
    ServerVersion server;
    server.major = 1;
    server.minor = minor;
    return run(client().attach("p", server));
  }
  [[nodiscard]] std::string offered() const { return header_in(requests.back(), "Sec-WebSocket-Protocol"); }
};

/// A server that does not know v5 refuses both (1.20).
TEST_F(AttachTest, TheNewestProtocolIsOfferedToServersThatKnowIt) {
  EXPECT_TRUE(attach(29, "v4.channel.k8s.io"));
  EXPECT_EQ(offered(), "v4.channel.k8s.io");
  EXPECT_TRUE(attach(30, "v5.channel.k8s.io"));
  EXPECT_EQ(offered(), "v5.channel.k8s.io, v4.channel.k8s.io");
  EXPECT_THAT(requests.back(), AllOf(StartsWith("GET /prefix/api/v1/namespaces/ns/pods/p/attach?container=worker&"),
                                     HasSubstr("stdin=true&stdout=true&stderr=true "), Not(HasSubstr("tty"))));
}

TEST_F(AttachTest, WhoeverAnswersHasReadWhatWasAsked) {
  EXPECT_THAT(attach(35, "v5.channel.k8s.io", false).error().message, HasSubstr("does not attach over a WebSocket"));
  EXPECT_THAT(attach(35, "channel.k8s.io").error().message, HasSubstr("attaches by 'channel.k8s.io'"));
}

}  // namespace
}  // namespace nmz::kubernetes
