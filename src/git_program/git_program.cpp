// See git_program.hpp.
//
// vfork, because the caller may have other threads and much memory, and posix_spawn cannot ask for a signal at the end
// of the parent. A git that waits for a lock or a dead server, and a filter that was stopped, would be left for ever by
// a program that is killed or ended by a second Ctrl-C: nothing tells the next run whose they are.
#include "nmz/git_program/git_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/diagnostics/diagnostics.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/interruption/interruption.hpp"

#include "awaited_fifo.hpp"

namespace nmz::git_program {

namespace {

constexpr std::size_t error_text_limit = std::size_t{64} << 10;

/// What git itself gets. A user's filter runs in the user's own environment.
constexpr std::array<std::string_view, 5> set_for_git{"GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "LC_ALL=C",
                                                      "GIT_PAGER=cat", "LANGUAGE=C"};

struct Pipe {
  files::UniqueFd read;
  files::UniqueFd write;

  [[nodiscard]] bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return false;
    }
    read = files::UniqueFd{ends[0]};
    write = files::UniqueFd{ends[1]};
    return true;
  }
};

/// A running git, ended when this goes.
class Child {
 public:
  explicit Child(pid_t pid) : pid_{pid} {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGTERM);
      static_cast<void>(wait());
    }
  }
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

std::vector<std::string> environment_for(const GitCommand& command) {
  std::vector<std::string> result{command.set};
  if (command.shell.empty()) {
    result.insert(result.end(), set_for_git.begin(), set_for_git.end());
  }
  const std::size_t ours = result.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view name = name_of(*entry);
    const auto same = [&](std::string_view other) { return name_of(other) == name; };
    const auto known_end = result.begin() + static_cast<std::ptrdiff_t>(ours);
    if (std::ranges::none_of(command.unset, same) && std::none_of(result.begin(), known_end, same)) {
      result.emplace_back(*entry);
    }
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  std::ranges::transform(strings, std::back_inserter(result), [](std::string& text) { return text.data(); });
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> arguments_for(const GitCommand& command) {
  if (!command.shell.empty()) {
    return {"sh", "-c", command.shell};
  }
  std::vector<std::string> arguments{"git", "--no-pager"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  return arguments;
}

/// A file that holds the input; as a file it can be read when the program likes, with nobody attending.
Result<files::UniqueFd> input_file(std::string_view input) {
  files::UniqueFd file{input.empty() ? ::open("/dev/null", O_RDONLY | O_CLOEXEC)
                                     : ::memfd_create("input", MFD_CLOEXEC)};
  while (!input.empty()) {
    const ssize_t written = ::write(file.get(), input.data(), input.size());
    if (written < 0 && errno != EINTR) {
      return fail(ErrorKind::retryable, "no memory for a filter's input: " + std::generic_category().message(errno));
    }
    input.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// What the child does with its three files, its directory and itself; built before there is a child.
struct Start {
  std::array<int, 3> files{};
  const char* directory = nullptr;
  int at_our_end = 0;  ///< the signal it gets then
  pid_t parent = 0;
  sigset_t signals{};
};

/// In the child, which shares our memory until it is another program: only system calls. Returns an errno.
int become(const Start& start, char* const* arguments, char* const* environment) {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::prctl(PR_SET_PDEATHSIG, start.at_our_end, 0, 0, 0);
  if (::getppid() != start.parent) ::_exit(1);  // it had ended before that
  for (int fd = 0; fd < static_cast<int>(start.files.size()); ++fd) {
    if (::dup2(start.files.at(static_cast<std::size_t>(fd)), fd) < 0) return errno;
  }
  if (::chdir(start.directory) != 0) return errno;
  for (const int signal : {SIGPIPE, SIGXFSZ}) ::sigaction(signal, &standard, nullptr);
  ::sigprocmask(SIG_SETMASK, &start.signals, nullptr);
  ::execvpe(arguments[0], arguments, environment);
  return errno;
}

Result<pid_t> spawn(const GitCommand& command, int in, int out, int err) {
  std::vector<std::string> arguments = arguments_for(command);
  std::vector<std::string> environment = environment_for(command);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  Start start;
  start.files = {in, out, err};
  start.directory = command.directory.c_str();
  start.at_our_end = command.shell.empty() ? SIGTERM : SIGKILL;  // git removes its temporary files; a stopped filter
  start.parent = ::getpid();
  sigemptyset(&start.signals);
  Pipe trouble;
  if (!trouble.open()) {
    return fail(ErrorKind::retryable, "no pipe for git: " + std::generic_category().message(errno));
  }
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours runs in the child
  const pid_t child = ::vfork();                  // NOLINT(clang-analyzer-security.insecureAPI.vfork)
  if (child == 0) {
    const int why = become(start, argv.data(), envp.data());
    static_cast<void>(::write(trouble.write.get(), &why, sizeof why));
    ::_exit(127);
  }
  int error = child < 0 ? errno : 0;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  trouble.write.reset();  // what exec closes says that it worked; a sanitizer makes fork of vfork, so no variable can
  static_cast<void>(::read(trouble.read.get(), &error, sizeof error));
  if (error == 0) return child;
  if (child > 0) ::waitpid(child, nullptr, 0);
  if (error == ENOENT && std::filesystem::is_directory(command.directory)) {
    return fail(ErrorKind::misconfigured, "git is not installed, or not in PATH");
  }
  const bool is_no_place = error == ENOENT || error == ENOTDIR || error == EACCES;
  const ErrorKind kind = is_no_place ? ErrorKind::misconfigured : ErrorKind::retryable;
  return fail(kind, fmt::format("cannot start git in {}: {}", command.directory.string(),
                                std::generic_category().message(error)));
}

/// Cuts what is read into lines.
class Lines {
 public:
  explicit Lines(const LineSink& sink) : sink_{sink} {}

  [[nodiscard]] bool feed(std::string_view bytes) {
    for (std::size_t end = bytes.find('\n'); end != std::string_view::npos; end = bytes.find('\n')) {
      bool more = true;
      if (partial_.empty()) {
        more = sink_(bytes.substr(0, end));
      } else {
        partial_ += bytes.substr(0, end);
        more = sink_(partial_);
        partial_.clear();
      }
      if (!more) {
        return false;
      }
      bytes.remove_prefix(end + 1);
    }
    partial_ += bytes;
    return true;
  }
  void finish() {
    if (!partial_.empty()) {
      static_cast<void>(sink_(partial_));
    }
  }

 private:
  const LineSink& sink_;
  std::string partial_;
};

using ByteSink = std::function<bool(std::string_view)>;

/// With a git that says nothing: it is looked after when it has been silent for a while, and again each time that has
/// doubled; and it is ended when the user asks for an end meanwhile. A filter of the user's may do what it likes.
class Patience {
 public:
  Patience(pid_t git, bool is_filter) : git_{git}, is_filter_{is_filter} {}

  /// For poll().
  [[nodiscard]] int limit() const { return is_filter_ ? -1 : static_cast<int>(step.count()); }
  void heard() { silent_for_ = std::chrono::milliseconds{0}; }
  /// After that long in silence. False: it shall go on no more.
  [[nodiscard]] bool go_on() {
    silent_for_ += step;
    if (interruption::signals_seen() > signals_) {
      why_ = Error{ErrorKind::cancelled, "interrupted"};
    } else if (silent_for_ >= next_look_) {
      next_look_ = silent_for_ * 2;
      if (const auto fifo = awaited_fifo(git_)) {
        why_ = Error{ErrorKind::misconfigured, "'" + *fifo + "' is no file, and git waits for it"};
      }
    }
    return !why_;
  }
  [[nodiscard]] const std::optional<Error>& why_not() const { return why_; }

 private:
  static constexpr std::chrono::milliseconds step{250};
  pid_t git_;
  bool is_filter_;
  unsigned signals_ = interruption::signals_seen();
  std::chrono::milliseconds silent_for_{0};
  std::chrono::milliseconds next_look_ = 2 * step;
  std::optional<Error> why_;
};

/// Reads both outputs to their ends. False when the sink, or our patience, has had enough.
bool pump(int out, int err, const ByteSink& sink, std::string& errors, Patience& patience) {
  std::vector<char> buffer(std::size_t{128} << 10);
  std::array<pollfd, 2> waiting{pollfd{out, POLLIN, 0}, pollfd{err, POLLIN, 0}};
  while (waiting[0].fd >= 0 || waiting[1].fd >= 0) {
    const int ready = ::poll(waiting.data(), waiting.size(), patience.limit());
    if (ready < 0 && errno != EINTR) {
      return true;
    }
    if (ready == 0 && !patience.go_on()) {
      return false;
    }
    if (ready > 0) {
      patience.heard();
    }
    for (pollfd& stream : waiting) {
      if (stream.fd < 0 || stream.revents == 0) {
        continue;
      }
      const ssize_t count = ::read(stream.fd, buffer.data(), buffer.size());
      if (count == 0 || (count < 0 && errno != EINTR)) {
        stream.fd = -1;
      } else if (count > 0 && stream.fd == out) {
        if (!sink({buffer.data(), static_cast<std::size_t>(count)})) {
          return false;
        }
      } else if (count > 0 && errors.size() < error_text_limit) {
        errors.append(buffer.data(), static_cast<std::size_t>(count));
      }
    }
  }
  return true;
}

/// A filter's command line is the user's, and may hold anything.
void note(const GitCommand& command, int exit_code, std::chrono::duration<double, std::milli> took) {
  std::string what = command.shell.empty() ? "git" : "a filter";
  for (const std::string& argument : command.arguments) what += ' ' + argument;
  constexpr std::size_t longest = 400;
  if (what.size() > longest) what = what.substr(0, longest) + "...";
  diagnostics::write(diagnostics::Level::debug, "git",
                     fmt::format("{}: exit {} after {:.1f} ms", what, exit_code, took.count()));
}

Result<GitEnd> run_bytes(const GitCommand& command, const ByteSink& sink) {
  const auto began = std::chrono::steady_clock::now();
  Pipe out;
  Pipe err;
  if (!out.open() || !err.open()) {
    return fail(ErrorKind::retryable, "no pipe for git: " + std::generic_category().message(errno));
  }
  const Result<files::UniqueFd> in = input_file(command.input);
  if (!in) {
    return tl::unexpected{in.error()};
  }
  const Result<pid_t> pid = spawn(command, in->get(), out.write.get(), err.write.get());
  if (!pid) {
    return tl::unexpected{pid.error()};
  }
  Child child{*pid};
  out.write.reset();
  err.write.reset();
  GitEnd end;
  Patience patience{*pid, !command.shell.empty()};
  if (!pump(out.read.get(), err.read.get(), sink, end.err, patience)) {
    if (patience.why_not()) return tl::unexpected<Error>{*patience.why_not()};
    return end;
  }
  end.exit_code = child.wait();
  if (diagnostics::wanted(diagnostics::Level::debug)) {
    note(command, end.exit_code, std::chrono::steady_clock::now() - began);
  }
  return end;
}

}  // namespace

Result<GitEnd> run_git(const GitCommand& command, const LineSink& sink) {
  Lines lines{sink};
  Result<GitEnd> end = run_bytes(command, [&](std::string_view bytes) { return lines.feed(bytes); });
  if (end && end->exit_code == 0) {
    lines.finish();
  }
  return end;
}

Result<GitText> run_git(const GitCommand& command) {
  GitText text;
  Result<GitEnd> end = run_bytes(command, [&](std::string_view bytes) {
    text.out += bytes;
    return true;
  });
  if (!end) {
    return tl::unexpected{end.error()};
  }
  text.exit_code = end->exit_code;
  text.err = std::move(end->err);
  return text;
}

Result<std::string> git_output(const GitCommand& command, ErrorKind kind) {
  Result<GitText> text = run_git(command);
  if (!text) {
    return tl::unexpected{text.error()};
  }
  if (text->exit_code != 0) {
    return fail(kind, complaint(text->err));
  }
  return std::move(text->out);
}

std::string complaint(std::string_view err) {
  std::string_view first;
  while (!err.empty()) {
    const std::string_view line = err.substr(0, err.find('\n'));
    err.remove_prefix(std::min(err.size(), line.size() + 1));
    if (line.starts_with("fatal: ")) {
      return std::string{line.substr(7)};
    }
    if (first.empty() || (line.starts_with("error: ") && !first.starts_with("error: "))) {
      first = line;
    }
  }
  if (first.starts_with("error: ")) {
    first.remove_prefix(7);
  }
  return std::string{first.empty() ? std::string_view{"git failed without saying why"} : first};
}

std::string without_newline(std::string text) {
  if (text.ends_with('\n')) {
    text.pop_back();
  }
  return text;
}

}  // namespace nmz::git_program
