// See process_tree.hpp.
//
// /proc/<pid>/task/<tid>/children is one small file per thread but needs CONFIG_PROC_CHILDREN; the other way reads the
// parent of every process of the machine. Both see only what exists while they read.
#include "process_tree.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"

#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

pid_t to_pid(std::string_view text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  return error == std::errc{} && end == text.data() + text.size() ? pid : 0;
}

/// The numeric names in a directory: processes of /proc, threads of /proc/<pid>/task.
std::vector<pid_t> numbers_in(const std::string& directory) {
  std::vector<pid_t> numbers;
  const files::Listing listing = files::open_listing(directory);
  while (const dirent* entry = listing ? files::next(listing) : nullptr) {
    if (const pid_t number = to_pid(entry->d_name); number > 0) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

/// Appends the children of one process. False when the kernel does not list them.
bool append_children(pid_t parent, std::vector<pid_t>& children) {
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  bool listed = false;
  std::string text;
  for (const pid_t thread : numbers_in(tasks)) {
    if (!read_file(tasks + '/' + std::to_string(thread) + "/children", text)) {
      continue;
    }
    listed = true;
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      if (const pid_t child = to_pid(rest.substr(0, space)); child > 0) {
        children.push_back(child);
      }
      rest.remove_prefix(std::min(space + 1, rest.size()));
    }
  }
  return listed;
}

/// The parent of a process, from the fields behind the command name, which may contain anything.
pid_t parent_of(pid_t process, std::string& text) {
  if (!read_file("/proc/" + std::to_string(process) + "/stat", text)) {
    return 0;
  }
  const std::string_view stat{text};
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 4 >= stat.size()) {
    return 0;
  }
  const std::string_view from_parent = stat.substr(name_end + 4);
  return to_pid(from_parent.substr(0, from_parent.find(' ')));
}

std::vector<pid_t> descendants_by_parents() {
  std::multimap<pid_t, pid_t> children;
  std::string text;
  for (const pid_t process : numbers_in("/proc")) {
    children.emplace(parent_of(process, text), process);
  }
  std::vector<pid_t> found{::getpid()};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) {
      found.push_back(child->second);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<pid_t> descendants() {
  std::vector<pid_t> found;
  if (!append_children(::getpid(), found)) {
    return descendants_by_parents();
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    append_children(found[i], found);
  }
  return found;
}

/// A number of /proc/PID/status.
std::uint64_t number_after(std::string_view name, const std::string& status) {
  const std::size_t at = status.find(name);
  std::uint64_t number = 0;
  if (at != std::string::npos) {
    std::from_chars(status.data() + at + name.size(), status.data() + status.size(), number);
  }
  return number;
}

/// Waits for the end of a child, a few milliseconds at most (SIGCHLD is blocked in this program).
void wait_for_child() {
  sigset_t child_ended;
  ::sigemptyset(&child_ended);
  ::sigaddset(&child_ended, SIGCHLD);
  const timespec patience{0, 5'000'000};
  ::sigtimedwait(&child_ended, nullptr, &patience);
}

}  // namespace

bool read_file(const std::string& path, std::string& text) {
  text.clear();
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while (file && (got = ::read(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return static_cast<bool>(file);
}

std::string& all_processes() {
  static std::string proc{"/proc"};
  return proc;
}

std::uint64_t threads_of(uid_t user) {
  std::uint64_t threads = 0;
  std::string status;
  for (const pid_t process : numbers_in(all_processes())) {
    if (read_file(all_processes() + '/' + std::to_string(process) + "/status", status) &&
        number_after("\nUid:\t", status) == user) {
      threads += number_after("\nThreads:\t", status);
    }
  }
  return threads;
}

int become_subreaper() { return ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 ? 0 : errno; }

std::size_t signal_descendants(int signal, pid_t leader) {
  const std::vector<pid_t> processes = descendants();
  for (const pid_t process : processes) {
    ::kill(process, signal);
  }
  if (processes.empty() && leader > 0) {
    ::kill(-leader, signal);
  }
  return processes.size();
}

std::chrono::microseconds cpu_of_children() {
  struct rusage used {};
  ::getrusage(RUSAGE_CHILDREN, &used);
  const auto time = [](const timeval& part) {
    return std::chrono::seconds{part.tv_sec} + std::chrono::microseconds{part.tv_usec};
  };
  return time(used.ru_utime) + time(used.ru_stime);
}

bool Reaper::collect(const Ended& ended) {
  int status = 0;
  pid_t child = 0;
  while ((child = ::waitpid(-1, &status, WNOHANG)) > 0) {
    ended(child, status);
  }
  return child == 0;
}

bool kill_descendants(pid_t leader, std::chrono::milliseconds patience, const Reaper::Ended& ended,
                      const std::function<void()>& meanwhile) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (Reaper::collect(ended)) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
    signal_descendants(SIGKILL, leader);
    meanwhile();
    wait_for_child();
  }
  return true;
}

}  // namespace nmz::agent
