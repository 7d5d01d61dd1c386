#include <utility>

#include "nmz/cluster/cluster.hpp"

#include "factories.hpp"

namespace nmz::site {
namespace {

class ContainerSite final : public Site {
 public:
  ContainerSite(std::string image, std::unique_ptr<cluster::Cluster> cluster)
      : image_{std::move(image)}, cluster_{std::move(cluster)} {}

  [[nodiscard]] std::uint32_t cpus() const override { return cluster_->cpus(); }
  [[nodiscard]] std::string where() const override { return "containers of " + image_; }
  [[nodiscard]] std::string suite_key(const std::vector<std::string>& /*command*/) const override {
    return cluster_->repository();
  }
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
  std::unique_ptr<cluster::Cluster> cluster_;
};

}  // namespace

Opened open_containers(boost::asio::io_context& io, const Choice& choice) {
  return cluster::Cluster::open(io, choice.containers).map([&](std::unique_ptr<cluster::Cluster>&& cluster) {
    return std::unique_ptr<Site>{std::make_unique<ContainerSite>(choice.containers.image, std::move(cluster))};
  });
}

}  // namespace nmz::site
