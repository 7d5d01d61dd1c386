#include <utility>

#include "nmz/cluster/cluster.hpp"

#include "factories.hpp"

namespace nmz::site {
namespace {

class ContainerSite final : public Site {
 public:
  ContainerSite(const cluster::Options& options, std::unique_ptr<cluster::Cluster> cluster)
      : image_{options.image}, own_networks_{options.network != "host"}, cluster_{std::move(cluster)} {}

  [[nodiscard]] std::uint32_t cpus() const override { return cluster_->cpus(); }
  [[nodiscard]] std::string where() const override { return "containers of " + image_; }
  [[nodiscard]] bool sees_our_files() const override { return false; }
  [[nodiscard]] bool keeps_apart() const override { return own_networks_; }
  [[nodiscard]] std::string suite_key(const std::vector<std::string>& /*command*/) const override {
    return cluster_->repository();
  }
  [[nodiscard]] std::string content_id() const override { return cluster_->image_id(); }
  [[nodiscard]] std::vector<std::string> environment() const override { return cluster_->environment(); }
  [[nodiscard]] Result<std::string> label(const std::string& name) const override { return cluster_->label(name); }

  [[nodiscard]] std::vector<std::string> swept() const override {
    if (cluster_->swept() == 0) return {};
    return {"removed " + std::to_string(cluster_->swept()) + " container(s) of killed runs"};
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
  bool own_networks_;
  std::unique_ptr<cluster::Cluster> cluster_;
};

}  // namespace

Opened open_containers(boost::asio::io_context& io, const Choice& choice) {
  return cluster::Cluster::open(io, choice.containers).map([&](std::unique_ptr<cluster::Cluster>&& cluster) {
    return std::unique_ptr<Site>{std::make_unique<ContainerSite>(choice.containers, std::move(cluster))};
  });
}

}  // namespace nmz::site
