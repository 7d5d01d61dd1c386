// See run_program.hpp. Input comes from a memory file, so that only the two outputs have to be attended to; a pidfd
// tells the program's end, which may come before the end of its output (daemons).
#include "run_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nmz::support {

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(int error, const std::string& what) {
  throw std::system_error{error, std::generic_category(), what};
}

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_ = -1;
};

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      throw_errno(errno, "pipe2");
    }
    read = Descriptor{ends[0]};
    write = Descriptor{ends[1]};
  }
  Descriptor read;
  Descriptor write;
};

Descriptor memory_file(std::string_view content) {
  Descriptor file{::memfd_create("stdin", MFD_CLOEXEC)};
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0) {
      throw_errno(errno, "memfd");
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

bool is_removed(std::string_view entry, const Program& program) {
  const std::string_view name = entry.substr(0, entry.find('='));
  const auto removes = [&](std::string_view pattern) {
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
  };
  const auto replaces = [&](std::string_view added) { return added.substr(0, added.find('=')) == name; };
  return std::ranges::any_of(program.unset, removes) || std::ranges::any_of(program.env, replaces);
}

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_removed(*entry, program)) {
      result.emplace_back(*entry);
    }
  }
  result.insert(result.end(), program.env.begin(), program.env.end());
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  std::ranges::transform(strings, std::back_inserter(result), [](std::string& text) { return text.data(); });
  result.push_back(nullptr);
  return result;
}

pid_t start(const Program& program, int input, int output, int errors) {
  std::vector<std::string> arguments = program.argv;
  std::vector<std::string> variables = environment_of(program);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
  if (!program.directory.empty()) {
    posix_spawn_file_actions_addchdir_np(&actions, program.directory.c_str());
  }
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, arguments.at(0).c_str(), &actions, &attributes, pointers(arguments).data(),
                                   pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw_errno(error, program.argv[0]);
  }
  return child;
}

/// Reads what is there. False at the end of the file.
bool read_some(int descriptor, std::string& into) {
  std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read()
  const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
  if (count > 0) {
    into.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return count > 0 || (count < 0 && errno == EINTR);
}

int poll_timeout(Clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1000));
}

/// Collects output until the process has ended, and kills its group when it is too late. `waiting`: stdout, stderr,
/// the process.
void attend(pid_t child, std::array<pollfd, 3> waiting, Clock::time_point until, Ended& ended) {
  const std::array<std::string*, 2> texts{&ended.out, &ended.err};
  while (waiting[2].revents == 0) {
    if (!ended.timed_out && Clock::now() >= until) {
      ended.timed_out = true;
      ::kill(-child, SIGKILL);
    }
    ::poll(waiting.data(), waiting.size(), ended.timed_out ? 1000 : poll_timeout(until));
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (waiting[i].revents != 0 && !read_some(waiting[i].fd, *texts[i])) {
        waiting[i].fd = -1;
      }
    }
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    while (waiting[i].fd >= 0 && ::poll(&waiting[i], 1, 0) > 0 && read_some(waiting[i].fd, *texts[i])) {
    }
  }
}

}  // namespace

Ended run_program(const Program& program) {
  const auto began = Clock::now();
  const Descriptor input = memory_file(program.input);
  Pipe out;
  Pipe err;
  const pid_t child = start(program, input.get(), out.write.get(), err.write.get());
  out.write = Descriptor{};
  err.write = Descriptor{};
  // glibc 2.36 declares pidfd_open() without extern "C".
  const Descriptor process{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  Ended ended;
  attend(child,
         {pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0}, pollfd{process.get(), POLLIN, 0}},
         began + program.timeout, ended);
  int status = 0;
  rusage usage{};
  ::wait4(child, &status, 0, &usage);
  ended.peak_memory = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  ended.duration = Clock::now() - began;
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  ended.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  return ended;
}

}  // namespace nmz::support
