// The other end of a stream to a worker of Namazu Swarm v0 (nmz/orchestrator/funker.hpp): an agent's half of the
// conversation in wire/messages.hpp, made of calls.
//
// For coroutines of one io_context thread. serve() connects, waits for a Run, calls, and connects again; beat() says
// that we live; both hold the stream, and end when it does. A call that is to end has its socket reset, so that
// whatever waits for it goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/contract/funker.hpp"
#include "nmz/job/log_cap.hpp"
#include "nmz/orchestrator/funker.hpp"
#include "nmz/wire/codec.hpp"

#include "bell.hpp"

namespace nmz::orchestrator {

class FunkerStream final : public Stream, public std::enable_shared_from_this<FunkerStream> {
 public:
  FunkerStream(boost::asio::any_io_executor executor, std::shared_ptr<const FunkerOptions> options,
               job::WorkerId worker);

  /// Errors (retryable): it cannot be reached. (cancelled): the stream was closed meanwhile.
  boost::asio::awaitable<Result<void>> connect(std::chrono::milliseconds patience);

  boost::asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override;
  boost::asio::awaitable<Result<void>> write(std::string bytes) override;
  void close() override;

  /// Until nothing of it runs any more. It has been closed.
  boost::asio::awaitable<void> ended();

 private:
  using Socket = boost::asio::ip::tcp::socket;
  /// Why a call is being ended.
  enum class Stop : std::uint8_t { none, timed_out, cancelled };

  void spawn(boost::asio::awaitable<void> coroutine);
  void say(const wire::Message& message);
  void lose(Error error);
  void reset();
  void stop(Stop why);

  void on(const wire::Hello& hello);
  void on(wire::Run run);
  void on(const wire::Cancel& cancel);
  void on(const wire::Shutdown& shutdown);
  void finish(const wire::Run& run, job::Outcome outcome);

  boost::asio::awaitable<void> serve();
  boost::asio::awaitable<void> beat();
  boost::asio::awaitable<void> wait_for_work();
  boost::asio::awaitable<Result<void>> reach();
  boost::asio::awaitable<Result<void>> try_place(boost::asio::ip::tcp::endpoint place);
  boost::asio::awaitable<Result<contract::funker::Verdict>> call(std::string request);
  boost::asio::awaitable<void> carry_out();
  void limit(std::chrono::milliseconds time, Stop why);
  void no_limit();
  void take_log(std::string_view bytes);
  void send_log(std::string_view bytes);
  [[nodiscard]] Error broke(const std::string& how) const;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<const FunkerOptions> options_;
  std::uint32_t number_;
  FunkerPlace place_;
  Bell bell_;
  boost::asio::ip::tcp::resolver resolver_;
  std::optional<Socket> socket_;  ///< connected, or being connected
  boost::asio::steady_timer limit_;
  boost::asio::steady_timer beat_;
  std::uint64_t limits_ = 0;  ///< which one counts
  std::uint64_t watch_ = 0;   ///< of the connection while it is idle: which one counts
  std::size_t coroutines_ = 0;

  wire::Decoder decoder_;
  std::string out_;             ///< for the coordinator
  std::deque<wire::Run> runs_;  ///< the first is the one under way
  bool calling_ = false;        ///< it has begun
  Stop stop_ = Stop::none;
  std::chrono::milliseconds heartbeat_{0};
  std::optional<job::LogCap> cap_;
  bool connected_ = false;
  bool ending_ = false;  ///< told to, or closed
  bool closed_ = false;
  std::optional<Error> lost_;
};

}  // namespace nmz::orchestrator
