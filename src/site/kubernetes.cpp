#include <utility>

#include "nmz/cluster/kubernetes_cluster.hpp"

#include "factories.hpp"

namespace nmz::site {
namespace {

class KubernetesSite final : public Site {
 public:
  KubernetesSite(const cluster::Options& options, std::unique_ptr<cluster::KubernetesCluster> cluster)
      : image_{options.image}, was_asked_for_{options.kind.has_value()}, cluster_{std::move(cluster)} {}

  /// How many workers there are where the user has not said it. What nodes there are is nothing that a namespace's user
  /// may ask, and in a cluster that grows it says nothing.
  [[nodiscard]] std::uint32_t cpus() const override { return 4; }
  [[nodiscard]] std::string where() const override { return "pods of " + image_; }
  [[nodiscard]] bool sees_our_files() const override { return false; }
  [[nodiscard]] bool keeps_apart() const override { return true; }
  [[nodiscard]] std::string suite_key(const std::vector<std::string>& /*command*/) const override {
    return cluster_->repository();
  }
  [[nodiscard]] std::string content_id() const override { return cluster_->image_id(); }
  [[nodiscard]] Result<std::string> label(const std::string& name) const override { return cluster_->label(name); }

  [[nodiscard]] std::vector<std::string> swept() const override {
    if (cluster_->swept() == 0) return {};
    return {"removed " + std::to_string(cluster_->swept()) + " Job(s) of killed runs"};
  }

  /// Nobody should have to guess which cluster he is about to fill, or whose labels say what runs there: a tag may mean
  /// other content to the nodes than to an Engine.
  [[nodiscard]] std::string choice() const override {
    if (!cluster_->labels_from().empty()) {
      return "the labels of " + image_ + " are those that the Docker Engine at " + cluster_->labels_from() + " has";
    }
    if (was_asked_for_) return {};
    return "no Docker Engine is here, so workers are pods: " + cluster_->where() + " (--orchestrator chooses)";
  }

  [[nodiscard]] Result<std::unique_ptr<orchestrator::Orchestrator>> workers(const WorkersRequest& request) override {
    cluster::WorkersRequest wanted;
    wanted.agent = request.agent;
    wanted.tree = request.tree;
    wanted.count = request.count;
    wanted.notice = request.notice;
    wanted.reached = request.reached;
    return cluster_->workers(wanted);
  }

 private:
  std::string image_;
  bool was_asked_for_;
  std::unique_ptr<cluster::KubernetesCluster> cluster_;
};

}  // namespace

Opened open_kubernetes(boost::asio::io_context& io, const Choice& choice) {
  return cluster::KubernetesCluster::open(io, choice.containers)
      .map([&](std::unique_ptr<cluster::KubernetesCluster>&& cluster) {
        return std::unique_ptr<Site>{std::make_unique<KubernetesSite>(choice.containers, std::move(cluster))};
      });
}

}  // namespace nmz::site
