#include "removal.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>

#include "bell.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

/// The Swarm keeps five dead tasks of a slot; only with more does it throw any away.
constexpr std::size_t quiet_tasks = 3;
constexpr std::chrono::milliseconds look_every{200};
constexpr int looks = 25;

bool restless(const std::vector<docker::Task>& tasks) {
  std::map<std::uint64_t, std::size_t> slots;
  for (const docker::Task& task : tasks) {
    if (++slots[task.slot] > quiet_tasks) return true;
  }
  return false;
}

/// Returns when nothing of its tasks is left, or after some seconds.
asio::awaitable<void> bring_to_rest(asio::any_io_executor executor, docker::Api& engine, std::string service) {
  Bell bell{executor};
  Result<void> emptied = co_await engine.scale_service(service, 0);
  for (int look = 0; emptied && look < looks; ++look) {
    co_await bell.wait(look_every);
    Result<std::vector<docker::Task>> tasks = co_await engine.list_tasks(service);
    if (!tasks || tasks->empty()) co_return;
  }
}

}  // namespace

asio::awaitable<Result<void>> remove_service(asio::any_io_executor executor, docker::Api& engine, std::string id) {
  Result<std::vector<docker::Task>> tasks = co_await engine.list_tasks(id);
  if (met_silence(tasks)) co_return tl::unexpected<Error>{tasks.error()};
  if (tasks && restless(*tasks)) co_await bring_to_rest(executor, engine, id);
  Result<void> removed = co_await engine.remove_service(std::move(id));
  co_return removed;
}

asio::awaitable<Result<void>> remove_containers(asio::any_io_executor executor, docker::Api& engine,
                                                docker::Labels labels, std::string but) {
  Result<std::vector<docker::Container>> left = co_await engine.list_containers(std::move(labels));
  if (!left) co_return tl::unexpected<Error>{left.error()};
  std::erase_if(*left, [&but](const docker::Container& container) {
    return container.state == "exited" && container.labels.contains(but);
  });
  Result<void> outcome;
  std::size_t running = left->size();
  Bell bell{executor};
  for (const docker::Container& container : *left) {
    auto done = [&outcome, &running, &bell](const std::exception_ptr& bug, const Result<void>& removed) {
      if (!removed && outcome) outcome = removed;
      --running;
      bell.ring();
      if (bug) std::rethrow_exception(bug);
    };
    asio::co_spawn(executor, engine.remove_container(container.id), std::move(done));
  }
  while (running > 0) co_await bell.wait();  // each removal has a deadline of its own
  co_return outcome;
}

namespace {

using List = asio::awaitable<Result<std::vector<docker::Resource>>> (docker::Api::*)(docker::Labels);
using Remove = asio::awaitable<Result<void>> (docker::Api::*)(std::string);

/// What a service needs and the Swarm keeps: in the order they may go, after it.
struct Kind {
  List list;
  Remove remove;
};
constexpr std::array kinds{Kind{&docker::Api::list_configs, &docker::Api::remove_config},
                           Kind{&docker::Api::list_secrets, &docker::Api::remove_secret}};

}  // namespace

asio::awaitable<Result<void>> remove_all(asio::any_io_executor executor, docker::Api& engine, docker::Labels labels) {
  Result<std::vector<docker::Service>> services = co_await engine.list_services(labels);
  if (!services) co_return tl::unexpected<Error>{services.error()};
  for (const docker::Service& service : *services) {
    Result<void> removed = co_await remove_service(executor, engine, service.id);
    if (!removed) co_return removed;
  }
  for (const Kind& kind : kinds) {
    Result<std::vector<docker::Resource>> found = co_await (engine.*kind.list)(labels);
    if (!found) co_return tl::unexpected<Error>{found.error()};
    for (const docker::Resource& resource : *found) {
      Result<void> removed = co_await (engine.*kind.remove)(resource.id);
      if (!removed) co_return removed;
    }
  }
  Result<void> removed = co_await remove_containers(executor, engine, labels);
  co_return removed;
}

asio::awaitable<Result<std::size_t>> sweep_swarm(asio::any_io_executor executor, docker::Api& engine, Sweep which) {
  const docker::Labels any{{run_label, ""}};
  std::size_t removed = 0;
  Result<std::vector<docker::Service>> services = co_await engine.list_services(any);
  if (!services) co_return tl::unexpected<Error>{services.error()};
  for (const docker::Service& service : *services) {
    if (!is_swept(service.labels, which)) continue;
    Result<void> done = co_await remove_service(executor, engine, service.id);
    if (done) ++removed;
  }
  for (const Kind& kind : kinds) {
    Result<std::vector<docker::Resource>> found = co_await (engine.*kind.list)(any);
    if (!found) co_return tl::unexpected<Error>{found.error()};
    for (const docker::Resource& resource : *found) {
      if (!is_swept(resource.labels, which)) continue;
      Result<void> done = co_await (engine.*kind.remove)(resource.id);
      if (done) ++removed;
    }
  }
  co_return removed;
}

}  // namespace nmz::orchestrator
