#include "nmz/orchestrator/relay_link.hpp"

#include <span>
#include <utility>

#include "relay_core.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;

class RelayLink::Channel final : public Stream {
 public:
  Channel(std::shared_ptr<Core> core, ChannelPtr state) : core_{std::move(core)}, state_{std::move(state)} {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  Channel(Channel&&) = delete;
  Channel& operator=(Channel&&) = delete;
  ~Channel() override { core_->close(state_); }

  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override { return core_->read(state_, buffer); }
  asio::awaitable<Result<void>> write(std::string bytes) override { return core_->write(state_, std::move(bytes)); }
  void close() override { core_->close(state_); }

 private:
  std::shared_ptr<Core> core_;
  ChannelPtr state_;
};

// These hold the core from the call on; the link may be gone before they start to run.

asio::awaitable<Result<std::uint16_t>> RelayLink::opened(std::shared_ptr<Core> core, wire::RelayHello hello) {
  Result<std::uint16_t> port = co_await core->open(std::move(hello));
  co_return port;
}

asio::awaitable<Result<std::shared_ptr<Stream>>> RelayLink::accepted(std::shared_ptr<Core> core, job::WorkerId waiter) {
  Result<ChannelPtr> channel = co_await core->accept(waiter);
  if (!channel) co_return tl::unexpected<Error>{channel.error()};
  std::shared_ptr<Stream> stream = std::make_shared<Channel>(core, *channel);
  co_return stream;
}

asio::awaitable<Error> RelayLink::reason(std::shared_ptr<Core> core) {
  Error why = co_await core->lost();
  co_return why;
}

RelayLink::RelayLink(asio::any_io_executor executor, std::shared_ptr<Stream> stream)
    : core_{std::make_shared<Core>(std::move(executor), std::move(stream))} {}

RelayLink::~RelayLink() { close(); }

asio::awaitable<Result<std::uint16_t>> RelayLink::open(std::vector<std::string> tokens, std::vector<std::string> keys,
                                                       std::string address, std::uint16_t port) {
  wire::RelayHello hello;
  hello.tokens = std::move(tokens);
  hello.keys = std::move(keys);
  hello.address = std::move(address);
  hello.port = port;
  return opened(core_, std::move(hello));
}

asio::awaitable<Result<std::shared_ptr<Stream>>> RelayLink::accept(job::WorkerId waiter) {
  return accepted(core_, waiter);
}

void RelayLink::on_call(std::function<void(const wire::ChannelOpened&)> came,
                        std::function<void(const wire::CallRefused&)> refused) {
  core_->on_call(std::move(came), std::move(refused));
}
void RelayLink::admit(std::uint32_t slot, std::string task) { core_->admit(slot, std::move(task)); }

void RelayLink::cancel_accept(job::WorkerId waiter) { core_->cancel_accepts(waiter); }
void RelayLink::cancel_accepts() { core_->cancel_accepts(std::nullopt); }

asio::awaitable<Error> RelayLink::lost() { return reason(core_); }

void RelayLink::close() { core_->end({ErrorKind::cancelled, "cancelled"}); }

std::uint64_t RelayLink::bytes_sent() const { return core_->bytes_sent(); }
std::uint64_t RelayLink::bytes_saved() const { return core_->bytes_saved(); }

}  // namespace nmz::orchestrator
