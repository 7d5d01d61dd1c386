#include "nmz/orchestrator/kubernetes.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>

#include "attach_stream.hpp"
#include "bell.hpp"
#include "counted_stream.hpp"
#include "kubernetes_objects.hpp"
#include "pod_table.hpp"
#include "pod_troubles.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

using std::chrono::steady_clock;

constexpr unsigned minor_of_elastic_jobs = 27;

/// Such as an API server that is being restarted.
bool may_pass(const Error& error) { return error.kind == ErrorKind::retryable || error.kind == ErrorKind::timed_out; }

bool is_there_already(const Error& error) { return error.message.find("already exists") != std::string::npos; }

std::int64_t index_of(job::WorkerId worker) { return static_cast<std::int64_t>(static_cast<std::uint32_t>(worker)); }

}  // namespace

struct Kubernetes::State : std::enable_shared_from_this<State> {
  enum class Phase : std::uint8_t { idle, starting, running };
  using Started = Result<std::shared_ptr<Stream>>;

  State(asio::any_io_executor executor_in, kubernetes::Client& client_in, KubernetesOptions options_in)
      : executor{std::move(executor_in)}, client{client_in}, options{std::move(options_in)}, bell{executor} {}

  void tell(const std::string& line) const {
    if (options.notice) options.notice(line);
  }
  void tell_reached(const char* what) const {
    if (options.reached) options.reached(what);
  }
  void spawn(asio::awaitable<void> coroutine, asio::cancellation_slot slot = {});

  asio::awaitable<Result<void>> set_up();
  asio::awaitable<Result<kubernetes::Object>> make_job();
  asio::awaitable<Result<void>> make_config_map(kubernetes::Object job);
  asio::awaitable<void> watch();
  asio::awaitable<Result<std::string>> list();
  asio::awaitable<void> look_at_job();
  void see(const kubernetes::PodChange& change);
  void tell_how_many_run();
  void pods_have_changed();
  asio::awaitable<void> end_earlier(job::WorkerId worker);
  asio::awaitable<Result<void>> get_to_know(job::WorkerId worker);
  asio::awaitable<Started> next_worker(job::WorkerId worker);
  asio::awaitable<std::optional<Started>> attach(job::WorkerId worker);
  [[nodiscard]] const kubernetes::Pod* pod_for(job::WorkerId worker) const;
  [[nodiscard]] bool has_no_place(job::WorkerId worker) const;
  void give_up_in_silence();
  asio::awaitable<Result<void>> take_away();
  asio::awaitable<Result<void>> remove();

  asio::any_io_executor executor;
  kubernetes::Client& client;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  KubernetesOptions options;
  Bell bell;
  asio::cancellation_signal watch_ends;
  Phase phase = Phase::idle;
  bool closing = false;
  bool made = false;  ///< something may be there
  std::size_t coroutines = 0;
  std::optional<Error> failure;  ///< no worker will start any more
  std::uint32_t known_workers = 0;
  PodTable pods;
  PodTroubles troubles;
  std::set<job::WorkerId> wanted;
  std::set<std::string> being_attached;         ///< uids
  std::map<job::WorkerId, std::string> pod_of;  ///< the uid of the pod that a worker has, or had last
  std::shared_ptr<std::size_t> live = std::make_shared<std::size_t>(0);
  std::size_t waiting = 0;
  std::size_t ran = 0;  ///< the most pods that have run at once
  bool told_of_queue = false;
  std::set<std::string> told_of_attach;
  steady_clock::time_point last_sign;
};

void Kubernetes::State::spawn(asio::awaitable<void> coroutine, asio::cancellation_slot slot) {
  ++coroutines;
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    --self->coroutines;
    self->bell.ring();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor, std::move(coroutine), asio::bind_cancellation_slot(slot, std::move(done)));
}

// ---- making it

asio::awaitable<Result<void>> Kubernetes::State::set_up() {
  known_workers = options.replicas;
  made = true;
  Result<kubernetes::Object> job = co_await make_job();
  if (!job) {
    made = may_pass(job.error()) || is_there_already(job.error());  // what was refused is not there
    co_return tl::unexpected<Error>{job.error()};
  }
  tell_reached("job created");
  last_sign = steady_clock::now();
  if (!options.agent_image.empty()) co_return Result<void>{};
  kubernetes::Object owner = *job;
  Result<void> done = co_await make_config_map(std::move(owner));
  last_sign = steady_clock::now();
  co_return done;
}

/// The name is the run's own: a Job of that name that is there already is ours, made by a request whose answer was
/// lost; also where the server could not be asked for it in between.
asio::awaitable<Result<kubernetes::Object>> Kubernetes::State::make_job() {
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  kubernetes::JobSpec spec = job_spec(options, options.replicas);
  const std::string name = spec.name;
  Result<kubernetes::Object> job = co_await client.create_job(std::move(spec));
  while (!job && (may_pass(job.error()) || is_there_already(job.error())) && !closing && !wanted.empty() &&
         steady_clock::now() < until) {
    co_await bell.wait(options.patience.reconnect_every);
    Result<kubernetes::Job> there = co_await client.get_job(name);
    if (there) co_return there->object;
    kubernetes::JobSpec again = job_spec(options, options.replicas);
    job = co_await client.create_job(std::move(again));
  }
  co_return job;
}

/// One of that name is ours, as the Job is.
asio::awaitable<Result<void>> Kubernetes::State::make_config_map(kubernetes::Object job) {
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  Result<kubernetes::ConfigMapSpec> spec = config_map_spec(options, job);
  if (!spec) co_return tl::unexpected<Error>{spec.error()};
  kubernetes::ConfigMapSpec first = *spec;
  Result<void> done = co_await client.create_config_map(std::move(first));
  while (!done && may_pass(done.error()) && !closing && !wanted.empty() && steady_clock::now() < until) {
    co_await bell.wait(options.patience.reconnect_every);
    kubernetes::ConfigMapSpec again = *spec;
    done = co_await client.create_config_map(std::move(again));
  }
  if (!done && is_there_already(done.error())) co_return Result<void>{};
  co_return done;
}

// ---- while it runs

void Kubernetes::State::tell_how_many_run() {
  if (ran >= options.replicas) return;
  const auto running = static_cast<std::size_t>(
      std::count_if(pods.pods().begin(), pods.pods().end(), [](const kubernetes::Pod& pod) { return pod.running; }));
  if (running == 0) return;
  if (ran == 0) tell_reached("first pod runs");
  if (running >= options.replicas) tell_reached("all pods run");
  ran = std::max(ran, running);
}

void Kubernetes::State::pods_have_changed() {
  tell_how_many_run();
  for (const std::string& line : troubles.see(pods)) {
    if (!closing) tell(line);
  }
  bell.ring();
}

void Kubernetes::State::see(const kubernetes::PodChange& change) {
  pods.see(change);
  if (change.kind != kubernetes::PodChange::Kind::bookmark) pods_have_changed();
}

/// The version to watch from.
asio::awaitable<Result<std::string>> Kubernetes::State::list() {
  Result<kubernetes::PodList> listed = co_await client.list_pods(selector_of(options));
  if (!listed) co_return tl::unexpected<Error>{listed.error()};
  pods.replace(std::move(listed->pods));
  pods_have_changed();
  co_return listed->resource_version;
}

/// A list, and then its changes; once more from the list where the server has forgotten what was last seen (410).
asio::awaitable<void> Kubernetes::State::watch() {
  co_await asio::this_coro::throw_if_cancelled(false);
  std::string version;
  while (!closing && !failure) {
    if (version.empty()) {
      Result<std::string> listed = co_await list();
      if (listed) version = *listed;
      if (!listed && listed.error().kind == ErrorKind::misconfigured && !closing) tell(listed.error().message);
      if (!listed) {
        co_await bell.wait(options.patience.reconnect_every);
        continue;
      }
    }
    std::function<bool(const kubernetes::PodChange&)> change = [this, &version](const kubernetes::PodChange& seen) {
      if (!seen.resource_version.empty()) version = seen.resource_version;
      see(seen);
      return !closing;
    };
    std::string from = version;
    Result<kubernetes::WatchEnd> end =
        co_await client.watch_pods(selector_of(options), std::move(from), std::move(change));
    if (end && *end == kubernetes::WatchEnd::over) continue;
    version.clear();
    if (!end && !closing) co_await bell.wait(options.patience.reconnect_every);
  }
}

/// What the pods do not say: that somebody has removed the Job, that it has failed, that a queue holds it back.
asio::awaitable<void> Kubernetes::State::look_at_job() {
  while (!closing && !failure) {
    co_await bell.wait(options.patience.look_at_job_every);
    if (closing || waiting == 0 || steady_clock::now() - last_sign < options.patience.look_at_job_every) continue;
    Result<kubernetes::Job> job = co_await client.get_job(job_name(options));
    if (closing) break;
    if (!job && job.error().kind == ErrorKind::not_found) {
      failure.emplace(ErrorKind::rejected, "the Job '" + job_name(options) + "' was removed by somebody");
    } else if (job && job->object.deleting) {
      failure.emplace(ErrorKind::rejected, "the Job '" + job_name(options) + "' is being removed by somebody");
    } else if (job && job->failed) {
      failure.emplace(ErrorKind::rejected, "the Job '" + job_name(options) + "' has failed: " + job->why);
    } else if (job && job->suspended) {
      last_sign = steady_clock::now();
      if (!std::exchange(told_of_queue, true)) tell("the Job waits for quota: its queue holds it back");
    }
    if (failure) bell.ring();
  }
}

/// An earlier pod of the worker that has not ended yet: its place gets another once it has.
asio::awaitable<void> Kubernetes::State::end_earlier(job::WorkerId worker) {
  const auto earlier = pod_of.find(worker);
  if (earlier == pod_of.end()) co_return;
  const kubernetes::Pod* const pod = pods.find(earlier->second);
  pods.let_go(earlier->second);
  pod_of.erase(earlier);
  if (pod == nullptr || pod->is_over()) co_return;
  const std::string name = pod->object.name;
  co_await client.delete_pod(name);
}

/// A worker that the run was not begun with.
asio::awaitable<Result<void>> Kubernetes::State::get_to_know(job::WorkerId worker) {
  const auto number = static_cast<std::uint32_t>(worker);
  if (number < known_workers) co_return Result<void>{};
  if (!options.server.is_at_least(minor_of_elastic_jobs)) {
    co_return fail(ErrorKind::rejected, "a Job of this cluster (Kubernetes " + options.server.text +
                                            ") gets no more pods while it runs: that needs 1.27");
  }
  Result<void> scaled = co_await client.scale_job(job_name(options), number + 1);
  if (scaled) known_workers = std::max(known_workers, number + 1);
  co_return scaled;
}

/// With indices each worker has its own place; without, whoever comes first gets what is there.
const kubernetes::Pod* Kubernetes::State::pod_for(job::WorkerId worker) const {
  if (options.server.is_at_least(kubernetes::minor_of_indexed_jobs)) return pods.ready(index_of(worker));
  return pods.ready_anywhere(being_attached);
}

bool Kubernetes::State::has_no_place(job::WorkerId worker) const {
  if (options.server.is_at_least(kubernetes::minor_of_indexed_jobs)) {
    return pods.place(index_of(worker)) == PodTable::Place::closed;
  }
  return being_attached.empty() && pods.ready_anywhere(being_attached) == nullptr && pods.is_used_up(known_workers);
}

/// Nothing: not yet.
asio::awaitable<std::optional<Kubernetes::State::Started>> Kubernetes::State::attach(job::WorkerId worker) {
  const kubernetes::Pod* const pod = pod_for(worker);
  if (pod == nullptr) co_return std::nullopt;
  const std::string uid = pod->object.uid;
  const std::string name = pod->object.name;
  being_attached.insert(uid);
  Result<std::shared_ptr<http::Attached>> attached = co_await client.attach(name, options.server);
  being_attached.erase(uid);
  if (attached) {
    pods.take(uid);
    pod_of[worker] = uid;
    last_sign = steady_clock::now();
    std::shared_ptr<Stream> plain = std::make_shared<AttachStream>(std::move(*attached));
    std::shared_ptr<Stream> stream = std::make_shared<CountedStream>(std::move(plain), live);
    co_return Started{std::move(stream)};
  }
  const Error error = attached.error();
  // The server's answer may be about a container that has ended, or is not known at its node yet.
  if (error.kind == ErrorKind::misconfigured || error.kind == ErrorKind::cancelled) {
    co_return Started{tl::unexpected<Error>{error}};
  }
  const auto until = steady_clock::now() + options.patience.reconnect_every;
  while (steady_clock::now() < until && wanted.contains(worker) && !failure) {
    co_await bell.wait(options.patience.reconnect_every);
  }
  const bool still_there = pod_for(worker) != nullptr && wanted.contains(worker) && !closing;
  if (still_there && told_of_attach.insert(error.message).second) {
    tell("a worker's pod runs, and cannot be attached to: " + error.message);
  }
  co_return std::nullopt;
}

asio::awaitable<Kubernetes::State::Started> Kubernetes::State::next_worker(job::WorkerId worker) {
  while (true) {
    if (!wanted.contains(worker)) co_return fail(ErrorKind::cancelled, "cancelled");
    if (failure) co_return fail(ErrorKind::rejected, failure->message);  // for every later start as well
    if (phase == Phase::running) {
      if (has_no_place(worker)) {
        co_return fail(ErrorKind::rejected, "its pod has ended, and its Job makes no other in its place");
      }
      std::optional<Started> started = co_await attach(worker);
      if (started) co_return std::move(*started);
      give_up_in_silence();
      if (failure) continue;
      if (pod_for(worker) != nullptr) continue;
    }
    ++waiting;
    co_await bell.wait(options.patience.look_at_job_every);
    --waiting;
  }
}

/// Where nobody has connected for long, and nobody is connected.
void Kubernetes::State::give_up_in_silence() {
  const auto patience = troubles.is_lasting() ? options.patience.trouble : options.patience.pending;
  if (*live > 0 || steady_clock::now() - last_sign <= patience) return;
  std::string why = troubles.last();
  if (why.empty()) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(patience).count();
    why = "no pod of the Job '" + job_name(options) + "' has run for " + std::to_string(seconds) + " s";
  }
  failure.emplace(ErrorKind::misconfigured, std::move(why));
  bell.ring();
}

// ---- the end

asio::awaitable<Result<void>> Kubernetes::State::remove() {
  const std::string name = job_name(options);
  Result<void> done = co_await client.delete_job(name);
  if (!done || !options.agent_image.empty()) co_return done;
  // The Job's controller would do it, some time later.
  done = co_await client.delete_config_map(name);
  co_return done;
}

asio::awaitable<Result<void>> Kubernetes::State::take_away() {
  closing = true;
  watch_ends.emit(asio::cancellation_type::terminal);
  bell.ring();
  while (coroutines > 0) co_await bell.wait(options.patience.look_at_job_every);
  if (!made) co_return Result<void>{};
  const auto until = steady_clock::now() + options.patience.remove_for;
  Result<void> done = co_await remove();
  while (!done && may_pass(done.error()) && steady_clock::now() < until) {
    co_await bell.wait(options.patience.reconnect_every);
    done = co_await remove();
  }
  if (!done) done.error().message.insert(0, "cannot remove the Job '" + job_name(options) + "': ");
  co_return done;
}

// ---- the orchestrator

Kubernetes::Kubernetes(asio::any_io_executor executor, kubernetes::Client& client, KubernetesOptions options)
    : state_{std::make_shared<State>(std::move(executor), client, std::move(options))} {}
Kubernetes::~Kubernetes() = default;

asio::awaitable<Result<std::shared_ptr<Stream>>> Kubernetes::start(job::WorkerId worker) {
  State& state = *state_;
  state.wanted.insert(worker);
  if (state.phase == State::Phase::idle) {
    state.phase = State::Phase::starting;
    Result<void> made = co_await state.set_up();
    if (!made) {
      state.failure = made.error();
    } else {
      state.spawn(state.watch(), state.watch_ends.slot());
      state.spawn(state.look_at_job());
    }
    state.phase = State::Phase::running;
    state.bell.ring();
  }
  co_await state.end_earlier(worker);
  Result<void> known = co_await state.get_to_know(worker);
  if (!known) co_return tl::unexpected<Error>{known.error()};
  Result<std::shared_ptr<Stream>> stream = co_await state.next_worker(worker);
  co_return stream;
}

void Kubernetes::cancel_start(job::WorkerId worker) {
  state_->wanted.erase(worker);
  state_->bell.ring();
}

/// Its agent ends by itself when it is told to, or when its stream is closed.
asio::awaitable<void> Kubernetes::stop(job::WorkerId /*worker*/) { co_return; }

asio::awaitable<Result<void>> Kubernetes::close() {
  Result<void> done = co_await state_->take_away();
  co_return done;
}

asio::awaitable<Result<std::size_t>> Kubernetes::sweep(kubernetes::Client& client, Sweep which) {
  Result<std::vector<kubernetes::Job>> jobs = co_await client.list_jobs(managed_by);
  if (!jobs) co_return tl::unexpected<Error>{jobs.error()};
  std::size_t removed = 0;
  for (const kubernetes::Job& job : *jobs) {
    if (job.object.deleting || !is_swept(job.object.annotations, which)) continue;
    const std::string name = job.object.name;
    Result<void> done = co_await client.delete_job(name);
    if (done) ++removed;
  }
  co_return removed;
}

}  // namespace nmz::orchestrator
