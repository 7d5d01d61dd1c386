// See agent.hpp.
#include "agent.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <variant>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "process_tree.hpp"
#include "remarks.hpp"

namespace nmz::agent {
namespace {

/// Not read by the coordinator yet; beyond this the test has to wait with its output.
constexpr std::size_t backlog_limit = std::size_t{1} << 20;

/// How long messages may wait for others.
constexpr std::chrono::milliseconds together{4};

/// How long a test may be held up so that others hear first what it takes.
constexpr std::chrono::milliseconds while_a_call_waits{1000};

/// How long the last messages may take when the program ends.
constexpr std::chrono::milliseconds farewell{1000};

/// As much of a name as the coordinator takes, without half a character of UTF-8 at its end.
std::string_view shortened(std::string_view name) {
  std::size_t size = std::min(name.size(), wire::longest_name);
  const auto continues = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; };
  while (size > 0 && size < name.size() && continues(name[size])) {
    --size;
  }
  return name.substr(0, size);
}

/// Where this is, for people: a container's own name says nothing about the machine.
std::string node_name() {
  if (const char* told = std::getenv("NMZ_NODE"); told != nullptr && *told != '\0') {  // NOLINT(concurrency-mt-unsafe)
    return std::string{shortened(told)};
  }
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : std::string{};
}

}  // namespace

Agent::Agent(FrameStream peer, UniqueFd signals, std::shared_ptr<TreeRoot> root, std::function<void()> greeted,
             std::optional<World> world)
    : peer_{std::move(peer)},
      signals_{std::move(signals)},
      tree_{std::move(root), [this] { tick(); }},
      world_{std::move(world)},
      on_greeting_{std::move(greeted)} {}

ExitCode Agent::run() {
  while (!exit_) {
    wait();
  }
  if (job_) {
    job_->abandon();
  } else if (told_to_end_) {
    tree_.bequeath(job_began_);
  }
  if (!peer_gone_) {
    flush_for(farewell);
  }
  return *exit_;
}

bool Agent::may_read_log() const { return job_ && job_->log_fd() >= 0 && peer_.backlog() < backlog_limit; }

void Agent::wait() {
  std::array<pollfd, 5> events{{{signals_.get(), POLLIN, 0},
                                {may_read_log() ? job_->log_fd() : -1, POLLIN, 0},
                                {peer_.in(), POLLIN, 0},
                                {peer_.backlog() > 0 && !collects() ? peer_.out() : -1, POLLOUT, 0},
                                {job_ ? job_->bind_fd() : -1, POLLIN, 0}}};
  timespec limit{};
  const auto rest = time_to_next_event();
  if (rest) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*rest);
    limit = {seconds.count(), static_cast<long>((*rest - seconds).count())};
  }
  if (::ppoll(events.data(), events.size(), rest ? &limit : nullptr, nullptr) < 0 && errno != EINTR) {
    stop_with(ExitCode::system, "cannot wait for events");
    return;
  }
  // Ended processes first: a command that has ended by itself is not cancelled by a message that comes with its end.
  if (events[0].revents != 0) {
    on_signals();
  }
  if (events[1].revents != 0 && job_) {
    job_->on_log();
  }
  if (events[4].revents != 0 && job_) {
    job_->on_bind();
  }
  if (job_) {
    job_->on_time();
    after_job();
  }
  if (events[2].revents != 0) {
    on_messages();
  }
  tick();
  if (!collects()) {
    peer_gone_ = peer_gone_ || !peer_.flush();
    next_flush_ = Clock::now() + together;
  }
  if (peer_gone_ && !exit_) {
    exit_ = ExitCode::ok;
  }
}

/// While jobs wait, nobody waits for what this one has to say: what it says within an instant travels together.
bool Agent::collects() const {
  return !queue_.empty() && peer_.backlog() < wire::data_chunk && Clock::now() < next_flush_;
}

std::optional<std::chrono::nanoseconds> Agent::time_to_next_event() const {
  std::optional<Clock::time_point> next;
  if (heartbeat_ > std::chrono::nanoseconds{0}) {
    next = next_heartbeat_;
  }
  if (job_ && job_->deadline()) {
    next = std::min(next.value_or(*job_->deadline()), *job_->deadline());
  }
  if (!queue_.empty() && peer_.backlog() > 0) {
    next = std::min(next.value_or(next_flush_), next_flush_);
  }
  if (!next) {
    return std::nullopt;
  }
  return std::max<std::chrono::nanoseconds>(*next - Clock::now(), std::chrono::nanoseconds{0});
}

void Agent::on_signals() {
  signalfd_siginfo signal{};
  while (::read(signals_.get(), &signal, sizeof(signal)) == static_cast<ssize_t>(sizeof(signal))) {
    if (signal.ssi_signo != static_cast<unsigned>(SIGCHLD)) {
      signalled_ = true;
      shut_down();
    }
  }
  if (job_) {
    job_->on_child();
  } else {
    Reaper::collect([](pid_t, int) {});
  }
  after_job();
}

void Agent::on_messages() {
  if (!peer_.receive()) {
    peer_gone_ = true;
    return;
  }
  while (!exit_) {
    auto message = peer_.next();
    if (!message) {
      stop_with(ExitCode::protocol, message.error().message);
      return;
    }
    if (!*message) {
      return;
    }
    handle(std::move(**message));
    after_job();
    tick();
  }
}

void Agent::handle(wire::Message message) {
  if (auto* hello = std::get_if<wire::Hello>(&message); hello != nullptr || !greeted_) {
    if (hello == nullptr || greeted_ || !greet(*hello)) {
      stop_with(ExitCode::protocol, "the conversation has to begin with one Hello of this protocol version");
    }
    return;
  }
  if (std::holds_alternative<wire::Shutdown>(message)) {
    shut_down();
  } else if (const auto* cancel = std::get_if<wire::Cancel>(&message)) {
    withdraw(*cancel);
  } else if (auto* run = std::get_if<wire::Run>(&message); run != nullptr && job_ && tree_.root().empty()) {
    queue_.push_back(std::move(*run));
  } else if (job_ || shutting_down_ || !handle_between_jobs(message)) {
    stop_with(ExitCode::protocol, "the coordinator sent a message that does not belong here");
  }
}

bool Agent::handle_between_jobs(wire::Message& message) {
  return std::visit(
      [this](auto& part) {
        using Part = std::decay_t<decltype(part)>;
        if constexpr (std::is_same_v<Part, wire::TreeBegin>) {
          tree_began_ = Clock::now();
          tree_files_ = 0;
          return tree_.begin(part);
        } else if constexpr (std::is_same_v<Part, wire::TreeRemove>) {
          ++tree_files_;
          return tree_.remove(part);
        } else if constexpr (std::is_same_v<Part, wire::TreeFile>) {
          ++tree_files_;
          return tree_.file(std::move(part));
        } else if constexpr (std::is_same_v<Part, wire::TreeData>) {
          return tree_.data(part);
        } else if constexpr (std::is_same_v<Part, wire::TreeDirectory>) {
          return tree_.directory(part);
        } else if constexpr (std::is_same_v<Part, wire::TreeEnd>) {
          const auto outcome = tree_.end(part);
          if (outcome) {
            remark(laid_out, tree_files_, Clock::now() - tree_began_);
            peer_.send(wire::TreeReady{*outcome, part.nonce});
          }
          return outcome.has_value();
        } else if constexpr (std::is_same_v<Part, wire::Run>) {
          return start(std::move(part));
        } else {
          return false;
        }
      },
      message);
}

bool Agent::greet(const wire::Hello& hello) {
  wire::Welcome welcome;
  welcome.version = NMZ_VERSION;
  welcome.node = node_name();
  welcome.pid = static_cast<std::uint32_t>(::getpid());
  greeted_ = true;
  if (on_greeting_) {
    on_greeting_();  // before anybody can know of it
  }
  if (hello.kept_tree && !tree_.root().empty()) {
    welcome.kept = tree_.inherit();
  }
  // Sent in any case: it tells a coordinator of another version what it is talking to.
  peer_.send(welcome);
  remarks_ = hello.remarks && hello.protocol == wire::protocol_version;
  remark(whereabouts, tree_.root(), world_.has_value());
  constexpr std::chrono::milliseconds longest = std::chrono::hours{24};
  heartbeat_ = std::clamp(hello.heartbeat, std::chrono::milliseconds{0}, longest);
  next_heartbeat_ = Clock::now() + heartbeat_;
  return hello.protocol == wire::protocol_version;
}

/// Whether a job may start now.
bool Agent::start(wire::Run run) {
  if (tree_.is_open()) {
    return false;
  }
  const Clock::time_point asked = Clock::now();
  if (tree_.failure()) {
    refuse(run, *tree_.failure());
    return true;
  }
  if (const auto opened = world_ ? world_->open(tree_.root()) : Attempt<>{}; !opened) {
    world_->close();
    job::Outcome why = opened.error();
    why.kind = job::OutcomeKind::unprepared;  // whatever the kernel says: it is not about the commit
    refuse(run, why);
    return true;
  }
  ::clock_gettime(CLOCK_REALTIME_COARSE, &job_began_);
  remark(begins, static_cast<std::uint64_t>(run.job), Clock::now() - asked, tree_.root());
  const Job::Peer peer{[this](const wire::Message& message) { peer_.send(message); },
                       [this] {
                         flush_for(while_a_call_waits);
                         return peer_.backlog() == 0;
                       }};
  job_.emplace(std::move(run), tree_.root(), peer, [this] { tick(); });
  job_->start();
  return true;
}

void Agent::refuse(const wire::Run& run, const job::Outcome& why) {
  wire::Finished finished;
  finished.job = run.job;
  finished.attempt = run.attempt;
  finished.nonce = run.nonce;
  finished.outcome = why;
  peer_.send(finished);
  send_tree_state();
}

/// A job that is neither here nor waits is over: its Finished has crossed the Cancel.
void Agent::withdraw(const wire::Cancel& cancel) {
  if (job_ && job_->id() == cancel.job) {
    if (!cancel.only_if_waiting) {
      job_->cancel();
    }
    return;
  }
  const auto waits = std::ranges::find(queue_, cancel.job, &wire::Run::job);
  if (waits == queue_.end()) {
    return;
  }
  wire::Finished finished;
  finished.job = waits->job;
  finished.attempt = waits->attempt;
  finished.nonce = waits->nonce;
  finished.outcome.kind = job::OutcomeKind::cancelled;
  queue_.erase(waits);
  peer_.send(finished);
}

/// What has ended is told before another job begins: if that one takes us with it (out of memory, a kill), nothing that
/// was done is done again, and the right one is blamed. One that ends at once (its command cannot be executed) is
/// followed by the next: nothing would wake us for it.
void Agent::start_next() {
  while (!exit_ && !job_ && !queue_.empty()) {
    wire::Run run = std::move(queue_.front());
    queue_.pop_front();
    peer_gone_ = peer_gone_ || !peer_.flush();
    next_flush_ = Clock::now() + together;
    if (!start(std::move(run))) {
      stop_with(ExitCode::protocol, "a job cannot start in the middle of a change of the tree");
    } else if (job_ && job_->is_done()) {
      job_.reset();
    }
  }
}

void Agent::after_job() {
  if (!job_ || !job_->is_done()) {
    return;
  }
  const bool may_be_full = job_->may_have_filled_a_disk();
  job_.reset();
  if (world_) {
    world_->close();
  }
  if (may_be_full) {
    tree_.leave_room();
  }
  if (shutting_down_) {
    exit_ = exit_.value_or(ExitCode::ok);
    return;
  }
  if (!queue_.empty()) {
    start_next();
    return;
  }
  peer_gone_ = peer_gone_ || !peer_.flush();  // the verdict need not wait for the look at the tree
  send_tree_state();
}

void Agent::send_tree_state() {
  if (tree_.root().empty()) {
    return;
  }
  wire::TreeState state;
  state.last = false;
  std::size_t size = 0;
  const auto report = [&](std::string path) {
    size += path.size() + sizeof(std::uint32_t);
    state.changed.push_back(std::move(path));
    if (size >= wire::data_chunk) {
      peer_.send(state);
      state.changed.clear();
      size = 0;
    }
    tick();
  };
  if (tree_.manifest().known()) {
    tree_.manifest().report_changes(tree_.open_root().get(), job_began_, report);
  }
  state.last = true;
  peer_.send(state);
}

void Agent::shut_down() {
  told_to_end_ = true;
  if (!job_) {
    exit_ = exit_.value_or(ExitCode::ok);
  } else if (std::exchange(shutting_down_, true)) {
    job_->abandon();
  } else {
    job_->cancel();
  }
}

void Agent::stop_with(ExitCode code, std::string_view why) {
  static_cast<void>(std::fprintf(stderr, "nmzagent: %.*s\n", static_cast<int>(why.size()), why.data()));
  exit_ = code;
}

void Agent::flush_for(std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  while (peer_.flush() && peer_.backlog() > 0) {
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd event{peer_.out(), POLLOUT, 0};
    if (rest <= std::chrono::milliseconds{0} || ::poll(&event, 1, static_cast<int>(rest.count())) < 0) {
      return;
    }
  }
}

void Agent::tick() {
  if (heartbeat_ <= std::chrono::nanoseconds{0} || Clock::now() < next_heartbeat_) {
    return;
  }
  next_heartbeat_ = Clock::now() + heartbeat_;
  // Bytes that wait to be read are as good a sign of life, and heartbeats for a peer that does not read would pile up.
  if (peer_.backlog() == 0) {
    peer_.send(wire::Heartbeat{job_ ? job_->id() : job::JobId{}});
  }
  peer_gone_ = peer_gone_ || !peer_.flush();
}

}  // namespace nmz::agent
