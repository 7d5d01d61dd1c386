#include "scripted_agent_fake.hpp"

#include <span>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace nmz::coordinator {
namespace asio = boost::asio;
namespace {

using Socket = asio::local::stream_protocol::socket;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

class SocketStream final : public orchestrator::Stream {
 public:
  explicit SocketStream(Socket socket) : socket_{std::move(socket)} {}
  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override {
    auto [code, count] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (code == asio::error::eof) co_return std::size_t{0};
    if (code) co_return fail(ErrorKind::retryable, code.message());
    co_return count;
  }
  asio::awaitable<Result<void>> write(std::string bytes) override {
    auto [code, count] = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
    if (code) co_return fail(ErrorKind::retryable, code.message());
    co_return Result<void>{};
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};

/// One fake agent's life.
class Agent : public std::enable_shared_from_this<Agent> {
 public:
  Agent(ScriptedAgentsFake& all, AgentScript script, Socket socket)
      : all_{all}, script_{std::move(script)}, socket_{std::move(socket)}, timer_{socket_.get_executor()} {}

  asio::awaitable<void> live() {
    ++all_.running;
    std::string buffer(wire::data_chunk, '\0');
    bool goes_on = true;
    while (goes_on) {
      auto [code, count] = co_await socket_.async_read_some(asio::buffer(buffer), as_result);
      if (code) break;
      decoder_.feed({buffer.data(), count});
      while (goes_on) {
        auto message = decoder_.next();
        if (!message || !*message) break;
        wire::Message next = std::move(**message);
        goes_on = co_await answer(std::move(next));
      }
    }
    over_ = true;
    timer_.cancel();
    --all_.running;
  }

 private:
  asio::awaitable<bool> answer(wire::Message message) {
    if (std::holds_alternative<wire::Hello>(message)) {
      all_.heard.emplace_back("Hello");
      if (script_.silent) co_return true;
      if (script_.garbage) {
        std::string junk(64, '\xff');
        co_await asio::async_write(socket_, asio::buffer(junk), as_result);
        co_return true;
      }
      wire::Welcome welcome;
      welcome.protocol = script_.protocol;
      wire::Message out = welcome;
      co_await say(std::move(out));
    } else if (const auto* end = std::get_if<wire::TreeEnd>(&message)) {
      all_.heard.emplace_back("TreeEnd");
      co_await wait(script_.tree_takes);
      wire::TreeReady ready;
      ready.outcome = script_.tree;
      ready.nonce = end->nonce;
      wire::Message out = ready;
      co_await say(std::move(out));
    } else if (const auto* run = std::get_if<wire::Run>(&message)) {
      all_.heard.emplace_back("Run");
      if (script_.dies_in_job) co_return false;
      if (script_.trickles) {
        co_await trickle();
        co_return false;
      }
      cancelled_ = false;
      auto job = work(*run);
      auto keep = [self = shared_from_this()](const std::exception_ptr& bug) {
        if (bug) std::rethrow_exception(bug);
      };
      asio::co_spawn(socket_.get_executor(), std::move(job), std::move(keep));
    } else if (std::holds_alternative<wire::Cancel>(message)) {
      all_.heard.emplace_back("Cancel");
      cancelled_ = true;  // the job may not have come as far as its timer
      timer_.cancel();
    } else if (std::holds_alternative<wire::Shutdown>(message)) {
      all_.heard.emplace_back("Shutdown");
      co_return false;
    }
    co_return true;
  }

  asio::awaitable<void> trickle() {
    constexpr int most = 200;
    std::string bytes;
    wire::encode(wire::Log{job::JobId{1}, std::string(1'000'000, 'x')}, bytes);
    bytes.resize(wire::header_size);
    for (int beats = 0; beats < most; ++beats) {
      auto [code, count] = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
      if (code) co_return;
      bytes.clear();
      wire::encode(wire::Heartbeat{}, bytes);
      co_await wait(std::chrono::milliseconds{20});
    }
  }

  asio::awaitable<void> work(wire::Run run) {
    wire::Message begun = wire::Started{run.job, job::Phase::test};
    co_await say(std::move(begun));
    while (script_.lingers && !over_ && !cancelled_) {
      wire::Message alive = wire::Heartbeat{};
      co_await say(std::move(alive));
      co_await wait(std::chrono::milliseconds{20});
    }
    const bool waited = !cancelled_ && co_await wait(script_.job_takes);
    wire::Finished finished;
    finished.job = run.job;
    finished.attempt = run.attempt;
    finished.nonce = run.nonce;
    finished.outcome.kind = waited ? job::OutcomeKind::exited : job::OutcomeKind::cancelled;
    wire::Message out = finished;
    co_await say(std::move(out));
    wire::Message state = wire::TreeState{};
    co_await say(std::move(state));
  }

  asio::awaitable<void> say(wire::Message message) {
    std::string bytes;
    wire::encode(message, bytes);
    co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
  }

  /// False when it was cut short.
  asio::awaitable<bool> wait(std::chrono::milliseconds time) {
    if (time.count() == 0) co_return true;
    timer_.expires_after(time);
    auto [code] = co_await timer_.async_wait(as_result);
    co_return !code;
  }

  ScriptedAgentsFake& all_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  AgentScript script_;
  Socket socket_;
  asio::steady_timer timer_;
  bool cancelled_ = false;
  bool over_ = false;  ///< its stream has ended
  wire::Decoder decoder_;
};

}  // namespace

ScriptedAgentsFake::ScriptedAgentsFake(asio::any_io_executor executor) : executor_{std::move(executor)} {}

asio::awaitable<Result<std::shared_ptr<orchestrator::Stream>>> ScriptedAgentsFake::start(job::WorkerId /*worker*/) {
  ++starts;
  AgentScript script;
  script.tree.kind = job::OutcomeKind::exited;
  if (!scripts.empty()) {
    script = std::move(scripts.front());
    scripts.pop_front();
  }
  if (script.start_fails) co_return fail(ErrorKind::misconfigured, "no agent today");
  Socket ours{executor_};
  Socket theirs{executor_};
  asio::local::connect_pair(ours, theirs);
  auto agent = std::make_shared<Agent>(*this, std::move(script), std::move(theirs));
  auto life = agent->live();
  auto keep = [agent](const std::exception_ptr& bug) {
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor_, std::move(life), std::move(keep));
  std::shared_ptr<orchestrator::Stream> stream = std::make_shared<SocketStream>(std::move(ours));
  co_return stream;
}

asio::awaitable<void> ScriptedAgentsFake::stop(job::WorkerId /*worker*/) { co_return; }

}  // namespace nmz::coordinator
