#include "session.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>

#include "nmz/wire/codec.hpp"

#include "diary.hpp"
#include "on_pool.hpp"

namespace nmz::coordinator {
namespace asio = boost::asio;
namespace {

constexpr std::size_t tree_piece = std::size_t{256} << 10;

job::Outcome failed_layout(const Error& error) {
  job::Outcome outcome;
  // What is wrong with the commit is wrong on every worker; anything else may be better elsewhere.
  outcome.kind = error.kind == ErrorKind::rejected || error.kind == ErrorKind::not_found ? job::OutcomeKind::untestable
                                                                                         : job::OutcomeKind::unprepared;
  outcome.detail = error.message;
  // libgit2 tells in words alone, which are the C library's.
  const auto says = [&](int number) {
    return error.message.find(std::generic_category().message(number)) != std::string::npos;
  };
  outcome.disk_full = outcome.kind == job::OutcomeKind::unprepared && (says(ENOSPC) || says(EDQUOT));
  return outcome;
}

}  // namespace

Session::Session(SessionContext& context, job::WorkerId worker)
    : context_{context},
      worker_{worker},
      welcome_limit_{context.executor},
      end_limit_{context.executor},
      outbox_{context.executor},
      acknowledged_{context.executor},
      tree_ready_{context.executor},
      tree_states_{context.executor} {}

/// Every coroutine holds the session and is counted, so that the end of the run can wait for it.
template <class Coroutine>
void Session::spawn(Coroutine coroutine) {
  context_.tasks.enter();
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    self->context_.tasks.leave();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(context_.executor, std::move(coroutine), std::move(done));
}

/// The greeting waits for the stream: whatever is posted meanwhile (the order to shut down) comes after it.
void Session::begin() {
  wire::Hello hello;
  hello.worker = worker_;
  hello.heartbeat = context_.options.heartbeat;
  hello.kept_tree = context_.parts.source.has_kept_tree(worker_);
  hello.remarks = wants_remarks();
  conversation_.send(hello);
  post(hello);
  spawn(live());
}

void Session::assign(const dispatch::Assign& assignment) {
  Active& fresh = active_[assignment.job];
  fresh.assignment = assignment;
  fresh.assigned = std::chrono::steady_clock::now();
  spawn(execute(assignment));
}

Session::Active* Session::active(job::JobId job) {
  const auto found = active_.find(job);
  return found == active_.end() ? nullptr : &found->second;
}

void Session::cancel(const dispatch::Cancel& cancel) {
  Active* const it = active(cancel.job);
  if (it == nullptr) return;
  it->cancelled = it->cancelled || !cancel.only_if_waiting || !it->sent;
  if (!it->sent) return;
  const wire::Cancel message{cancel.job, cancel.only_if_waiting};
  conversation_.send(message);
  post(message);
}

void Session::shut_down() {
  for (auto& [job, it] : active_) it.cancelled = true;
  if (!stream_) context_.parts.orchestrator.cancel_start(worker_);
  post(wire::Shutdown{});
}

void Session::retire() {
  retired_ = true;
  shut_down();
}

void Session::abandon() {
  abandoned_ = true;
  if (!stream_) context_.parts.orchestrator.cancel_start(worker_);
  end_conversation();
}

void Session::end_conversation() {
  ended_ = true;
  if (stream_) stream_->close();
  welcome_limit_.cancel();
  end_limit_.cancel();
  outbox_.close();
  acknowledged_.close();
  tree_ready_.close();
  tree_states_.close();
}

asio::awaitable<void> Session::live() {
  std::string why = co_await converse();
  end_conversation();
  if (retired_) co_await context_.parts.orchestrator.stop(worker_);
  if (abandoned_ || retired_) co_return;
  if (!violation_.empty()) why = violation_;
  note(worker_, why);
  context_.listener.tell(dispatch::WorkerLost{worker_, std::move(why), hopeless_});
}

/// Returns why the conversation ended.
asio::awaitable<std::string> Session::converse() {
  auto started = co_await context_.parts.orchestrator.start(worker_);
  if (!started) {
    // What was asked for is wrong (a mount, a limit, ...) and stays so.
    hopeless_ = started.error().kind == ErrorKind::misconfigured || started.error().kind == ErrorKind::rejected;
    co_return started.error().message;
  }
  stream_ = *started;
  note(worker_, "is connected");
  if (abandoned_) {
    stream_->close();
    co_return std::string{};
  }
  spawn(write_out());
  welcome_limit_.expires_after(context_.options.start_limit);
  welcome_limit_.async_wait([self = shared_from_this()](const boost::system::error_code& code) {
    if (code || self->conversation_.state() != Conversation::State::greeting) return;
    self->violation_ = "its agent did not answer";
    self->stream_->close();
  });

  wire::Decoder decoder{largest_message};
  std::vector<char> buffer(wire::data_chunk);
  while (true) {
    const std::span<char> space{buffer};
    Result<std::size_t> count = co_await stream_->read(space);
    if (!count) co_return count.error().message;
    if (*count == 0) co_return std::string{"its agent ended"};
    decoder.feed({buffer.data(), *count});
    for (bool alive = false; true; alive = true) {
      auto message = decoder.next();
      if (!message) co_return message.error().message;
      if (!*message) break;
      // Bytes alone are no life: behind the beginning of a frame that never ends, every heartbeat is swallowed.
      if (!alive) context_.listener.tell(dispatch::WorkerAlive{worker_});
      handle(std::move(**message));
      if (!violation_.empty()) co_return violation_;
    }
  }
}

asio::awaitable<void> Session::write_out() {
  while (true) {
    std::optional<Letter> letter = co_await outbox_.take();
    if (!letter) co_return;
    bool acknowledge = letter->acknowledge;
    // What has come together travels together.
    while (!acknowledge && letter->bytes.size() < wire::data_chunk) {
      const std::optional<Letter> next = outbox_.take_now();
      if (!next) break;
      letter->bytes += next->bytes;
      acknowledge = next->acknowledge;
    }
    Result<void> written = co_await stream_->write(std::move(letter->bytes));
    if (!written) co_return;  // live() sees the end of the stream as well and tells why
    if (acknowledge) acknowledged_.put(true);
  }
}

void Session::post(const wire::Message& message) {
  Letter letter;
  wire::encode(message, letter.bytes);
  outbox_.put(std::move(letter));
}

// ---- what the agent says

void Session::handle(wire::Message message) {
  note(worker_, message);
  if (std::optional<std::string> wrong = conversation_.hear(message)) {
    violation_ = std::move(*wrong);
    return;
  }
  const auto take = [this](auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, wire::TreeReady>) {
      tree_ready_.put(std::move(value.outcome));
    } else if constexpr (requires { this->on(std::move(value)); }) {
      on(std::move(value));
    }  // else a Heartbeat: being alive was told already
  };
  std::visit(take, message);
}

void Session::on(const wire::Welcome& welcome) {
  welcome_limit_.cancel();
  if (!welcome.kept.label.empty() && context_.parts.source.take_over(worker_, welcome.kept)) {
    note(worker_, "goes on with the tree of an earlier search: " + welcome.kept.label);
    known_.intact = true;
    known_.inherited = true;
    known_.changed = welcome.kept.changed;
  }
  context_.parts.observer.worker_ready(worker_, welcome);
  context_.listener.tell(dispatch::WorkerReady{worker_});
}

void Session::on(const wire::Started& started) {
  const Active* const it = active(started.job);
  if (it == nullptr) return;
  context_.parts.observer.started(it->assignment, started.phase);
  if (started.phase == job::Phase::test) expect_end(*it);
}

/// The agent ends its test at the time limit; one that does not would keep the job for ever.
void Session::expect_end(const Active& running) {
  if (running.at_most.count() == 0) return;
  wait_for_end(running.assignment.job, running.at_most + context_.options.overdue, false);
}

void Session::wait_for_end(job::JobId job, std::chrono::milliseconds time, bool last) {
  end_limit_.expires_after(time);
  end_limit_.async_wait([self = shared_from_this(), job, last](const boost::system::error_code& code) {
    if (code || self->ended_ || self->active(job) == nullptr) return;
    if (!last) return self->wait_for_end(job, self->context_.options.overdue, true);
    self->violation_ = "its job did not end at its time limit";
    self->stream_->close();
  });
}

void Session::on(const wire::Log& log) {
  const Active* const it = active(log.job);
  if (it != nullptr) context_.parts.observer.log(it->assignment, log.bytes);
}

void Session::on(wire::Took took) {
  if (active(took.job) != nullptr) context_.listener.tell(dispatch::Took{worker_, took.job, std::move(took.what)});
}

void Session::on(wire::Finished finished) {
  const Active* const it = active(finished.job);
  if (it == nullptr) return;
  context_.parts.observer.finished(it->assignment, finished);
  if (context_.options.more_workers) {
    const auto in_hand = std::chrono::steady_clock::now() - it->assigned;
    const std::int32_t more = context_.options.more_workers(finished, in_hand);
    if (more != 0) context_.listener.tell(dispatch::ChangeWorkers{more});
  }
  report_end(finished.job, std::move(finished.outcome), finished.test_time);
}

void Session::on(wire::TreeState state) {
  changed_so_far_.insert(changed_so_far_.end(), std::make_move_iterator(state.changed.begin()),
                         std::make_move_iterator(state.changed.end()));
  if (!state.last) return;
  std::vector<std::string> changed = std::exchange(changed_so_far_, {});
  if (state_expected_) tree_states_.put(std::move(changed));
}

// ---- one execution

void Session::report_end(job::JobId job, job::Outcome outcome, std::chrono::nanoseconds took) {
  active_.erase(job);
  dispatch::JobEnded ended;
  ended.worker = worker_;
  ended.job = job;
  ended.outcome = std::move(outcome);
  // The agent's number may be any, and is added to others.
  constexpr std::chrono::hours longest{24 * 366};
  ended.took = std::clamp<std::chrono::nanoseconds>(took, std::chrono::nanoseconds{0}, longest);
  context_.listener.tell(std::move(ended));
}

asio::awaitable<void> Session::execute(dispatch::Assign assignment) {
  std::optional<LaidOut> laid_out = co_await lay_out(assignment);
  if (!laid_out) co_return;  // the conversation ended
  if (!laid_out->ready) {
    report_end(assignment.job, laid_out->outcome, {});
    co_return;
  }
  Active* const it = active(assignment.job);
  if (ended_ || it == nullptr) co_return;
  if (it->cancelled) {
    job::Outcome outcome;
    outcome.kind = job::OutcomeKind::cancelled;
    report_end(assignment.job, std::move(outcome), {});
    co_return;
  }
  wire::Run run = context_.parts.source.run(assignment);
  run.job = assignment.job;
  run.attempt = assignment.attempt;
  run.nonce = context_.options.nonce();
  it->sent = true;
  if (run.timeout.count() > 0) it->at_most = run.timeout + run.kill_grace;
  state_expected_ = conversation_.has_tree();
  conversation_.send(run);
  post(run);
}

asio::awaitable<void> Session::learn_tree_state() {
  if (!state_expected_) co_return;
  std::optional<std::vector<std::string>> changed = co_await tree_states_.take();
  state_expected_ = false;
  if (changed) known_.changed = std::move(*changed);
}

/// On the pool, with nobody else of this worker: an earlier life of it may not have come back from there yet.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> Session::read_files(F function) {
  context_.reading(worker_).enter();
  auto value = co_await on_pool(context_.pool, context_.executor, std::move(function));
  context_.reading(worker_).leave();
  co_return value;
}

/// Nothing when the conversation ended on the way.
asio::awaitable<std::optional<Session::LaidOut>> Session::lay_out(dispatch::Assign assignment) {
  LaidOut result;
  co_await learn_tree_state();
  co_await context_.reading(worker_).empty();
  std::shared_ptr<Layout> layout = context_.parts.source.layout(assignment, known_);
  if (!layout) {
    result.ready = true;
    co_return result;
  }
  auto open = [layout] { return layout->open(); };
  Result<void> opened = co_await read_files(std::move(open));
  if (ended_) co_return std::nullopt;
  if (!opened) {
    result.outcome = failed_layout(opened.error());
    co_return result;
  }
  known_ = TreeKnowledge{};
  std::optional<Result<void>> sent = co_await send_layout(layout);
  if (!sent) co_return std::nullopt;
  if (!*sent) {
    // The agent has an incomplete tree and waits for its end; whatever comes next replaces it.
    Letter letter;
    end_tree(letter.bytes, {});
    outbox_.put(std::move(letter));
    result.outcome = failed_layout(sent->error());
  }
  std::optional<job::Outcome> ready = co_await tree_ready_.take();
  if (!ready) co_return std::nullopt;
  if (!*sent) co_return result;
  if (!job::passed(*ready)) {
    result.outcome = std::move(*ready);
    co_return result;
  }
  auto finish = [layout] { return layout->laid_out(); };
  Result<void> recorded = co_await read_files(std::move(finish));
  if (ended_) co_return std::nullopt;
  if (!recorded) {
    result.outcome = failed_layout(recorded.error());
    co_return result;
  }
  known_.intact = true;
  result.ready = true;
  co_return result;
}

void Session::end_tree(std::string& frames, std::string label) {
  wire::TreeEnd end;
  end.label = std::move(label);
  end.nonce = context_.options.nonce();
  conversation_.send(end);
  wire::encode(end, frames);
}

/// Reads the next piece while the one before is on its way. What was read before an error is sent as well: the agent
/// has to see a whole conversation.
asio::awaitable<std::optional<Result<void>>> Session::send_layout(std::shared_ptr<Layout> layout) {
  struct Piece {
    Piece() = default;
    std::string bytes;
    Result<bool> more{true};
  };
  const auto read_piece = [layout] {
    Piece piece;
    piece.more = layout->next(piece.bytes, tree_piece);
    return piece;
  };
  Result<bool> more{true};
  for (bool first = true; more && *more; first = false) {
    auto read = read_piece;
    Piece piece = co_await read_files(std::move(read));
    if (ended_) co_return std::nullopt;
    if (!first) {
      const std::optional<bool> acknowledged = co_await acknowledged_.take();
      if (!acknowledged) co_return std::nullopt;
    }
    more = piece.more;
    conversation_.send_tree(piece.bytes);
    if (more && !*more) end_tree(piece.bytes, layout->label());
    Letter letter;
    letter.bytes = std::move(piece.bytes);
    letter.acknowledge = true;
    outbox_.put(std::move(letter));
  }
  const std::optional<bool> acknowledged = co_await acknowledged_.take();
  if (!acknowledged) co_return std::nullopt;
  if (!more) co_return Result<void>{tl::unexpected<Error>{more.error()}};
  co_return Result<void>{};
}

}  // namespace nmz::coordinator
