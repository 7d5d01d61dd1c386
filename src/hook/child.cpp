#include "child.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/events/json.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::hook {
namespace {

using files::UniqueFd;
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{8};  ///< with a child that was asked to end

struct Signals {
  UniqueFd heard;
  sigset_t before{};
  bool came = false;
};
Signals& signals() {
  static Signals all;
  return all;
}

/// Forked, not spawned: the kernel is asked for a signal at our end. There is one thread, so this is no trouble.
struct Start {
  std::vector<std::string> command;
  const char* program = nullptr;  ///< in place of the first word
  int in = -1;
  int out = -1;
  int err = -1;
  bool own_group = false;  ///< else the terminal's keys reach it
};

[[noreturn]] void become(const Start& start, std::vector<char*>& words, pid_t parent) {
  if (start.own_group) ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != parent) ::_exit(1);
  const std::array<int, 3> files{start.in, start.out, start.err};
  for (int fd = 0; fd < 3; ++fd) {
    if (files.at(static_cast<std::size_t>(fd)) >= 0) ::dup2(files.at(static_cast<std::size_t>(fd)), fd);
  }
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &standard, nullptr);
  ::sigprocmask(SIG_SETMASK, &signals().before, nullptr);
  ::execvp(start.program == nullptr ? words.front() : start.program, words.data());
  constexpr int not_there = 127;
  ::_exit(errno == ENOENT ? not_there : not_there - 1);
}

Result<pid_t> start_process(Start start) {
  std::vector<char*> words;
  for (std::string& word : start.command) words.push_back(word.data());
  words.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(ErrorKind::retryable, "no process: " + std::generic_category().message(errno));
  if (pid == 0) become(start, words, parent);
  if (start.own_group) ::setpgid(pid, pid);
  return pid;
}

int status_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

int wait_ms(Deadline until) {
  constexpr std::chrono::milliseconds look{200};  // the end of a child whose pipe somebody else holds
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::clamp(left, std::chrono::milliseconds{0}, look).count());
}

void take_signal() {
  signalfd_siginfo one{};
  while (::read(signals().heard.get(), &one, sizeof one) == static_cast<ssize_t>(sizeof one)) signals().came = true;
}

/// A child that runs, until it has ended for one reason or another.
class Running {
 public:
  Running(pid_t pid, Deadline deadline)
      : pid_{pid}, deadline_{deadline}, life_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {}

  /// Its output, where there is any, a piece at a time.
  template <class Sink>
  void attend(int out, Sink sink) {
    std::array<char, 1U << 16U> buffer{};
    while (!ended_) {
      std::array<pollfd, 3> waiting{pollfd{out, POLLIN, 0}, pollfd{signals().heard.get(), POLLIN, 0},
                                    pollfd{life_.get(), POLLIN, 0}};
      ::poll(waiting.data(), waiting.size(), wait_ms(deadline_));
      take_signal();
      if (waiting[0].revents != 0) {
        const ssize_t got = ::read(out, buffer.data(), buffer.size());
        if (got > 0) sink(std::string_view{buffer.data(), static_cast<std::size_t>(got)});
        if (got == 0) out = -1;
      }
      act();
      if (waiting[0].revents == 0 || out < 0) look();
    }
  }
  [[nodiscard]] ChildEnd::Why why() const { return why_; }
  [[nodiscard]] int status() const { return status_; }

 private:
  void act() {
    const bool late = Clock::now() >= deadline_;
    if (!late && (!interrupted() || asked_)) return;
    if (asked_) {
      ::kill(-pid_, SIGKILL);
      ::kill(pid_, SIGKILL);
      deadline_ = Deadline::max();
      return;
    }
    why_ = interrupted() ? ChildEnd::Why::interrupted : ChildEnd::Why::deadline;
    asked_ = true;
    ::kill(pid_, SIGTERM);
    deadline_ = Clock::now() + patience;
  }
  void look() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
    ended_ = true;
    status_ = status_of(status);
  }

  pid_t pid_;
  Deadline deadline_;
  UniqueFd life_;  ///< readable once it has ended; without one (an old kernel) it is looked at now and then
  ChildEnd::Why why_ = ChildEnd::Why::itself;
  bool asked_ = false;
  bool ended_ = false;
  int status_ = 0;
};

/// The lines of --json; of interest is the last.
class Story {
 public:
  void feed(std::string_view bytes) {
    text_ += bytes;
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      const auto read = events::read_json_line(std::string_view{text_}.substr(0, end), events::Kind::search);
      if (read && *read && std::holds_alternative<events::RunEnded>((*read)->event)) {
        end_ = std::get<events::RunEnded>((*read)->event);
      }
      text_.erase(0, end + 1);
    }
  }
  [[nodiscard]] const std::optional<events::RunEnded>& end() const { return end_; }

 private:
  std::string text_;
  std::optional<events::RunEnded> end_;
};

std::string text_of(int file) {
  std::string text;
  std::array<char, 4096> buffer{};
  constexpr std::size_t enough = 1U << 20U;
  for (off_t at = 0; text.size() < enough;) {
    const ssize_t got = ::pread(file, buffer.data(), buffer.size(), at);
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    at += got;
  }
  return text;
}

/// "nmzbisect: no such commit: x" becomes "no such commit: x".
std::string last_complaint(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  constexpr std::string_view name = "nmzbisect: ";
  if (text.starts_with(name)) text.erase(0, name.size());
  return text;
}

}  // namespace

void hear_signals(bool with_parent) {
  sigset_t wanted{};
  ::sigemptyset(&wanted);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&wanted, signal);
  ::sigprocmask(SIG_BLOCK, &wanted, &signals().before);
  signals().heard = UniqueFd{::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC)};
  if (with_parent) ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
}

void as_before() {
  take_signal();
  ::sigprocmask(SIG_SETMASK, &signals().before, nullptr);
}

bool interrupted() {
  if (signals().heard) take_signal();
  return signals().came;
}

Result<ChildEnd> run_child(const ChildRequest& request) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::retryable, "no pipe: " + std::generic_category().message(errno));
  }
  const UniqueFd out{pipe[0]};
  UniqueFd in{pipe[1]};
  const UniqueFd nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const UniqueFd errors{request.quiet ? ::memfd_create("errors", MFD_CLOEXEC) : -1};
  Start start;
  start.command = {"nmzbisect"};
  const auto dashes = std::ranges::find(request.arguments, "--");
  start.command.insert(start.command.end(), request.arguments.begin(), dashes);
  start.command.insert(start.command.end(), {"--json", "-"});
  start.command.insert(start.command.end(), dashes, request.arguments.end());
  start.program = "/proc/self/exe";
  start.own_group = true;
  start.in = nothing.get();
  start.out = in.get();
  start.err = errors.get();
  const Result<pid_t> pid = start_process(std::move(start));
  if (!pid) return tl::unexpected{pid.error()};
  in.reset();
  Running running{*pid, request.deadline};
  Story story;
  running.attend(out.get(), [&story](std::string_view bytes) { story.feed(bytes); });
  ChildEnd end;
  end.why = running.why();
  end.exit_code = running.status();
  end.end = story.end();
  if (errors) end.trouble = last_complaint(text_of(errors.get()));
  return end;
}

Result<int> run_foreign(const ForeignRequest& request) {
  const UniqueFd input{::memfd_create("input", MFD_CLOEXEC)};
  if (!input || ::write(input.get(), request.input.data(), request.input.size()) < 0) {
    return fail(ErrorKind::retryable, "no memory for a hook's input: " + std::generic_category().message(errno));
  }
  ::lseek(input.get(), 0, SEEK_SET);
  Start start;
  start.command = request.command;
  if (request.shell) start.command = {"/bin/sh", "-c", request.command.front()};
  start.in = input.get();
  const Result<pid_t> pid = start_process(std::move(start));
  if (!pid) return tl::unexpected{pid.error()};
  Running running{*pid, request.deadline};
  running.attend(-1, [](std::string_view) {});
  return running.status();
}

}  // namespace nmz::hook
