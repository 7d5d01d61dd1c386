// The Docker Engine (or the Swarm behind it) and the image that workers are containers of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "nmz/cluster/options.hpp"
#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/patience.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::cluster {

struct WorkersRequest {
  WorkersRequest() = default;
  std::filesystem::path agent;  ///< the nmzagent program
  bool tree = false;            ///< workers need a work tree
  std::uint32_t count = 1;
  orchestrator::Patience patience;
  std::function<void(const std::string&)> notice;   ///< one line for the user
  std::function<void(const std::string&)> reached;  ///< a phase of the start is over
};

/// What answers where a run would look for an Engine.
struct EngineFacts {
  std::string endpoint;  ///< "unix:///var/run/docker.sock", ...
  std::string api;       ///< the version that is spoken, "1.41"
  docker::Info info;
};

/// Asks the Engine that `options` name what it is, without a change to it. Runs `io` meanwhile. Errors: one line.
[[nodiscard]] Result<EngineFacts> examine_engine(boost::asio::io_context& io, const Options& options);

class Cluster {
 public:
  /// Reaches the Engine, looks at the image and removes what dead runs left there. Runs `io` meanwhile. Errors
  /// (misconfigured) are one line for the user.
  static Result<std::unique_ptr<Cluster>> open(boost::asio::io_context& io, Options options);
  /// The same with an Engine that is given.
  static Result<std::unique_ptr<Cluster>> open(boost::asio::io_context& io, Options options,
                                               std::unique_ptr<docker::Api> engine);

  /// Only removes what runs left on the Engine that `options` name; returns how many containers, services, configs
  /// and images.
  static Result<std::size_t> collect(boost::asio::io_context& io, Options options, orchestrator::Sweep which);
  static Result<std::size_t> collect(boost::asio::io_context& io, Options options, orchestrator::Sweep which,
                                     std::unique_ptr<docker::Api> engine);

  [[nodiscard]] Kind kind() const { return kind_; }
  /// CPUs of the Engine, or of all nodes of the Swarm that take work.
  [[nodiscard]] std::uint32_t cpus() const { return cpus_; }
  /// Containers and services of killed runs that were removed.
  [[nodiscard]] std::size_t swept() const { return swept_; }
  /// The image's label. Errors (misconfigured): it has none, or an empty one.
  [[nodiscard]] Result<std::string> label(const std::string& name) const;
  [[nodiscard]] const std::string& image_id() const { return image_.id; }
  /// What docker gives to the user's containers.
  [[nodiscard]] std::vector<std::string> environment() const;
  /// The image's name without tag and digest.
  [[nodiscard]] std::string repository() const;

  /// Workers in containers; nothing is started yet, but a derived image is built. The cluster outlives them.
  [[nodiscard]] Result<std::unique_ptr<orchestrator::Orchestrator>> workers(const WorkersRequest& request);

 private:
  Cluster(boost::asio::io_context& io, Options options, std::unique_ptr<docker::Api> engine)
      : io_{io}, options_{std::move(options)}, engine_{std::move(engine)} {}
  boost::asio::awaitable<Result<void>> look();
  boost::asio::awaitable<Result<std::size_t>> sweep(orchestrator::Sweep which);
  boost::asio::awaitable<Result<std::size_t>> look_and_sweep(orchestrator::Sweep which);
  boost::asio::awaitable<Result<void>> choose_kind();
  boost::asio::awaitable<Result<void>> find_secrets();
  [[nodiscard]] Result<void> check_injection() const;
  boost::asio::awaitable<Result<std::string>> derive(std::filesystem::path agent);
  std::unique_ptr<orchestrator::Orchestrator> container_workers(const WorkersRequest& request,
                                                                const std::string& derived);
  std::unique_ptr<orchestrator::Orchestrator> swarm_workers(const WorkersRequest& request, const std::string& derived);
  [[nodiscard]] std::string image_for_nodes() const;

  boost::asio::io_context& io_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Options options_;
  std::unique_ptr<docker::Api> engine_;
  Kind kind_ = Kind::docker;
  docker::Info info_;
  std::vector<docker::Node> nodes_;  ///< of the Swarm
  docker::Image image_;
  std::vector<docker::FileReference> secrets_;
  orchestrator::RunIdentity identity_ = orchestrator::RunIdentity::create();
  std::uint32_t cpus_ = 0;
  std::size_t swept_ = 0;
};

}  // namespace nmz::cluster
