// The container on the Engine that is spoken to, through which the workers of a Swarm are reached (swarm.hpp says where
// it is and why).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/relay_link.hpp"
#include "nmz/orchestrator/swarm.hpp"

#include "bell.hpp"
#include "worker_keys.hpp"

namespace nmz::orchestrator {

/// What all that a run makes on a Swarm is called.
[[nodiscard]] std::string name_of(const SwarmOptions& options, const std::string& part);
[[nodiscard]] docker::Labels labels_of(const SwarmOptions& options);

class RelayContainer {
 public:
  /// Who hears of each worker that came, and of each call that was refused.
  struct Hearers {
    Hearers() = default;
    std::function<void(const wire::ChannelOpened&)> came;
    std::function<void(const wire::CallRefused&)> refused;
  };

  RelayContainer(boost::asio::any_io_executor executor, docker::Api& engine, const SwarmOptions& options, Bell& bell)
      : executor_{std::move(executor)}, engine_{engine}, options_{options}, bell_{bell} {}

  boost::asio::awaitable<Result<void>> make();
  /// Also starts it again, in the same container, so that it has the same address.
  boost::asio::awaitable<Result<void>> start(WorkerKeys& keys, Hearers hearers);
  /// Returns when its address is known, or its first start has failed.
  boost::asio::awaitable<void> learn_address();
  [[nodiscard]] bool has_failed() const { return failed_; }
  /// Ends the link, and forgets the container.
  void forget();

  /// "10.0.0.1:7766", for the workers.
  [[nodiscard]] std::string place() const;
  [[nodiscard]] const std::string& id() const { return id_; }
  /// Nothing before it was started.
  [[nodiscard]] const std::shared_ptr<RelayLink>& link() const { return link_; }

 private:
  [[nodiscard]] bool is_on_host() const;
  boost::asio::awaitable<Result<void>> bring_up(WorkerKeys& keys, Hearers hearers);
  boost::asio::awaitable<Result<void>> find_address();

  boost::asio::any_io_executor executor_;
  docker::Api& engine_;          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const SwarmOptions& options_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Bell& bell_;                   // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string id_;
  std::string address_;
  std::uint16_t port_ = 0;
  bool up_ = false;
  bool failed_ = false;
  std::shared_ptr<RelayLink> link_;
};

}  // namespace nmz::orchestrator
