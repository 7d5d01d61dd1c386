// The Kubernetes cluster and the image that workers are pods of.
//
// Nothing but the API server is asked while a run goes on, so of the image only its name is known, and not which
// content its tag stands for. Its labels, where a run needs them, are those that the user's Docker Engine has of that
// name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "nmz/cluster/cluster.hpp"
#include "nmz/cluster/options.hpp"
#include "nmz/docker/api.hpp"
#include "nmz/error/result.hpp"
#include "nmz/kubernetes/client.hpp"
#include "nmz/orchestrator/orchestrator.hpp"
#include "nmz/orchestrator/run_identity.hpp"

namespace nmz::cluster {

class KubernetesCluster {
 public:
  /// Reaches the API server, asks it for the rights that a run needs, and removes what dead runs left there. Runs `io`
  /// meanwhile. Errors (misconfigured) are one line for the user.
  static Result<std::unique_ptr<KubernetesCluster>> open(boost::asio::io_context& io, Options options);

  /// Only removes what runs left in the namespace that `options` name; returns how many Jobs.
  static Result<std::size_t> collect(boost::asio::io_context& io, const Options& options, orchestrator::Sweep which);

  /// The namespace that a run with these options would use, for `nmzswarm kubernetes role`.
  [[nodiscard]] static Result<std::string> name_space(const Options& options);

  /// For people: "context 'kind', namespace default".
  [[nodiscard]] std::string where() const;
  /// Jobs of killed runs that were removed.
  [[nodiscard]] std::size_t swept() const { return swept_; }
  /// Asks the Docker Engine that docker itself would ask, which pulls an image that it does not have. Runs `io`
  /// meanwhile. Errors (misconfigured) say what to give instead.
  [[nodiscard]] Result<std::string> label(const std::string& name) const;
  /// Which Engine that was, for people: "unix:///var/run/docker.sock"; empty: no label was asked for.
  [[nodiscard]] const std::string& labels_from() const { return labels_from_; }
  /// The image's name, with its digest where it was given one. A tag says nothing of the content, so it gets a name
  /// that no other run has.
  [[nodiscard]] std::string image_id() const;
  /// The image's name without tag and digest.
  [[nodiscard]] std::string repository() const;

  /// Nothing is started yet. The cluster outlives them.
  [[nodiscard]] Result<std::unique_ptr<orchestrator::Orchestrator>> workers(const WorkersRequest& request);

 private:
  KubernetesCluster(boost::asio::io_context& io, Options options, kubernetes::Access access)
      : io_{io}, options_{std::move(options)}, client_{io.get_executor(), std::move(access)} {}
  boost::asio::awaitable<Result<void>> look();
  [[nodiscard]] Result<docker::Image> image_at_engine() const;
  boost::asio::awaitable<Result<kubernetes::ServerVersion>> ask_for_version();
  boost::asio::awaitable<Result<void>> check_rights();

  boost::asio::io_context& io_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Options options_;
  kubernetes::Client client_;
  kubernetes::ServerVersion server_;
  orchestrator::RunIdentity identity_ = orchestrator::RunIdentity::create();
  std::size_t swept_ = 0;
  mutable std::string labels_from_;  ///< told, and nothing is decided by it
};

}  // namespace nmz::cluster
