// See worker.hpp.
#include "worker.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

[[noreturn]] void execute(const std::vector<std::string>& argv, const WorkerOptions& options) {
  std::vector<char*> pointers;
  for (const std::string& argument : argv) {
    pointers.push_back(const_cast<char*>(argument.c_str()));  // NOLINT: execv() does not write
  }
  pointers.push_back(nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const auto& [resource, value] : options.limits) {
    const rlimit both{value, value};
    ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
  }
  const uid_t user = options.user;
  if (!options.unprivileged || ::geteuid() != 0 ||
      (::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0)) {
    ::execv(pointers[0], pointers.data());
  }
  ::_exit(99);
}

}  // namespace

Worker::Worker(const WorkerOptions& options)
    : tree_{options.tree.empty() ? temp_.path() / "tree" : options.tree},
      outside_{temp_.path() / "outside"},
      with_tree_{options.with_tree} {
  fs::create_directories(tree_);
  fs::create_directories(outside_);
  start(options);
  if (options.greet) {
    wire::Hello hello;
    hello.heartbeat = options.heartbeat;
    send(hello);
    static_cast<void>(expect<wire::Welcome>());
  }
}

void Worker::start(const WorkerOptions& options) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw_errno("socketpair");
  }
  fd_ = ends[0];
  fs::path program{NMZ_AGENT};
  const bool drop = options.unprivileged && ::geteuid() == 0;
  if (drop) {
    // Where the build is may be closed to others.
    program = temp_.path() / "nmzagent";
    fs::copy_file(NMZ_AGENT, program);
    fs::permissions(temp_.path(), fs::perms{0755});
    if (::chown(tree_.c_str(), options.user, options.user) != 0) {
      throw_errno("chown");
    }
  }
  std::vector<std::string> argv{program.string()};
  constexpr int agent_fd = 7;
  if (!options.arguments.empty()) {
    argv.insert(argv.end(), options.arguments.begin(), options.arguments.end());
  } else {
    argv.insert(argv.end(), {"--fd", std::to_string(agent_fd)});
    if (options.with_tree) {
      argv.insert(argv.end(), {"--tree", tree_.string()});
    }
  }
  pid_ = ::fork();
  if (pid_ < 0) {
    throw_errno("fork");
  }
  if (pid_ == 0) {
    if (!options.arguments.empty()) {
      ::dup2(ends[1], STDIN_FILENO);
      ::dup2(ends[1], STDOUT_FILENO);
    } else if (ends[1] == agent_fd) {
      ::fcntl(agent_fd, F_SETFD, 0);
    } else {
      ::dup2(ends[1], agent_fd);
    }
    execute(argv, options);
  }
  ::close(ends[1]);
}

Worker::~Worker() {
  close_stream();
  if (pid_ > 0) {
    // Through waitid() first: the agent has a moment to end its job's processes by itself.
    for (int i = 0; i < 500 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) {
      std::this_thread::sleep_for(10ms);
      if (i == 499) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
      }
    }
  }
}

void Worker::send(const wire::Message& message) const {
  std::string bytes;
  wire::encode(message, bytes);
  send_bytes(bytes);
}

void Worker::send_bytes(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      throw_errno("send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::optional<wire::Message> Worker::receive(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    auto next = decoder_.next();
    if (!next) {
      throw std::runtime_error{next.error().message};
    }
    if (*next) {
      return std::move(**next);
    }
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd event{fd_, POLLIN, 0};
    if (::poll(&event, 1, std::max(0, static_cast<int>(rest.count()))) <= 0) {
      throw std::runtime_error{"the agent sent nothing in time"};
    }
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got <= 0) {
      return std::nullopt;
    }
    decoder_.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
}

wire::Message Worker::receive_no_heartbeat() {
  for (;;) {
    auto message = receive();
    if (!message) {
      throw std::runtime_error{"the agent has gone"};
    }
    if (!std::holds_alternative<wire::Heartbeat>(*message)) {
      return std::move(*message);
    }
  }
}

void Worker::send_file(const File& file) const {
  wire::TreeFile message;
  message.path = file.path;
  message.mode = file.mode;
  message.size = file.content.size();
  message.keep_if_same = file.keep_if_same;
  message.git = file.git;
  send(message);
  for (std::string_view rest = file.content; !rest.empty();) {
    const std::string_view piece = rest.substr(0, wire::data_chunk);
    send(wire::TreeData{std::string{piece}});
    rest.remove_prefix(piece.size());
  }
}

job::Outcome Worker::lay_out(const std::vector<File>& files, const std::vector<std::string>& removed,
                             wire::TreeBegin begin) {
  send(begin);
  for (const std::string& path : removed) {
    send(wire::TreeRemove{path});
  }
  for (const File& file : files) {
    send_file(file);
  }
  send(wire::TreeEnd{});
  return expect<wire::TreeReady>().outcome;
}

wire::Run Worker::job(std::vector<std::string> argv) {
  wire::Run run;
  run.job = job::JobId{++last_job_};
  run.argv = std::move(argv);
  return run;
}

JobResult Worker::run(const wire::Run& run) {
  send(run);
  return await_job();
}

JobResult Worker::await_job() {
  JobResult result;
  for (bool finished = false; !finished;) {
    const auto message = receive_no_heartbeat();
    if (const auto* started = std::get_if<wire::Started>(&message)) {
      result.started.push_back(started->phase);
    } else if (const auto* log = std::get_if<wire::Log>(&message)) {
      result.log += log->bytes;
    } else {
      result.finished = std::get<wire::Finished>(message);
      finished = true;
    }
  }
  for (bool last = !with_tree_; !last;) {
    auto state = expect<wire::TreeState>();
    std::ranges::move(state.changed, std::back_inserter(result.changed));
    last = state.last;
  }
  std::ranges::sort(result.changed);
  return result;
}

void Worker::await_started() {
  while (expect<wire::Started>().phase != job::Phase::test) {
  }
}

void Worker::end_input() const { ::shutdown(fd_, SHUT_WR); }

void Worker::close_stream() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

int Worker::wait_for_exit() {
  const auto deadline = Clock::now() + patience;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) {
      throw std::runtime_error{"the agent did not end in time"};
    }
    std::this_thread::sleep_for(1ms);
  }
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool is_alive(pid_t pid) {
  std::string stat;
  try {
    stat = support::read_file("/proc/" + std::to_string(pid) + "/stat");
  } catch (const std::exception&) {
    return false;
  }
  const std::size_t state = stat.rfind(") ");
  return state != std::string::npos && stat[state + 2] != 'Z' && stat[state + 2] != 'X';
}

bool disappears(pid_t pid, std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (is_alive(pid)) {
    if (Clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

bool takes_pending(pid_t pid, int signal) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const std::string status = support::read_file("/proc/" + std::to_string(pid) + "/status");
    const std::size_t shared = status.find("ShdPnd:");
    if (shared == std::string::npos) return false;
    if ((std::stoull(status.substr(shared + 7), nullptr, 16) >> static_cast<unsigned>(signal - 1) & 1U) == 0)
      return true;
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
}

pid_t await_pid_file(const fs::path& file) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const std::string text = fs::exists(file) ? support::read_file(file) : "";
    if (text.ends_with('\n')) {
      return static_cast<pid_t>(std::stol(text));
    }
    if (Clock::now() > deadline) {
      throw std::runtime_error{"no process id in " + file.string()};
    }
    std::this_thread::sleep_for(1ms);
  }
}

std::map<std::string, std::string> snapshot(const fs::path& directory) {
  std::map<std::string, std::string> found;
  for (auto entry = fs::recursive_directory_iterator{directory}; entry != fs::recursive_directory_iterator{}; ++entry) {
    const std::string path = entry->path().lexically_relative(directory).string();
    if (path == ".git") {
      entry.disable_recursion_pending();
    } else if (entry->is_symlink()) {
      found[path] = "link " + fs::read_symlink(entry->path()).string();
    } else if (entry->is_directory()) {
      found[path] = "directory";
    } else if (!entry->is_regular_file()) {
      found[path] = "special";
    } else {
      const bool executable = (entry->status().permissions() & fs::perms::owner_exec) != fs::perms::none;
      found[path] = (executable ? "executable " : "file ") + support::read_file(entry->path());
    }
  }
  return found;
}

}  // namespace nmz::agent
