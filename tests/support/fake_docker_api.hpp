// A Docker Engine and its Swarm in memory, that fails or stalls at a chosen call.
//
// FakeDocker is what exists: containers, services with their tasks, configs, secrets, images. FakeDockerApi is one
// program's connection to it, and counts its calls; the next program has one of its own. Programs in containers are
// played as far as their streams are concerned: an agent says a word and ends with its input, a relay speaks the
// relay's protocol, and the tasks of a service call it. Everything takes a turn of the event loop and no time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "nmz/docker/api.hpp"
#include "nmz/wire/relay.hpp"

namespace nmz::support {

/// What happens to a call.
enum class Fault : std::uint8_t {
  none,
  refused,      ///< rejected
  missing,      ///< not_found
  lost_before,  ///< the connection broke, and nothing was done
  lost_after,   ///< the connection broke, and it was done
  late_before,  ///< no answer in time, and nothing was done
  late_after,   ///< no answer in time, and it was done
  away,         ///< there is no Engine
};

struct FaultPlan {
  FaultPlan() = default;
  FaultPlan(std::size_t at_in, Fault fault_in, bool for_good_in = false)
      : at{at_in}, fault{fault_in}, for_good{for_good_in} {}
  std::size_t at = 0;  ///< the first call is 1; 0 = none
  Fault fault = Fault::none;
  bool for_good = false;         ///< this call and every later one
  std::function<void()> action;  ///< when the call comes
};

class FakeDocker : public std::enable_shared_from_this<FakeDocker> {
 public:
  explicit FakeDocker(boost::asio::any_io_executor executor);

  /// The image that is there from the start.
  static constexpr const char* image = "sha256:user";
  std::size_t nodes = 1;

  /// What carries the label, one line each.
  [[nodiscard]] std::vector<std::string> labelled(const std::string& label) const;
  /// The programs that made what is there are dead now, as their labels tell it.
  void kill_owners(const std::string& owner_label);
  /// The programs of its relays die; their containers stay.
  void end_relays();

 private:
  friend class FakeDockerApi;
  class Input;

  struct Program;
  struct Box {
    docker::Container facts;
    docker::ContainerSpec spec;
    std::shared_ptr<Program> program;
  };
  struct Work {
    docker::Service facts;
    docker::ServiceSpec spec;
  };

  std::string next_id(const std::string& kind) { return kind + std::to_string(++ids_); }
  void end_program(const std::string& container);
  void set_tasks(const std::string& service, std::uint64_t replicas);
  void call_relay();
  void take(Program& relay, const std::string& bytes);
  void on_message(Program& relay, const wire::RelayMessage& message);
  void end_task(Program& relay, wire::ChannelId channel);

  boost::asio::any_io_executor executor_;
  std::size_t ids_ = 0;
  std::uint32_t channels_ = 0;
  std::map<std::string, Box> containers_;
  std::map<std::string, Work> services_;
  std::map<std::string, docker::Task> tasks_;
  std::map<std::string, docker::Resource> configs_;
  std::map<std::string, docker::Resource> secrets_;
  std::map<std::string, docker::Image> images_;
};

class FakeDockerApi final : public docker::Api {
 public:
  FakeDockerApi(boost::asio::any_io_executor executor, std::shared_ptr<FakeDocker> docker, FaultPlan plan = FaultPlan{})
      : executor_{std::move(executor)}, docker_{std::move(docker)}, plan_{std::move(plan)} {}

  [[nodiscard]] const std::vector<std::string>& calls() const { return *calls_; }
  /// Stays readable when the connection is gone.
  [[nodiscard]] std::shared_ptr<const std::vector<std::string>> call_list() const { return calls_; }

  Awaitable<docker::Info> info() override;
  Awaitable<docker::Image> inspect_image(std::string reference) override;
  Awaitable<std::string> build_image(docker::BodySource context, std::string tag, docker::Labels labels,
                                     std::chrono::milliseconds deadline) override;
  Awaitable<std::string> push_image(std::string reference, std::string registry_auth,
                                    std::chrono::milliseconds deadline) override;
  Awaitable<void> pull_image(std::string reference, std::string registry_auth,
                             std::chrono::milliseconds deadline) override;
  Awaitable<std::vector<docker::Image>> list_images(docker::Labels labels) override;
  Awaitable<void> remove_image(std::string reference, bool and_parents) override;
  Awaitable<std::string> create_container(docker::ContainerSpec spec) override;
  Awaitable<void> put_archive(std::string id, std::string directory, std::string tar) override;
  Awaitable<std::shared_ptr<docker::Attached>> attach(std::string id) override;
  Awaitable<void> start_container(std::string id) override;
  Awaitable<docker::Container> inspect_container(std::string id) override;
  Awaitable<void> remove_container(std::string id) override;
  Awaitable<std::vector<docker::Container>> list_containers(docker::Labels labels) override;
  Awaitable<std::string> address_in_network(std::string network, std::string container) override;
  Awaitable<std::string> create_service(docker::ServiceSpec spec, std::string registry_auth) override;
  Awaitable<void> scale_service(std::string id, std::uint32_t replicas) override;
  Awaitable<void> remove_service(std::string id) override;
  Awaitable<std::vector<docker::Service>> list_services(docker::Labels labels) override;
  Awaitable<std::vector<docker::Task>> list_tasks(std::string service) override;
  Awaitable<std::vector<docker::Node>> list_nodes() override;
  Awaitable<std::string> create_config(std::string name, std::string data, docker::Labels labels) override;
  Awaitable<void> remove_config(std::string id) override;
  Awaitable<std::vector<docker::Resource>> list_configs(docker::Labels labels) override;
  Awaitable<std::string> create_templated_secret(std::string name, std::string data, docker::Labels labels) override;
  Awaitable<void> remove_secret(std::string id) override;
  Awaitable<std::vector<docker::Resource>> list_secrets(docker::Labels labels) override;

 private:
  /// The call with its fault; `work` is what it does.
  template <class T>
  Awaitable<T> call(std::string name, std::function<Result<T>()> work);

  boost::asio::any_io_executor executor_;
  std::shared_ptr<FakeDocker> docker_;
  FaultPlan plan_;
  std::shared_ptr<std::vector<std::string>> calls_ = std::make_shared<std::vector<std::string>>();
};

}  // namespace nmz::support
