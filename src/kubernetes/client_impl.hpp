// What all calls of the client share: connections, credentials, deadlines, errors.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "nmz/http/client.hpp"
#include "nmz/kubernetes/client.hpp"

#include "exec_plugin.hpp"
#include "json.hpp"

namespace nmz::kubernetes {

inline constexpr std::chrono::milliseconds default_deadline{30000};
inline constexpr unsigned nothing_refused = 0xFFFFFFFFU;

struct Client::Impl {
  Impl(boost::asio::any_io_executor executor_in, Access access_in);

  /// Every status is an answer, but what a busy server wants to be asked later is asked later.
  boost::asio::awaitable<Result<http::Answer>> ask(http::Request request);
  /// One more try with fresh credentials comes before a 401.
  boost::asio::awaitable<Result<http::Answer>> ask_once(http::Request request);
  /// Not longer than until close(). Errors: cancelled.
  boost::asio::awaitable<Result<void>> wait(std::chrono::seconds pause);
  /// An answer of 400 and more is an error.
  boost::asio::awaitable<Result<http::Answer>> call(http::Request request);
  boost::asio::awaitable<Result<Json>> call_json(http::Request request);
  /// Where "it is gone" is as good as done.
  boost::asio::awaitable<Result<void>> call_remove(http::Request request);

  /// Asks for credentials where there are none that are still good, or where `refused` says which ones are not.
  boost::asio::awaitable<Result<void>> get_credentials(unsigned refused);
  boost::asio::awaitable<Result<Issued>> run_beside();
  Result<void> read_token_file(bool anew);
  /// Credentials that can be had anew.
  [[nodiscard]] bool can_renew() const { return access.exec.has_value() || !access.token_file.empty(); }
  void authorize(http::Request& request) const;
  /// "/api/v1/namespaces/NS/pods" for the group "" and "pods".
  [[nodiscard]] std::string path(const std::string& group, const std::string& resource) const;

  boost::asio::any_io_executor executor;
  Access access;
  std::shared_ptr<http::TlsSettings> peer;  ///< as it is now, for the next connection
  http::Client client;
  std::optional<boost::asio::thread_pool> pool;        ///< for the plugin
  std::shared_ptr<boost::asio::steady_timer> renewal;  ///< the plugin is asked
  std::optional<Issued> issued;                        ///< by the plugin
  unsigned renewals = 0;                               ///< the number of the credentials that there are now
  std::set<boost::asio::steady_timer*> pauses;         ///< that calls are in
  bool closed = false;
  std::string file_token;
  std::chrono::steady_clock::time_point file_read;
};

[[nodiscard]] http::Request request_with(std::string method, std::string target, const Json& body);

}  // namespace nmz::kubernetes
