// A client of the Kubernetes API: the calls that are made, and no others.
//
// HTTP/1.1 over TLS (nmz::http), in one namespace, on one executor's thread. Credentials that a plugin or a file hands
// out are asked for again when they expire, and when the server refuses them (401).
//
// Every call has a deadline and can be cancelled (Asio's per-operation cancellation, terminal). Errors carry the
// server's own message. Kinds: retryable (no connection, 409 unless a name is taken, 429, 5xx), timed_out, cancelled,
// not_found (404), misconfigured (401, 403, no server there, TLS that does not verify), rejected (the rest of 4xx).
// Written for the API of 1.20 to 1.36.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/error/result.hpp"
#include "nmz/http/attached.hpp"
#include "nmz/kubernetes/access.hpp"
#include "nmz/kubernetes/types.hpp"

namespace nmz::kubernetes {

class Client {
 public:
  template <class T>
  using Awaitable = boost::asio::awaitable<Result<T>>;

  Client(const boost::asio::any_io_executor& executor, Access access);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;
  ~Client();

  [[nodiscard]] const Access& access() const;
  /// Ends everything under way with `cancelled`, Attached streams included. Later calls fail at once.
  void close();

  Awaitable<ServerVersion> version();
  /// What we may do in the namespace (SelfSubjectRulesReview). Not all of it where something other than rules decides.
  Awaitable<std::vector<Rule>> rules();
  /// Whether we may (SelfSubjectAccessReview).
  Awaitable<bool> may(Right right);
  Awaitable<Object> create_job(JobSpec spec);
  Awaitable<Job> get_job(std::string name);
  /// Its pods become so many (elastic Indexed Jobs, 1.27).
  Awaitable<void> scale_job(std::string name, std::uint32_t pods);
  Awaitable<std::vector<Job>> list_jobs(std::string selector);
  /// With its pods and everything it owns, which go by and by. What is gone is as good as removed.
  Awaitable<void> delete_job(std::string name);
  Awaitable<void> create_config_map(ConfigMapSpec spec);
  Awaitable<void> delete_config_map(std::string name);
  Awaitable<PodList> list_pods(std::string selector);
  /// `change` may say false to end it (cancelled).
  Awaitable<WatchEnd> watch_pods(std::string selector, std::string resource_version,
                                 std::function<bool(const PodChange&)> change);
  Awaitable<void> delete_pod(std::string name);
  /// Only once its container runs. `rejected`: the server speaks neither v5 nor v4 of the channels.
  Awaitable<std::shared_ptr<http::Attached>> attach(std::string pod, ServerVersion server);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace nmz::kubernetes
