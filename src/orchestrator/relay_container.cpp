#include "relay_container.hpp"

#include <utility>

#include "nmz/orchestrator/agent_archive.hpp"

#include "attach_stream.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

/// Where it has a network namespace of its own.
constexpr std::uint16_t own_port = 7766;

}  // namespace

std::string name_of(const SwarmOptions& options, const std::string& part) {
  return options.name + "-" + options.identity.run + (part.empty() ? "" : "-" + part);
}

docker::Labels labels_of(const SwarmOptions& options) {
  return {{run_label, options.identity.run}, {owner_label, options.identity.owner}};
}

bool RelayContainer::is_on_host() const {
  return options_.network == "host" || (options_.network.empty() && !options_.single_node);
}

std::string RelayContainer::place() const {
  const bool v6 = address_.find(':') != std::string::npos;
  return (v6 ? "[" + address_ + "]" : address_) + ":" + std::to_string(port_);
}

void RelayContainer::forget() {
  if (link_) link_->close();
  link_.reset();
  id_.clear();
  address_.clear();
  port_ = 0;
  up_ = failed_ = false;
}

asio::awaitable<Result<void>> RelayContainer::make() {
  Result<std::string> archive = agent_archive(options_.agent);
  if (!archive) co_return tl::unexpected<Error>{archive.error()};
  docker::ContainerSpec spec;
  spec.name = name_of(options_, "relay");
  spec.image = options_.relay_image;
  spec.entrypoint = {agent_place};
  spec.command = {"--relay"};
  spec.user = "0";
  spec.labels = labels_of(options_);
  spec.network = is_on_host() ? "host" : options_.network;
  Result<std::string> created = co_await engine_.create_container(std::move(spec));
  if (!created) co_return tl::unexpected<Error>{created.error()};
  id_ = std::move(*created);
  Result<void> done = co_await engine_.put_archive(id_, "/", std::move(*archive));
  co_return done;
}

asio::awaitable<Result<void>> RelayContainer::start(WorkerKeys& keys, Hearers hearers) {
  if (!is_on_host()) port_ = own_port;
  Result<void> done = co_await bring_up(keys, std::move(hearers));
  up_ = done.has_value();
  failed_ = !up_;
  bell_.ring();
  co_return done;
}

asio::awaitable<Result<void>> RelayContainer::bring_up(WorkerKeys& keys, Hearers hearers) {
  Result<std::shared_ptr<docker::Attached>> attached = co_await engine_.attach(id_);
  if (!attached) co_return tl::unexpected<Error>{attached.error()};
  Result<void> done = co_await engine_.start_container(id_);
  if (!done) co_return done;
  done = co_await find_address();
  if (!done) co_return done;
  std::shared_ptr<Stream> stream = std::make_shared<AttachStream>(std::move(*attached));
  link_ = std::make_shared<RelayLink>(executor_, std::move(stream));
  link_->on_call(std::move(hearers.came), std::move(hearers.refused));
  // In its own network nothing else is there; on the host only the address that the nodes use.
  const std::string listen = is_on_host() ? address_ : "0.0.0.0";
  Result<std::uint16_t> opened = co_await link_->open(keys.tokens(), keys.keys(), listen, port_);
  if (!opened) co_return tl::unexpected<Error>{opened.error()};
  port_ = *opened;
  co_return Result<void>{};
}

asio::awaitable<Result<void>> RelayContainer::find_address() {
  const std::string before = address_;
  if (is_on_host()) {
    address_ = options_.network == "host" && options_.single_node ? "127.0.0.1" : options_.node_address;
  } else {
    Result<docker::Container> container = co_await engine_.inspect_container(id_);
    if (!container) co_return tl::unexpected<Error>{container.error()};
    address_ = container->address;
  }
  if (address_.empty()) co_return fail(ErrorKind::rejected, "the relay has no address");
  if (before.empty() || before == address_) co_return Result<void>{};
  co_return fail(ErrorKind::rejected, "the relay came back with another address");
}

/// Long before it is up, where it has an address of its own.
asio::awaitable<void> RelayContainer::learn_address() {
  const std::string network = options_.network.empty() ? "bridge" : options_.network;
  while (!up_ && !failed_) {
    if (!is_on_host()) {
      Result<std::string> found = co_await engine_.address_in_network(network, id_);
      if (found && !found->empty()) {
        address_ = std::move(*found);
        co_return;
      }
    }
    co_await bell_.wait(options_.patience.look_for_address_every);
  }
}

}  // namespace nmz::orchestrator
