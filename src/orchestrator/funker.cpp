#include "nmz/orchestrator/funker.hpp"

#include <utility>

#include "funker_stream.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;

Funker::Funker(asio::any_io_executor executor, FunkerOptions options)
    : executor_{std::move(executor)}, options_{std::make_shared<const FunkerOptions>(std::move(options))} {}

Funker::~Funker() = default;

asio::awaitable<Result<std::shared_ptr<Stream>>> Funker::start(job::WorkerId worker) {
  end(worker);
  auto stream = std::make_shared<FunkerStream>(executor_, options_, worker);
  streams_[worker] = stream;
  Result<void> connected = co_await stream->connect(options_->start_patience);
  if (!connected) co_return tl::unexpected<Error>{connected.error()};
  std::shared_ptr<Stream> started = std::move(stream);
  co_return started;
}

void Funker::cancel_start(job::WorkerId worker) { end(worker); }

void Funker::end(job::WorkerId worker) {
  const auto found = streams_.find(worker);
  if (found == streams_.end()) return;
  found->second->close();
  ended_.push_back(std::move(found->second));
  streams_.erase(found);
}

asio::awaitable<void> Funker::stop(job::WorkerId worker) {
  end(worker);
  while (!ended_.empty()) {
    const std::shared_ptr<FunkerStream> stream = std::move(ended_.back());
    ended_.pop_back();
    co_await stream->ended();
  }
}

asio::awaitable<Result<void>> Funker::close() {
  while (!streams_.empty()) {
    const job::WorkerId worker = streams_.begin()->first;
    co_await stop(worker);
  }
  co_await stop(job::WorkerId{});
  co_return Result<void>{};
}

}  // namespace nmz::orchestrator
