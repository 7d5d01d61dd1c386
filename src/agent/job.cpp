// See job.hpp.
#include "job.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/wire/codec.hpp"

#include "process.hpp"
#include "process_tree.hpp"

namespace nmz::agent {
namespace {

using job::OutcomeKind;
using job::Phase;
using std::chrono::milliseconds;

/// How long the kernel may take to end killed processes (it frees their memory first) before they are given up.
constexpr milliseconds kill_patience{10'000};

/// From the wire: anything. Far enough away to be never, near enough not to overflow a time_point.
milliseconds bounded(milliseconds duration) {
  return std::clamp(duration, milliseconds{0}, milliseconds{std::chrono::hours{24 * 365}});
}

tl::unexpected<job::Outcome> not_started(int error, std::string detail) {
  job::Outcome outcome;
  outcome.kind = OutcomeKind::not_started;
  outcome.code = error;
  outcome.detail = std::move(detail);
  return tl::unexpected<job::Outcome>{std::move(outcome)};
}

bool has_nul(const std::string& string) { return string.find('\0') != std::string::npos; }

bool is_success(int wait_status) { return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0; }

/// What the machine has too few of: another time, or with fewer workers, the same command could be started.
bool is_shortage(int error) { return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE; }

job::Outcome explain_no_start(const Command& command, int error) {
  return is_shortage(error) ? failed(error, "start", command.argv.front()).value()
                            : not_started(error, explain_not_started(command, error)).value();
}

std::string current_directory() {
  std::array<char, PATH_MAX> path{};
  return ::getcwd(path.data(), path.size()) == nullptr ? std::string{} : std::string{path.data()};
}

}  // namespace

Job::Job(wire::Run run, std::string root, Peer peer, Progress progress)
    : run_{std::move(run)},
      root_{std::move(root)},
      peer_{std::move(peer)},
      progress_{std::move(progress)},
      cap_{run_.log_limit},
      watched_{run_.watch},
      null_{::open("/dev/null", O_RDONLY | O_CLOEXEC)} {
  result_.job = run_.job;
  result_.attempt = run_.attempt;
  result_.nonce = run_.nonce;
}

void Job::start() {
  if (auto prepared = prepare(); !prepared) {
    finish(std::move(prepared.error()));
    return;
  }
  start_phase(run_.build.empty() ? Phase::test : Phase::build);
}

Attempt<> Job::prepare() {
  if (!null_) {
    return failed(errno, "open", "/dev/null");
  }
  const auto is_no_variable = [](const std::string& entry) { return entry.find('=') + 1 <= 1; };
  if (run_.argv.empty()) {
    return not_started(EINVAL, "there is no command to execute");
  }
  if (std::ranges::any_of(run_.argv, has_nul) || std::ranges::any_of(run_.env, has_nul) || has_nul(run_.program) ||
      has_nul(run_.build) || has_nul(run_.directory) || has_nul(run_.match)) {
    return not_started(EINVAL, "a NUL byte cannot be passed to a command");
  }
  if (std::ranges::any_of(run_.env, is_no_variable)) {
    return not_started(EINVAL, "an environment variable has to be NAME=value");
  }
  if (!run_.match.empty()) {
    auto matcher = LineMatcher::compile(run_.match);
    if (!matcher) {
      return not_started(EINVAL, "regular expression '" + printable(run_.match) + "': " + matcher.error());
    }
    matcher_.emplace(std::move(*matcher));
  }
  for (const std::string& name : run_.unset) {
    environment_.unset(name);
  }
  for (const std::string& entry : run_.env) {
    const std::size_t equals = entry.find('=');
    environment_.set(entry.substr(0, equals), entry.substr(equals + 1));
  }
  if (auto opened = open_directory(); !opened) {
    return opened;
  }
  return open_input();
}

Attempt<> Job::open_directory() {
  std::string path = root_.empty() ? current_directory() : root_;
  if (!run_.directory.empty()) {
    path = run_.directory.front() == '/' ? run_.directory : path + '/' + run_.directory;
  }
  directory_ = UniqueFd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!directory_) {
    const int error = errno;
    auto failure = failed(error, "run in", path);
    if (error == ENOENT || error == ENOTDIR || error == ELOOP) {
      failure.value().kind = OutcomeKind::untestable;
    }
    return failure;
  }
  environment_.set("PWD", path);
  return {};
}

// A file in memory instead of a pipe: the command may read it at its own pace, or not at all, and nobody has to feed
// it.
Attempt<> Job::open_input() {
  if (run_.input.empty()) {
    return {};
  }
  input_ = UniqueFd{::memfd_create("input", MFD_CLOEXEC)};
  std::string_view rest{run_.input};
  while (input_ && !rest.empty()) {
    const ssize_t put = ::write(input_.get(), rest.data(), rest.size());
    if (put < 0 && errno != EINTR) {
      break;
    }
    rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
  if (!rest.empty() || ::lseek(input_.get(), 0, SEEK_SET) != 0) {
    return failed(errno, "keep the input of", run_.argv.front());
  }
  return {};
}

void Job::start_phase(Phase phase) {
  phase_ = phase;
  main_status_.reset();
  Command command;
  command.environment = &environment_;
  command.directory = directory_.get();
  command.input = null_.get();
  if (phase == Phase::build) {
    command.argv = {"sh", "-c", run_.build};
    command.files = {"/bin/sh"};
  } else {
    command.argv = run_.argv;
    command.files = environment_.candidates(run_.program.empty() ? run_.argv.front() : run_.program);
    command.input = input_ ? input_.get() : null_.get();
  }
  if (const int error = log_.open(); error != 0) {
    finish(failed(error, "make a pipe for", run_.argv.front()).value());
    return;
  }
  command.output = log_.writer();
  binds_ = BindWatch{};
  command.watch = run_.watch ? &binds_ : nullptr;
  started_ = Clock::now();
  cpu_before_ = cpu_of_children();
  last_words_.clear();
  disks_ = DiskWatch{written_directories(), other_directories()};
  disks_.look(started_);
  processes_.emplace();
  const auto process = start_process(command);
  log_.close_writer();
  if (!process) {
    collect();
    finish(explain_no_start(command, process.error()));
    return;
  }
  main_ = *process;
  watched_ = watched_ && binds_.fd() >= 0;
  if (phase == Phase::test && run_.timeout > milliseconds{0}) {
    deadline_ = started_ + bounded(run_.timeout);
  }
  peer_.send(wire::Started{run_.job, phase});
}

void Job::collect() {
  children_left_ = Reaper::collect([this](pid_t child, int status) {
    if (child == main_ && !main_status_) {
      main_status_ = status;
      ended_ = Clock::now();
    }
  });
}

void Job::on_child() {
  collect();
  // The same signals may have told this agent to end, and then the job has ended with that.
  if (!done_ && main_status_ && (!stopped_ || !children_left_)) {
    end_phase();
  }
}

std::optional<Job::Clock::time_point> Job::deadline() const {
  return done_ ? std::nullopt : std::optional{std::min(deadline_.value_or(disks_.next_look()), disks_.next_look())};
}

// The disk is looked at now, too: what is said of it is said while it is full.
void Job::on_log() {
  disks_.look(Clock::now());
  constexpr int buffers_at_once = 4;
  for (int i = 0; i < buffers_at_once && log_.read([this](std::string_view bytes) { pass_on(bytes); }); ++i) {
  }
}

void Job::on_bind() {
  const auto call = binds_.next();
  if (!call) {
    return;
  }
  watched_ = watched_ && call->readable;
  if (call->takes) {
    tell_taken(*call->takes);
  }
  binds_.let_go_on(*call);
}

/// Before the test has it: what is disturbed by that ends later, so nobody hears of its end without having heard this.
void Job::tell_taken(const job::Taken& what) {
  if (std::ranges::find(taken_, what) != taken_.end()) {
    return;
  }
  if (taken_.size() == wire::most_taken) {
    watched_ = false;
    return;
  }
  taken_.push_back(what);
  peer_.send(wire::Took{run_.job, what});
  watched_ = peer_.deliver() && watched_;
}

void Job::on_time() {
  const auto now = Clock::now();
  if (!done_ && now >= disks_.next_look()) {
    disks_.look(now);
  }
  if (done_ || !deadline_ || now < *deadline_) {
    return;
  }
  collect();
  if (stopped_ || main_status_) {
    end_phase();
  } else {
    stop(OutcomeKind::timed_out);
  }
}

void Job::cancel() {
  if (done_ || stopped_) {
    return;
  }
  collect();
  if (!main_status_) {
    stop(OutcomeKind::cancelled);
    return;
  }
  if (phase_ == Phase::build) {
    stopped_ = OutcomeKind::cancelled;
  }
  end_phase();
}

void Job::abandon() {
  if (done_) {
    return;
  }
  stopped_ = OutcomeKind::cancelled;
  end_phase();
}

void Job::stop(OutcomeKind reason) {
  stopped_ = reason;
  const milliseconds grace = bounded(run_.kill_grace);
  if (grace == milliseconds{0}) {
    end_phase();
    return;
  }
  signal_descendants(SIGTERM, main_);
  signal_descendants(SIGCONT, main_);  // a stopped process would not see TERM
  deadline_ = Clock::now() + grace;
}

void Job::end_phase() {
  const auto ended = [this](pid_t child, int status) {
    if (child == main_ && !main_status_) {
      main_status_ = status;
      ended_ = Clock::now();
    }
  };
  disks_.look_at_the_end(Clock::now());
  if (!main_status_ || !is_success(*main_status_)) {
    on_log();
    limit_ = processes_->met(last_words_);
  }
  const bool complete = kill_descendants(main_, kill_patience, ended, progress_);
  if (!main_status_) {
    main_status_ = SIGKILL;  // what it will end with, once the kernel lets go of it
    ended_ = Clock::now();
  }
  deadline_.reset();
  log_.drain([this](std::string_view bytes) { pass_on(bytes); });
  const auto lasted = std::chrono::duration_cast<std::chrono::microseconds>(ended_ - started_);
  (phase_ == Phase::build ? result_.build_time : result_.test_time) = lasted;
  result_.cpu_time = cpu_of_children() - cpu_before_;
  if (phase_ == Phase::build && !stopped_ && is_success(*main_status_)) {
    start_phase(Phase::test);
    return;
  }
  job::Outcome outcome = end_outcome();
  if (!limit_.empty() && outcome.kind != OutcomeKind::cancelled) {
    outcome.kind = OutcomeKind::unprepared;
    outcome.code = EAGAIN;
    outcome.detail = limit_;
  }
  if (!complete) {
    outcome.detail += outcome.detail.empty() ? "" : "; ";
    outcome.detail += "some of its processes could not be killed";
  }
  finish(std::move(outcome));
}

job::Outcome Job::end_outcome() {
  job::Outcome outcome;
  const int status = *main_status_;
  const int number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  if (phase_ == Phase::test && matcher_) {
    outcome.matched = matcher_->finish();
  }
  if (stopped_) {
    outcome.kind = *stopped_;
    if (*stopped_ == OutcomeKind::timed_out) {
      outcome.detail = "still running after " + std::to_string(run_.timeout.count()) + " ms";
      outcome.disk_full = ran_out_of_space();
    }
    return outcome;
  }
  outcome.kind = WIFEXITED(status) ? OutcomeKind::exited : OutcomeKind::signaled;
  outcome.code = number;
  if (phase_ == Phase::build) {
    if (!WIFEXITED(status)) outcome.detail = job::describe(outcome);
    outcome.kind = OutcomeKind::build_failed;
    outcome.code = WIFEXITED(status) ? number : 128 + number;
  }
  outcome.disk_full = !is_success(status) && ran_out_of_space();
  // Whoever has the descriptor shares its position.
  outcome.unread = phase_ == Phase::test && input_ && ::lseek(input_.get(), 0, SEEK_CUR) == 0;
  return outcome;
}

/// Where a command may write as a matter of course.
std::vector<std::string> Job::written_directories() const {
  std::vector<std::string> directories{root_.empty() ? "." : root_, "/tmp"};
  if (const char* const temporary = environment_.get("TMPDIR"); temporary != nullptr) {
    directories.emplace_back(temporary);
  }
  return directories;
}

/// And where some do.
std::vector<std::string> Job::other_directories() const {
  std::vector<std::string> directories{"/var/tmp", "/dev/shm"};
  for (const char* const name : {"HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"}) {
    if (const char* const value = environment_.get(name); value != nullptr) {
      directories.emplace_back(value);
    }
  }
  return directories;
}

/// Quotas of users show in the words alone.
bool Job::ran_out_of_space() const {
  return disks_.was_full() || disks_.refuses() ||
         (disks_.was_low() && last_words_.has_line_with({"no space left on device"}, {""})) ||
         last_words_.has_line_with({"disk quota exceeded"}, {""});
}

void Job::pass_on(std::string_view bytes) {
  if (matcher_ && phase_ == Phase::test) {
    matcher_->feed(bytes);
  }
  last_words_.feed(bytes);
  send_log(cap_.admit(bytes));
}

void Job::send_log(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, wire::data_chunk);
    peer_.send(wire::Log{run_.job, std::string{piece}});
    bytes.remove_prefix(piece.size());
  }
}

void Job::finish(job::Outcome outcome) {
  send_log(cap_.tail());
  result_.outcome = std::move(outcome);
  result_.outcome.watched = watched_ && main_ != 0;
  result_.outcome.disk_tight = disks_.was_tight();
  result_.log_bytes = cap_.written();
  result_.log_cut = cap_.cut();
  done_ = true;
  peer_.send(result_);
}

}  // namespace nmz::agent
