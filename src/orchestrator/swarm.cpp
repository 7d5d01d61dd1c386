#include "nmz/orchestrator/swarm.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <tuple>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include "nmz/orchestrator/relay_link.hpp"
#include "nmz/process/randomness.hpp"
#include "nmz/wire/codec.hpp"

#include "arrivals.hpp"
#include "bell.hpp"
#include "counted_stream.hpp"
#include "relay_container.hpp"
#include "removal.hpp"
#include "swarm_objects.hpp"
#include "task_slots.hpp"
#include "task_troubles.hpp"
#include "worker_keys.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

using std::chrono::steady_clock;

/// Such as an Engine that is being restarted.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::retryable || error.kind == ErrorKind::timed_out ||
         error.kind == ErrorKind::misconfigured;
}

/// The secret is in the service from the start, so it has tokens for workers that the run may get while it runs.
std::vector<std::string> random_tokens(std::uint32_t workers) {
  constexpr std::uint32_t late_workers = 64;
  const std::uint32_t spare =
      std::min(late_workers, WorkerKeys::most_workers - std::min(workers, WorkerKeys::most_workers));
  std::vector<std::string> tokens(workers + spare, std::string(wire::token_size, '\0'));
  for (std::string& token : tokens) process::fill_with_randomness(std::span<char>{token});
  return tokens;
}

}  // namespace

struct Swarm::State : std::enable_shared_from_this<State> {
  enum class Phase : std::uint8_t { idle, starting, running };

  State(asio::any_io_executor executor_in, docker::Api& engine_in, SwarmOptions options_in)
      : executor{std::move(executor_in)},
        engine{engine_in},
        options{std::move(options_in)},
        bell{executor},
        known_workers{options.replicas},
        arrivals{options.replicas},
        keys{random_tokens(options.replicas)},
        relay{executor, engine, options, bell},
        objects{executor, engine, options} {}

  void tell(const std::string& line) const {
    if (options.notice) options.notice(line);
  }
  void tell_reached(const char* what) const {
    if (options.reached) options.reached(what);
  }
  void spawn(asio::awaitable<void> coroutine);

  asio::awaitable<Result<void>> set_up_patiently();
  asio::awaitable<Result<void>> start_over();
  asio::awaitable<Result<void>> set_up();
  asio::awaitable<Result<void>> start_first_relay();
  asio::awaitable<Result<void>> start_relay();
  asio::awaitable<void> judge_calls();
  asio::awaitable<Result<void>> make_service();
  asio::awaitable<void> receive_workers();
  asio::awaitable<void> start_the_others();
  asio::awaitable<void> expect_ended_tasks();
  Result<void> get_to_know(job::WorkerId worker);
  void no_longer_wanted(job::WorkerId worker);
  void send_surplus_home();
  asio::awaitable<void> send_home(std::shared_ptr<Stream> stream);
  asio::awaitable<bool> bring_relay_back(std::string why);
  asio::awaitable<void> watch_tasks();
  asio::awaitable<bool> service_is_gone();
  asio::awaitable<void> look_at_tasks();
  asio::awaitable<Result<std::shared_ptr<Stream>>> next_worker(job::WorkerId worker);
  void give_up_in_silence();
  asio::awaitable<Result<void>> take_away();

  asio::any_io_executor executor;
  docker::Api& engine;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  SwarmOptions options;
  Bell bell;
  Phase phase = Phase::idle;
  bool closing = false;
  std::size_t coroutines = 0;
  std::optional<Error> failure;  ///< no worker will start any more
  std::uint32_t known_workers;   ///< that the service has tasks for, or will be told of
  Arrivals arrivals;
  Error missing{ErrorKind::rejected, ""};  ///< why there are fewer tasks than were asked for
  std::shared_ptr<std::size_t> live = std::make_shared<std::size_t>(0);
  std::size_t waiting = 0;
  bool somebody_came = false;  ///< and the service has been, or is being, told of all its tasks
  steady_clock::time_point last_sign;

  WorkerKeys keys;
  std::map<std::uint32_t, wire::CallRefused> refused;  ///< by slot: not judged yet
  RelayContainer relay;
  SwarmObjects objects;
  TaskTroubles troubles;
};

void Swarm::State::spawn(asio::awaitable<void> coroutine) {
  ++coroutines;
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    --self->coroutines;
    self->bell.ring();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor, std::move(coroutine), std::move(done));
}

// ---- making it

/// An Engine that dies meanwhile is given time to come back. What had been made by then it may know alone, when its
/// answer was lost: all of it is removed, by the run's label, and made anew.
asio::awaitable<Result<void>> Swarm::State::set_up_patiently() {
  Result<void> made = co_await set_up();
  if (made || !may_pass(made.error())) co_return made;
  if (made.error().kind != ErrorKind::misconfigured) {
    Result<docker::Info> answers = co_await engine.info();
    if (answers) co_return made;  // it is there, and this is its answer
  }
  tell(made.error().message + "; it is given some time to come back");
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  while (!made && may_pass(made.error()) && steady_clock::now() < until && !closing && arrivals.is_anybody_wanted()) {
    co_await bell.wait(options.patience.reconnect_every);
    made = co_await start_over();
    if (made) made = co_await set_up();
  }
  co_return made;
}

asio::awaitable<Result<void>> Swarm::State::start_over() {
  relay.forget();
  Result<void> removed = co_await objects.start_over();
  if (!removed) co_return removed;
  keys = WorkerKeys{random_tokens(options.replicas)};
  arrivals.start_over();
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::set_up() {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  auto config_made = objects.make_config();
  auto secret_made = objects.make_secret(keys);
  auto relay_made = relay.make();
  auto first = std::move(config_made) && std::move(secret_made) && std::move(relay_made);
  std::tuple<Result<void>, Result<void>, Result<void>> parts = co_await std::move(first);
  for (const Result<void>& done : {std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)}) {
    if (!done) co_return done;
  }
  auto relay_started = start_first_relay();
  auto service_made = make_service();
  auto then = std::move(relay_started) && std::move(service_made);
  std::tuple<Result<void>, Result<void>> made = co_await std::move(then);
  last_sign = steady_clock::now();
  for (const Result<void>& done : {std::get<0>(made), std::get<1>(made)}) {
    if (!done) co_return done;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::start_first_relay() {
  Result<void> done = co_await start_relay();
  if (done) tell_reached("relay ready");
  co_return done;
}

asio::awaitable<Result<void>> Swarm::State::start_relay() {
  RelayContainer::Hearers hearers;
  hearers.came = [weak = weak_from_this()](const wire::ChannelOpened& opened) {
    if (const std::shared_ptr<State> self = weak.lock()) self->keys.opened(opened);
  };
  hearers.refused = [weak = weak_from_this()](const wire::CallRefused& call) {
    const std::shared_ptr<State> self = weak.lock();
    if (!self || self->closing) return;
    if (self->refused.empty()) self->spawn(self->judge_calls());
    self->refused.insert_or_assign(call.slot, call);
  };
  Result<void> done = co_await relay.start(keys, std::move(hearers));
  co_return done;
}

/// The Swarm is asked once for all that were refused meanwhile. Whoever cannot be judged now calls again.
asio::awaitable<void> Swarm::State::judge_calls() {
  const std::string of = objects.service();
  Result<std::vector<docker::Task>> tasks;
  if (!of.empty()) tasks = co_await engine.list_tasks(of);
  const std::map<std::uint32_t, wire::CallRefused> calls = std::exchange(refused, {});
  for (const auto& [slot, call] : calls) {
    if (closing || ((!tasks || of.empty()) && keys.is_of_a_worker(call))) continue;
    const WorkerKeys::Ruling ruling = keys.judge(call, *tasks);
    if (!ruling.admit.empty() && relay.link()) relay.link()->admit(slot, ruling.admit);
    if (!ruling.notice.empty()) tell(ruling.notice);
  }
}

asio::awaitable<Result<void>> Swarm::State::make_service() {
  co_await relay.learn_address();
  if (relay.has_failed()) co_return Result<void>{};  // start_first_relay() says why
  if (!arrivals.is_anybody_wanted()) co_return fail(ErrorKind::cancelled, "cancelled");
  std::string place = relay.place();
  Result<void> made = co_await objects.make_service(std::move(place), arrivals.ask_for_first(options.first_replicas));
  if (made) tell_reached("service created");
  co_return made;
}

// ---- while it runs

asio::awaitable<void> Swarm::State::receive_workers() {
  while (!closing && !failure) {
    const std::shared_ptr<RelayLink> from = relay.link();
    Result<std::shared_ptr<Stream>> stream = co_await from->accept(job::WorkerId{});
    if (stream) {
      arrivals.came(std::move(*stream));
      somebody_came = true;
      if (arrivals.has_others()) spawn(start_the_others());
      troubles.all_is_well();
      last_sign = steady_clock::now();
      send_surplus_home();
      bell.ring();
      continue;
    }
    if (closing) break;
    arrivals.lose_all();
    const bool back = co_await bring_relay_back(stream.error().message);
    if (!back) break;
  }
}

/// A worker that the run was not begun with. Before the service has all its tasks it is one of those to come.
Result<void> Swarm::State::get_to_know(job::WorkerId worker) {
  const auto number = static_cast<std::uint32_t>(worker);
  if (number < known_workers) return {};
  if (number >= keys.tokens().size()) {
    return fail(ErrorKind::rejected, "a Swarm's service gets no more than " + std::to_string(keys.tokens().size()) +
                                         " workers while it runs");
  }
  for (; known_workers <= number; ++known_workers) arrivals.add();
  if (phase == Phase::running && somebody_came) spawn(start_the_others());
  return {};
}

/// The Swarm replaces what has ended when it is told how many there have to be, also with exit status 0.
asio::awaitable<void> Swarm::State::expect_ended_tasks() {
  const std::string& service = objects.service();
  Result<std::vector<docker::Task>> tasks = co_await engine.list_tasks(service);
  if (tasks) arrivals.expect_again(count_slots_at_rest(*tasks));
}

asio::awaitable<void> Swarm::State::start_the_others() {
  const std::uint32_t tasks = arrivals.ask_for_others();
  if (tasks == 0) co_return;  // two have connected at once, or all the others were cancelled meanwhile
  if (tasks > options.replicas) co_await expect_ended_tasks();
  const std::string& service = objects.service();
  Result<void> scaled = co_await engine.scale_service(service, tasks);
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  while (!scaled && !closing && steady_clock::now() < until) {
    co_await bell.wait(options.patience.reconnect_every);
    scaled = co_await engine.scale_service(service, tasks);
  }
  if (scaled || closing) co_return;
  missing.message = "there are fewer workers: " + scaled.error().message;
  arrivals.nobody_comes();
  tell(missing.message);
  bell.ring();
}

void Swarm::State::no_longer_wanted(job::WorkerId worker) {
  arrivals.no_longer_wanted(worker);
  send_surplus_home();
  bell.ring();
}

/// The Swarm starts as many tasks as it was told to. Who comes when nobody waits any more would idle until the end, and
/// make that late.
void Swarm::State::send_surplus_home() {
  for (std::shared_ptr<Stream>& stream : arrivals.take_surplus()) spawn(send_home(std::move(stream)));
}

/// With exit status 0, so that the task is not started again.
asio::awaitable<void> Swarm::State::send_home(std::shared_ptr<Stream> stream) {
  std::string farewell;
  wire::encode(wire::Hello{}, farewell);
  wire::encode(wire::Shutdown{}, farewell);
  Result<void> sent = co_await stream->write(std::move(farewell));
  std::array<char, 256> answer{};
  while (sent) {
    const std::span<char> space{answer};
    Result<std::size_t> count = co_await stream->read(space);
    if (!count || *count == 0) break;
  }
}

asio::awaitable<bool> Swarm::State::bring_relay_back(std::string why) {
  std::string what = "was lost and cannot be started again: ";
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  for (int tries = 0; steady_clock::now() < until && !closing; ++tries) {
    if (tries > 0) co_await bell.wait(options.patience.reconnect_every);
    Result<void> started = co_await start_relay();
    const bool removed = !started && started.error().kind == ErrorKind::not_found;
    if (removed) {
      what = "('" + name_of(options, "relay") + "') was removed by somebody, and a new one cannot stand in for it: ";
      started = co_await relay.make();
      if (started) started = co_await start_relay();
    }
    if (tries == 0 && (started || !removed)) tell(why + "; it is started again");
    if (started) {
      last_sign = steady_clock::now();
      co_return true;
    }
    why = started.error().message;
    if (removed) break;
  }
  failure.emplace(ErrorKind::retryable, "the relay " + what + why);
  bell.ring();
  co_return false;
}

/// Says what keeps tasks from starting, while somebody waits for them.
asio::awaitable<void> Swarm::State::watch_tasks() {
  while (!closing && !failure) {
    co_await bell.wait(options.patience.look_at_tasks_every);
    if (closing || waiting == 0 || arrivals.is_somebody_there()) continue;
    if (steady_clock::now() - last_sign < options.patience.look_at_tasks_every) continue;
    co_await look_at_tasks();
  }
}

/// Whether somebody has removed the service, with all its tasks.
asio::awaitable<bool> Swarm::State::service_is_gone() {
  Result<std::vector<docker::Service>> services = co_await engine.list_services(labels_of(options));
  if (!services || !services->empty()) co_return false;
  failure.emplace(ErrorKind::rejected, "the service '" + name_of(options, "") + "' was removed by somebody");
  bell.ring();
  co_return true;
}

asio::awaitable<void> Swarm::State::look_at_tasks() {
  const bool gone = co_await service_is_gone();
  if (gone) co_return;
  const std::string& service = objects.service();
  Result<std::vector<docker::Task>> tasks = co_await engine.list_tasks(service);
  if (!tasks) co_return;
  const TaskTroubles::Complaints complaints = TaskTroubles::complaints_of(*tasks);
  if (complaints.empty()) co_return;
  Result<std::vector<docker::Node>> nodes = co_await engine.list_nodes();
  const std::vector<docker::Node> known = nodes.value_or(std::vector<docker::Node>{});
  for (const std::string& line : troubles.see(complaints, known)) {
    if (!closing) tell(line);
  }
}

asio::awaitable<Result<std::shared_ptr<Stream>>> Swarm::State::next_worker(job::WorkerId worker) {
  while (true) {
    if (!arrivals.is_wanted(worker)) co_return fail(ErrorKind::cancelled, "cancelled");
    if (failure) co_return fail(ErrorKind::rejected, failure->message);  // for every later start as well
    if (phase == Phase::running) {
      if (std::shared_ptr<Stream> first = arrivals.take(worker)) {
        std::shared_ptr<Stream> stream = std::make_shared<CountedStream>(std::move(first), live);
        co_return stream;
      }
      if (arrivals.is_in_vain(worker)) co_return tl::unexpected<Error>{missing};
      give_up_in_silence();
      if (failure) continue;
    }
    ++waiting;
    co_await bell.wait(options.patience.look_at_tasks_every);
    --waiting;
  }
}

/// Where nobody has connected for long, and nobody is connected.
void Swarm::State::give_up_in_silence() {
  const Patience& given = options.patience;
  const auto patience = troubles.last().empty() ? given.silence : std::min(given.silence, given.trouble);
  if (*live > 0 || steady_clock::now() - last_sign <= patience) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(given.silence).count();
  std::string why = troubles.last();
  if (why.empty()) {
    why = "no worker has connected to " + relay.place() + " for " + std::to_string(seconds) +
          " s (is that reachable from the nodes?)";
  }
  failure.emplace(ErrorKind::misconfigured, std::move(why));
  bell.ring();
}

asio::awaitable<Result<void>> Swarm::State::take_away() {
  closing = true;
  if (relay.link()) relay.link()->close();
  bell.ring();
  while (coroutines > 0) co_await bell.wait(options.patience.look_at_tasks_every);
  // The relay first: meanwhile the tasks end, and need not be waited for.
  Result<void> outcome;
  if (!relay.id().empty()) outcome = co_await engine.remove_container(relay.id());
  if (met_silence(outcome)) co_return outcome;
  Result<void> removed = co_await objects.remove();
  co_return outcome ? removed : outcome;
}

// ---- the orchestrator

Swarm::Swarm(asio::any_io_executor executor, docker::Api& engine, SwarmOptions options)
    : state_{std::make_shared<State>(std::move(executor), engine, std::move(options))} {}
Swarm::~Swarm() = default;

asio::awaitable<Result<std::shared_ptr<Stream>>> Swarm::start(job::WorkerId worker) {
  State& state = *state_;
  const Result<void> known = state.get_to_know(worker);
  if (!known) co_return tl::unexpected<Error>{known.error()};
  state.arrivals.want(worker);
  if (state.phase == State::Phase::idle) {
    state.phase = State::Phase::starting;
    Result<void> made = co_await state.set_up_patiently();
    if (!made) {
      state.failure = made.error();
      state.objects.made_is_unsure();
    } else {
      state.spawn(state.receive_workers());
      state.spawn(state.watch_tasks());
    }
    state.phase = State::Phase::running;
    state.bell.ring();
  }
  Result<std::shared_ptr<Stream>> stream = co_await state.next_worker(worker);
  co_return stream;
}

void Swarm::cancel_start(job::WorkerId worker) { state_->no_longer_wanted(worker); }

/// Its task ends by itself when it is told to, or when its channel is closed.
asio::awaitable<void> Swarm::stop(job::WorkerId /*worker*/) { co_return; }

asio::awaitable<Result<void>> Swarm::close() {
  Result<void> done = co_await state_->take_away();
  co_return about_containers(std::move(done));
}

asio::awaitable<Result<std::size_t>> Swarm::sweep(docker::Api& engine, Sweep which) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Result<std::size_t> removed = co_await sweep_swarm(executor, engine, which);
  co_return removed;
}

}  // namespace nmz::orchestrator
