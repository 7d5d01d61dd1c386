#include "removal.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>

#include "bell.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;

asio::awaitable<Result<void>> remove_containers(asio::any_io_executor executor, docker::Engine& engine,
                                                docker::Labels labels) {
  Result<std::vector<docker::Container>> left = co_await engine.list_containers(std::move(labels));
  if (!left) co_return tl::unexpected<Error>{left.error()};
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
  while (running > 0) co_await bell.wait(std::chrono::hours{1});  // each removal has a deadline of its own
  co_return outcome;
}

}  // namespace nmz::orchestrator
