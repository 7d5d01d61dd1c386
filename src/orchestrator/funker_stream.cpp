#include "funker_stream.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <netinet/tcp.h>

namespace nmz::orchestrator {
namespace asio = boost::asio;
using asio::ip::tcp;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// For one address.
constexpr milliseconds connect_limit{5'000};
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{1'000};
/// Not read by the coordinator yet; beyond this the worker has to wait with its answer.
constexpr std::size_t backlog_limit = std::size_t{1} << 20;

using Seconds = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
using Interval = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
using Probes = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;

/// A worker says nothing while it runs a chunk; one whose machine is gone would say nothing for ever.
void tune(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay{true}, ignored);
  socket.set_option(asio::socket_base::keep_alive{true}, ignored);
  socket.set_option(Seconds{5}, ignored);
  socket.set_option(Interval{2}, ignored);
  socket.set_option(Probes{3}, ignored);
}

/// A free port connects to itself when nobody listens there.
bool is_connected_to_itself(const tcp::socket& socket) {
  boost::system::error_code here_unknown;
  boost::system::error_code there_unknown;
  const auto here = socket.local_endpoint(here_unknown);
  const auto there = socket.remote_endpoint(there_unknown);
  return !here_unknown && !there_unknown && here == there;
}

std::string request_of(const wire::Run& run) {
  contract::v0::ChunkRequest request;
  request.chunk_id = static_cast<std::int64_t>(run.job);
  for (std::string_view rest = run.input; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    request.workloads.push_back({std::string{line}});
  }
  return contract::funker::to_json(request);
}

job::Outcome outcome_of(job::OutcomeKind kind, std::int32_t code = 0) {
  job::Outcome outcome;
  outcome.kind = kind;
  outcome.code = code;
  return outcome;
}

}  // namespace

FunkerStream::FunkerStream(asio::any_io_executor executor, std::shared_ptr<const FunkerOptions> options,
                           job::WorkerId worker)
    : executor_{std::move(executor)},
      options_{std::move(options)},
      number_{static_cast<std::uint32_t>(worker)},
      place_{options_->places.at(number_ % options_->places.size())},
      bell_{executor_},
      resolver_{executor_},
      limit_{executor_},
      beat_{executor_} {}

void FunkerStream::spawn(asio::awaitable<void> coroutine) {
  ++coroutines_;
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    --self->coroutines_;
    self->bell_.ring();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor_, std::move(coroutine), std::move(done));
}

asio::awaitable<void> FunkerStream::ended() {
  while (coroutines_ > 0) co_await bell_.wait();
}

// ---- the coordinator's side

asio::awaitable<Result<std::size_t>> FunkerStream::read(std::span<char> buffer) {
  while (out_.empty() && (!ending_ || (calling_ && !closed_)) && !lost_) co_await bell_.wait();
  if (closed_) co_return fail(ErrorKind::cancelled, "cancelled");
  if (out_.empty() && lost_) co_return tl::unexpected<Error>{*lost_};
  const std::size_t count = std::min(buffer.size(), out_.size());
  std::copy_n(out_.begin(), count, buffer.begin());
  out_.erase(0, count);
  bell_.ring();
  co_return count;
}

asio::awaitable<Result<void>> FunkerStream::write(std::string bytes) {
  decoder_.feed(bytes);
  while (!closed_) {
    Result<std::optional<wire::Message>> message = decoder_.next();
    if (!message) co_return tl::unexpected<Error>{message.error()};
    if (!*message) co_return Result<void>{};
    const auto take = [this](auto& said) {
      if constexpr (requires { this->on(std::move(said)); }) on(std::move(said));
    };
    std::visit(take, **message);
  }
  co_return fail(ErrorKind::cancelled, "cancelled");
}

void FunkerStream::close() {
  closed_ = true;
  on(wire::Shutdown{});
}

void FunkerStream::say(const wire::Message& message) {
  wire::encode(message, out_);
  bell_.ring();
}

void FunkerStream::lose(Error error) {
  lost_.emplace(std::move(error));
  beat_.cancel();
  bell_.ring();
}

void FunkerStream::on(const wire::Hello& hello) {
  wire::Welcome welcome;
  welcome.version = "funker";
  welcome.node = place_.text().substr(0, wire::longest_name);
  say(welcome);
  heartbeat_ = hello.heartbeat;
  if (heartbeat_.count() > 0) spawn(beat());
  spawn(serve());
}

void FunkerStream::on(wire::Run run) {
  runs_.push_back(std::move(run));
  bell_.ring();
}

void FunkerStream::on(const wire::Cancel& cancel) {
  const auto found = std::ranges::find(runs_, cancel.job, &wire::Run::job);
  if (found == runs_.end()) return;
  if (found == runs_.begin() && calling_) {
    if (!cancel.only_if_waiting) stop(Stop::cancelled);
    return;
  }
  const wire::Run withdrawn = std::move(*found);
  runs_.erase(found);
  finish(withdrawn, outcome_of(job::OutcomeKind::cancelled));
}

void FunkerStream::on(const wire::Shutdown& /*shutdown*/) {
  ending_ = true;
  resolver_.cancel();
  beat_.cancel();
  while (runs_.size() > (calling_ ? 1U : 0U)) {
    finish(runs_.back(), outcome_of(job::OutcomeKind::cancelled));
    runs_.pop_back();
  }
  stop(Stop::cancelled);
  bell_.ring();
}

void FunkerStream::finish(const wire::Run& run, job::Outcome outcome) {
  wire::Finished finished;
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  finished.outcome = std::move(outcome);
  say(finished);
}

/// Whoever uses the socket is told so, and the worker gets a reset rather than an end that it would take for a whole
/// request.
void FunkerStream::reset() {
  connected_ = false;
  ++watch_;
  no_limit();
  if (!socket_) return;
  boost::system::error_code ignored;
  socket_->set_option(asio::socket_base::linger{true, 0}, ignored);
  socket_->close(ignored);
}

void FunkerStream::stop(Stop why) {
  if (stop_ == Stop::none) stop_ = why;
  reset();
}

asio::awaitable<void> FunkerStream::beat() {
  while (!ending_ && !lost_) {
    beat_.expires_after(heartbeat_);
    co_await beat_.async_wait(as_result);
    // Bytes that wait to be read are as good a sign of life.
    if (!ending_ && !lost_ && out_.empty()) say(wire::Heartbeat{calling_ ? runs_.front().job : job::JobId{}});
  }
}

// ---- the worker's side

asio::awaitable<void> FunkerStream::serve() {
  while (!ending_) {
    if (!connected_) {
      Result<void> reached = co_await connect(options_->return_patience);
      if (!reached) {
        if (!ending_) lose(reached.error());
        co_return;
      }
    }
    co_await wait_for_work();
    if (ending_ || !connected_ || runs_.empty()) continue;
    co_await carry_out();
    if (lost_) co_return;
  }
}

/// Until there is a Run, or the worker goes away: that it does so unasked costs nobody anything.
asio::awaitable<void> FunkerStream::wait_for_work() {
  auto stirred = [self = shared_from_this(), watch = ++watch_](const boost::system::error_code& code) {
    if (code || self->watch_ != watch || self->calling_) return;
    self->reset();
    self->bell_.ring();
  };
  socket_->async_wait(Socket::wait_read, std::move(stirred));
  while (runs_.empty() && connected_ && !ending_) co_await bell_.wait();
}

asio::awaitable<Result<void>> FunkerStream::connect(milliseconds patience) {
  const auto until = steady_clock::now() + patience;
  milliseconds pause = first_pause;
  while (!ending_) {
    Result<void> reached = co_await reach();
    if (reached && !ending_) {
      connected_ = true;
      co_return reached;
    }
    if (ending_) break;
    const auto rest = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    if (rest.count() <= 0) {
      co_return fail(ErrorKind::retryable, "cannot reach " + place_.text() + ": " + reached.error().message);
    }
    const auto next = steady_clock::now() + std::min(pause, rest);
    pause = std::min(pause * 2, longest_pause);
    while (!ending_ && steady_clock::now() < next) {
      const auto left = std::chrono::ceil<milliseconds>(next - steady_clock::now());
      co_await bell_.wait(left);
    }
  }
  co_return fail(ErrorKind::cancelled, "cancelled");
}

/// One try of all addresses that the name has, each worker beginning with another one.
asio::awaitable<Result<void>> FunkerStream::reach() {
  const std::string port = std::to_string(place_.port);
  auto [unknown, found] = co_await resolver_.async_resolve(place_.host, port, as_result);
  if (unknown) co_return fail(ErrorKind::retryable, unknown.message());
  std::vector<tcp::endpoint> places;
  for (const auto& one : found) places.push_back(one.endpoint());
  if (places.empty()) co_return fail(ErrorKind::retryable, "it has no address");
  const auto round = static_cast<std::ptrdiff_t>(number_ / options_->places.size() % places.size());
  std::rotate(places.begin(), places.begin() + round, places.end());
  Result<void> reached;
  for (const tcp::endpoint& place : places) {
    if (ending_) break;
    const tcp::endpoint copy = place;
    reached = co_await try_place(copy);
    if (reached) break;
  }
  co_return reached;
}

asio::awaitable<Result<void>> FunkerStream::try_place(tcp::endpoint place) {
  socket_.emplace(executor_);
  limit(connect_limit, Stop::none);
  auto [code] = co_await socket_->async_connect(place, as_result);
  no_limit();
  if (code == asio::error::operation_aborted) co_return fail(ErrorKind::retryable, "it does not answer");
  if (code) co_return fail(ErrorKind::retryable, code.message());
  if (is_connected_to_itself(*socket_)) {
    reset();
    co_return fail(ErrorKind::retryable, "Connection refused");
  }
  tune(*socket_);
  co_return Result<void>{};
}

/// After this time what the socket is used for ends.
void FunkerStream::limit(milliseconds time, Stop why) {
  limit_.expires_after(time);
  limit_.async_wait([self = shared_from_this(), why, which = ++limits_](const boost::system::error_code& code) {
    if (!code && which == self->limits_) self->stop(why);
  });
}

/// One that has just run out may be on its way already.
void FunkerStream::no_limit() {
  ++limits_;
  limit_.cancel();
}

Error FunkerStream::broke(const std::string& how) const { return {ErrorKind::retryable, place_.text() + " " + how}; }

void FunkerStream::take_log(std::string_view bytes) { send_log(cap_->admit(bytes)); }

void FunkerStream::send_log(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, wire::data_chunk);
    say(wire::Log{runs_.front().job, std::string{piece}});
    bytes.remove_prefix(piece.size());
  }
}

/// The first Run, over the connection that there is.
asio::awaitable<void> FunkerStream::carry_out() {
  const wire::Run run = runs_.front();
  calling_ = true;
  stop_ = Stop::none;
  cap_.emplace(run.log_limit);
  ++watch_;
  say(wire::Started{run.job, job::Phase::test});
  const auto began = steady_clock::now();
  if (run.timeout.count() > 0) limit(run.timeout, Stop::timed_out);
  std::string request = request_of(run);
  Result<contract::funker::Verdict> verdict = co_await call(std::move(request));
  reset();
  calling_ = false;
  job::Outcome outcome;
  if (verdict) {
    outcome = outcome_of(job::OutcomeKind::exited, verdict->successful ? 0 : 1);
  } else if (stop_ == Stop::timed_out) {
    outcome = outcome_of(job::OutcomeKind::timed_out);
    outcome.detail = "still running after " + std::to_string(run.timeout.count()) + " ms";
  } else if (stop_ == Stop::cancelled) {
    outcome = outcome_of(job::OutcomeKind::cancelled);
  } else {
    lose(verdict.error());
    co_return;
  }
  send_log(cap_->tail());
  wire::Finished finished;
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  finished.outcome = std::move(outcome);
  finished.test_time = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - began);
  finished.log_bytes = cap_->written();
  finished.log_cut = cap_->cut();
  runs_.pop_front();
  say(finished);
}

asio::awaitable<Result<contract::funker::Verdict>> FunkerStream::call(std::string request) {
  auto [unsent, count] = co_await asio::async_write(*socket_, asio::buffer(request), as_result);
  if (unsent) co_return tl::unexpected<Error>{broke("did not take its chunk: " + unsent.message())};
  boost::system::error_code ignored;
  socket_->shutdown(Socket::shutdown_send, ignored);
  contract::funker::ResultReader reader{[this](std::string_view bytes) { take_log(bytes); }};
  std::vector<char> buffer(wire::data_chunk);
  for (bool over = false; !over;) {
    auto [code, got] = co_await socket_->async_read_some(asio::buffer(buffer), as_result);
    // Behind a whole answer it does not matter how the connection ends.
    over = code && (code == asio::error::eof || reader.whole());
    if (code && !over) co_return tl::unexpected<Error>{broke("broke off the call: " + code.message())};
    const bool was_whole = reader.whole();
    if (Result<void> read = reader.feed({buffer.data(), got}); !read) {
      co_return tl::unexpected<Error>{broke("answered something else: " + read.error().message)};
    }
    if (reader.whole() && !was_whole) limit(options_->end_patience, Stop::none);
    while (out_.size() > backlog_limit && !ending_ && stop_ == Stop::none) co_await bell_.wait();
  }
  Result<contract::funker::Verdict> verdict = reader.finish();
  if (!verdict) {
    co_return tl::unexpected<Error>{broke(reader.whole() ? "answered something else: " + verdict.error().message
                                                         : "ended the call without a result")};
  }
  if (verdict->chunk_id == static_cast<std::int64_t>(runs_.front().job)) co_return verdict;
  co_return tl::unexpected<Error>{broke("answered for another chunk")};
}

}  // namespace nmz::orchestrator
