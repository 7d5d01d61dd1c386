#include "nmz/coordinator/coordinator.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "nmz/process/randomness.hpp"

#include "diary.hpp"
#include "mailbox.hpp"
#include "reading_threads.hpp"
#include "session.hpp"

namespace nmz::coordinator {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds tick_interval{250};
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::size_t pool_size() { return std::clamp(std::thread::hardware_concurrency(), 1U, 4U); }

}  // namespace

wire::Nonce random_nonce() {
  std::array<std::uint64_t, 2> words{};
  process::fill_with_randomness(std::as_writable_bytes(std::span<std::uint64_t>{words}));
  return {words[0], words[1]};
}

struct Coordinator::Impl final : SessionListener, std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& io_in, const Parts& parts, const Options& options)
      : io{io_in},
        pool{pool_size()},
        context{io_in.get_executor(), pool.queue(), parts, options, *this},
        dispatcher{parts.plan, options.workers, options.dispatch},
        sessions(options.workers),
        ticker{io_in},
        waker{io_in},
        stopped{io_in.get_executor()} {}

  void tell(dispatch::Event event) override {
    events.push_back(std::move(event));
    if (step_posted) return;
    step_posted = true;
    // Posted, not called: what else has arrived by now is told first, and decided upon together.
    asio::post(io, [this] { step(); });
  }

  /// From any thread.
  template <class Wish>
  void wish(Wish wish) {
    asio::dispatch(io, [weak = weak_from_this(), wish = std::move(wish)] {
      if (const std::shared_ptr<Impl> self = weak.lock()) wish(*self);
    });
  }

  void interrupt() {
    if (!std::exchange(interrupted, true)) return tell(dispatch::Interrupted{});
    killed = true;
    if (ended) abandon_all();
  }

  void step() {
    step_posted = false;
    const std::vector<dispatch::Event> batch = std::exchange(events, {});
    const dispatch::Step result = dispatcher.step(batch, std::chrono::steady_clock::now() - began);
    for (const dispatch::Report& report : result.reports) tell_observer(report);
    for (const dispatch::Action& action : result.actions) {
      note(action);
      std::visit([this](const auto& what) { carry_out(what); }, action);
    }
    wake_in_time();
  }

  /// What the dispatcher waits for sooner than the next tick.
  void wake_in_time() {
    const std::optional<dispatch::Time> deadline = dispatcher.deadline();
    if (ended || !deadline) return;
    const auto at = began + *deadline;
    if (at - std::chrono::steady_clock::now() >= tick_interval) return;
    waker.expires_at(at);
    waker.async_wait([this](const boost::system::error_code& code) {
      if (!code) tell(dispatch::Tick{});
    });
  }

  void tell_observer(const dispatch::Report& report) {
    note(report);
    if (const auto* gone = std::get_if<dispatch::GivenUp>(&report)) {
      end.reason = gone->reason;
      context.parts.observer.given_up(*gone);
    } else if (const auto* collided = std::get_if<dispatch::Collided>(&report)) {
      context.parts.observer.collided(*collided);
    } else if (const auto* skipped = std::get_if<dispatch::Skipped>(&report)) {
      context.parts.observer.skipped(*skipped);
    } else if (const auto* again = std::get_if<dispatch::RunsAgain>(&report)) {
      context.parts.observer.runs_again(*again);
    } else if (const auto* resized = std::get_if<dispatch::Resized>(&report)) {
      context.parts.observer.resized(*resized);
    } else {
      context.parts.observer.ended(std::get<dispatch::Ended>(report));
    }
  }

  std::shared_ptr<Session>& session(job::WorkerId worker) { return sessions.at(static_cast<std::size_t>(worker)); }

  void carry_out(const dispatch::Assign& assignment) {
    context.parts.observer.assigned(assignment);
    session(assignment.worker)->assign(assignment);
  }
  void carry_out(const dispatch::Cancel& cancel) { session(cancel.worker)->cancel(cancel); }
  void carry_out(const dispatch::Retire& retire) { session(retire.worker)->retire(); }
  void carry_out(const dispatch::Start& fresh) {
    sessions.resize(std::max(sessions.size(), static_cast<std::size_t>(fresh.worker) + 1));
    context.parts.observer.worker_added(fresh.worker);
    start(fresh.worker);
  }
  void carry_out(const dispatch::Restart& restart) { start(restart.worker); }
  void carry_out(const dispatch::Stop& stop) {
    end.why = stop.why;
    ended = true;
    waker.cancel();
    stopped.close();
  }

  void start(job::WorkerId worker) {
    auto& slot = session(worker);
    if (slot) slot->abandon();
    slot = std::make_shared<Session>(context, worker);
    slot->begin();
  }

  asio::awaitable<void> tick() {
    while (!ended) {
      ticker.expires_after(tick_interval);
      co_await ticker.async_wait(as_result);
      context.parts.observer.tick();
      tell(dispatch::Tick{});
    }
  }

  /// Lets the agents end by themselves, then ends those that did not.
  asio::awaitable<void> stop_workers() {
    if (killed) abandon_all();
    for (const auto& each : sessions) {
      if (!killed) each->shut_down();
    }
    ticker.expires_after(context.options.stop_limit);  // which also wakes tick(), for its end
    ticker.async_wait([this](const boost::system::error_code& code) {
      if (!code) abandon_all();
    });
    co_await context.tasks.empty();
    ticker.cancel();
    for (std::uint32_t worker = 0; worker < sessions.size(); ++worker) {
      context.tasks.enter();
      auto done = [this](const std::exception_ptr& bug) {
        context.tasks.leave();
        if (bug) std::rethrow_exception(bug);
      };
      asio::co_spawn(io, context.parts.orchestrator.stop(job::WorkerId{worker}), std::move(done));
    }
    co_await context.tasks.empty();
  }

  /// Nobody is left to say how their jobs ended; the observer is told all the same.
  void abandon_all() {
    for (std::uint32_t worker = 0; worker < sessions.size(); ++worker) {
      sessions[worker]->abandon();
      dispatch::WorkerLost lost;
      lost.worker = job::WorkerId{worker};
      lost.reason = "ended by force";
      tell(std::move(lost));
    }
  }

  asio::io_context& io;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  ReadingThreads pool;
  SessionContext context;
  dispatch::Dispatcher dispatcher;
  std::vector<std::shared_ptr<Session>> sessions;
  asio::steady_timer ticker;
  asio::steady_timer waker;
  Mailbox<bool> stopped;
  std::vector<dispatch::Event> events;
  std::chrono::steady_clock::time_point began;
  bool step_posted = false;
  bool ended = false;
  bool interrupted = false;
  bool killed = false;
  RunEnd end;
};

Coordinator::Coordinator(asio::io_context& io, const Parts& parts, const Options& options)
    : impl_{std::make_shared<Impl>(io, parts, options)} {}

Coordinator::~Coordinator() = default;

asio::awaitable<RunEnd> Coordinator::run() {
  Impl& impl = *impl_;
  impl.began = std::chrono::steady_clock::now();
  for (std::uint32_t worker = 0; worker < impl.sessions.size(); ++worker) impl.start(job::WorkerId{worker});
  auto ticking = impl.tick();
  impl.context.tasks.enter();
  auto ticked = [&impl](const std::exception_ptr& bug) {
    impl.context.tasks.leave();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(impl.io, std::move(ticking), std::move(ticked));
  co_await impl.stopped.take();
  co_await impl.stop_workers();
  Result<void> closed = co_await impl.context.parts.orchestrator.close();
  if (!closed) impl.end.left_behind = closed.error().message;
  co_return impl.end;
}

void Coordinator::interrupt() {
  impl_->wish([](Impl& impl) { impl.interrupt(); });
}

void Coordinator::cancel(job::JobId job) {
  impl_->wish([job](Impl& impl) { impl.tell(dispatch::CancelJob{job}); });
}

void Coordinator::skip(dispatch::Subject subject) {
  impl_->wish([subject](Impl& impl) { impl.tell(dispatch::SkipSubject{subject}); });
}

void Coordinator::run_again(std::uint32_t item) {
  impl_->wish([item](Impl& impl) { impl.tell(dispatch::RunAgain{item}); });
}

void Coordinator::pause(bool on) {
  impl_->wish([on](Impl& impl) { impl.tell(dispatch::Pause{on}); });
}

void Coordinator::change_workers(std::int32_t by) {
  impl_->wish([by](Impl& impl) { impl.tell(dispatch::ChangeWorkers{by}); });
}

}  // namespace nmz::coordinator
