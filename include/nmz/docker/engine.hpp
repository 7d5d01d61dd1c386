// A client of the Docker Engine API.
//
// HTTP/1.1 over a unix socket, TCP, TLS or a `docker system dial-stdio` process (nmz::http). The version is negotiated
// once (GET /version): the lower of the Engine's and ours. Everything runs on one executor's thread. What the calls do
// is said in api.hpp.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/docker/endpoint.hpp"

namespace nmz::docker {

class Engine final : public Api {
 public:
  Engine(const boost::asio::any_io_executor& executor, Endpoint endpoint);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  Engine(Engine&&) = delete;
  Engine& operator=(Engine&&) = delete;
  ~Engine() override;

  [[nodiscard]] const Endpoint& endpoint() const;
  /// "1.41"; empty before the first call.
  [[nodiscard]] const std::string& api_version() const;
  /// Ends everything under way with `cancelled`, Attached streams included. Later calls fail at once.
  void close();

  Awaitable<Info> info() override;
  Awaitable<Image> inspect_image(std::string reference) override;
  Awaitable<std::string> build_image(BodySource context, std::string tag, Labels labels,
                                     std::chrono::milliseconds deadline) override;
  Awaitable<std::string> push_image(std::string reference, std::string registry_auth,
                                    std::chrono::milliseconds deadline) override;
  Awaitable<void> pull_image(std::string reference, std::string registry_auth,
                             std::chrono::milliseconds deadline) override;
  Awaitable<std::vector<Image>> list_images(Labels labels) override;
  Awaitable<void> remove_image(std::string reference, bool and_parents) override;
  Awaitable<std::string> create_container(ContainerSpec spec) override;
  Awaitable<void> put_archive(std::string id, std::string directory, std::string tar) override;
  Awaitable<std::shared_ptr<Attached>> attach(std::string id) override;
  Awaitable<void> start_container(std::string id) override;
  Awaitable<Container> inspect_container(std::string id) override;
  Awaitable<void> remove_container(std::string id) override;
  Awaitable<std::vector<Container>> list_containers(Labels labels) override;
  Awaitable<std::string> address_in_network(std::string network, std::string container) override;
  Awaitable<std::string> create_service(ServiceSpec spec, std::string registry_auth) override;
  Awaitable<void> scale_service(std::string id, std::uint32_t replicas) override;
  Awaitable<void> remove_service(std::string id) override;
  Awaitable<std::vector<Service>> list_services(Labels labels) override;
  Awaitable<std::vector<Task>> list_tasks(std::string service) override;
  Awaitable<std::vector<Node>> list_nodes() override;
  Awaitable<std::string> create_config(std::string name, std::string data, Labels labels) override;
  Awaitable<void> remove_config(std::string id) override;
  Awaitable<std::vector<Resource>> list_configs(Labels labels) override;
  Awaitable<std::string> create_templated_secret(std::string name, std::string data, Labels labels) override;
  Awaitable<void> remove_secret(std::string id) override;
  Awaitable<std::vector<Resource>> list_secrets(Labels labels) override;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::docker
