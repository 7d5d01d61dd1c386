#include "nmz/orchestrator/docker.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "nmz/orchestrator/agent_archive.hpp"

#include "attach_stream.hpp"
#include "removal.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

bool unreachable(const Result<std::shared_ptr<Stream>>& started) {
  return !started && started.error().kind == ErrorKind::misconfigured;
}

/// What is not found is the container itself, which may have been removed by somebody (or is on its way out), or what
/// it was to be given, such as its network, which will not be found later either.
Error lasting(Error error) {
  const auto says = [&error](const char* words) { return error.message.find(words) != std::string::npos; };
  if (says("is marked for removal")) {
    error.kind = ErrorKind::not_found;
  } else if (error.kind == ErrorKind::not_found && !says("No such container") && !says("Could not find the file /")) {
    error.kind = ErrorKind::rejected;
  }
  return error;
}

}  // namespace

Docker::Docker(asio::any_io_executor executor, docker::Api& engine, DockerOptions options)
    : executor_{std::move(executor)}, engine_{engine}, options_{std::move(options)} {}
Docker::~Docker() = default;

docker::ContainerSpec Docker::specification(job::WorkerId worker, unsigned starts) const {
  const std::string number = std::to_string(static_cast<std::uint32_t>(worker));
  docker::ContainerSpec spec;
  spec.name = options_.name + "-" + options_.identity.run + "-w" + number + "." + std::to_string(starts);
  spec.image = options_.image;
  spec.entrypoint = {agent_place};
  if (options_.tree) spec.command = {"--tree", tree_place};
  spec.env = options_.env;
  spec.labels = {{run_label, options_.identity.run}, {owner_label, options_.identity.owner}};
  spec.network = options_.network;
  spec.mounts = options_.mounts;
  spec.nano_cpus = options_.nano_cpus;
  spec.memory = options_.memory;
  spec.auto_remove = true;
  return spec;
}

asio::awaitable<void> Docker::enter_gate() {
  if (starting_ < options_.starts_at_once) {
    ++starting_;
    co_return;
  }
  asio::steady_timer turn{executor_, asio::steady_timer::time_point::max()};
  waiting_.push_back(&turn);
  co_await turn.async_wait(as_result);  // leave_gate() hands its place over
}

void Docker::leave_gate() {
  if (waiting_.empty()) {
    --starting_;
    return;
  }
  waiting_.front()->cancel();
  waiting_.pop_front();
}

asio::awaitable<Result<std::shared_ptr<Stream>>> Docker::start(job::WorkerId worker) {
  co_await stop(worker);
  workers_[worker].wanted = true;
  co_await enter_gate();
  Result<std::shared_ptr<Stream>> stream = co_await launch(worker);
  // It answered when the run began, so it is being restarted.
  asio::steady_timer pause{executor_};
  const auto until = std::chrono::steady_clock::now() + options_.patience.reconnect_for;
  while (unreachable(stream) && workers_[worker].wanted && std::chrono::steady_clock::now() < until) {
    pause.expires_after(options_.patience.reconnect_every);
    co_await pause.async_wait(as_result);
    stream = co_await launch(worker);
  }
  leave_gate();
  co_return stream;
}

asio::awaitable<Result<std::shared_ptr<Stream>>> Docker::launch(job::WorkerId worker) {
  Worker& state = workers_[worker];
  if (!state.wanted) co_return fail(ErrorKind::cancelled, "cancelled");
  if (archive_.empty() && !options_.agent.empty()) {
    Result<std::string> archive = agent_archive(options_.agent);
    if (!archive) co_return tl::unexpected<Error>{archive.error()};
    archive_ = std::move(*archive);
  }
  docker::ContainerSpec spec = specification(worker, ++state.starts);
  Result<std::string> created = co_await engine_.create_container(std::move(spec));
  if (!created) co_return tl::unexpected<Error>{created.error()};
  state.container = *created;
  const std::string id = *created;
  Result<void> done;
  if (!archive_.empty()) done = co_await engine_.put_archive(id, "/", archive_);
  if (!done) co_return tl::unexpected<Error>{lasting(done.error())};
  if (!state.wanted) co_return fail(ErrorKind::cancelled, "cancelled");
  Result<std::shared_ptr<docker::Attached>> attached = co_await engine_.attach(id);
  if (!attached) co_return tl::unexpected<Error>{lasting(attached.error())};
  done = co_await engine_.start_container(id);
  if (!done) co_return tl::unexpected<Error>{lasting(done.error())};
  std::shared_ptr<Stream> stream = std::make_shared<AttachStream>(std::move(*attached));
  co_return stream;
}

void Docker::cancel_start(job::WorkerId worker) { workers_[worker].wanted = false; }

asio::awaitable<void> Docker::stop(job::WorkerId worker) {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || found->second.container.empty()) co_return;
  const std::string id = std::exchange(found->second.container, std::string{});
  // Where it ended by itself this finds nothing any more, or its removal under way.
  co_await engine_.remove_container(id);
}

asio::awaitable<Result<void>> Docker::close() {
  docker::Labels ours{{run_label, options_.identity.run}};
  Result<void> removed = co_await remove_containers(executor_, engine_, std::move(ours));
  co_return about_containers(std::move(removed));
}

asio::awaitable<Result<std::size_t>> Docker::sweep(docker::Api& engine, Sweep which) {
  const docker::Labels any{{run_label, ""}};
  Result<std::vector<docker::Container>> found = co_await engine.list_containers(any);
  if (!found) co_return tl::unexpected<Error>{found.error()};
  std::size_t removed = 0;
  for (const docker::Container& container : *found) {
    if (!is_swept(container.labels, which)) continue;
    const std::string id = container.id;
    Result<void> done = co_await engine.remove_container(id);
    if (done) ++removed;
  }
  co_return removed;
}

}  // namespace nmz::orchestrator
