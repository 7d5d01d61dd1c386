// A test that tries to look into the agent that runs it, and to take it over, by every way that Linux has for a process
// of the same user.
//
//   intruder PID     tries them on this process, prints the ways that led in, ends with 200 if there was one
//   intruder         tries them on a child of its own, to show which of them work here at all
//
// Linked statically: it runs in an image that has nothing.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int got_in = 200;
constexpr int descriptors = 32;

std::string path(pid_t pid, const char* name) { return "/proc/" + std::to_string(pid) + '/' + name; }

bool opens(pid_t pid, const char* name, int flags) {
  const int fd = ::open(path(pid, name).c_str(), flags | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

bool reads_link(pid_t pid, const char* name) {
  std::array<char, 64> target{};
  return ::readlink(path(pid, name).c_str(), target.data(), target.size()) >= 0;
}

bool reads_a_descriptor(pid_t pid) {
  for (int fd = 0; fd < descriptors; ++fd) {
    const std::string name = "fd/" + std::to_string(fd);
    if (reads_link(pid, name.c_str()) || opens(pid, name.c_str(), O_RDONLY) || opens(pid, name.c_str(), O_WRONLY)) {
      return true;
    }
  }
  return false;
}

bool takes_a_descriptor(pid_t pid) {
  const long process = ::syscall(SYS_pidfd_open, pid, 0);
  for (int fd = 0; process >= 0 && fd < descriptors; ++fd) {
    if (::syscall(SYS_pidfd_getfd, process, fd, 0) >= 0) return true;
  }
  return false;
}

/// Who may not is told so before the address is looked at.
bool copies(long call, pid_t pid) {
  long word = 0;
  const iovec here{&word, sizeof word};
  const iovec there{&word, sizeof word};
  return ::syscall(call, pid, &here, 1UL, &there, 1UL, 0UL) >= 0 || errno == EFAULT;
}

bool traces(__ptrace_request how, pid_t pid) {
  if (::ptrace(how, pid, nullptr, nullptr) != 0) return false;
  if (how == PTRACE_SEIZE) ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr);
  ::waitpid(pid, nullptr, __WALL);
  ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
  return true;
}

bool tries_all(pid_t pid) {
  const std::array<std::pair<const char*, bool>, 14> ways{{
      {"environ", opens(pid, "environ", O_RDONLY)},
      {"maps", opens(pid, "maps", O_RDONLY)},
      {"auxv", opens(pid, "auxv", O_RDONLY)},
      {"mem, read", opens(pid, "mem", O_RDONLY)},
      {"mem, write", opens(pid, "mem", O_RDWR)},
      {"exe", reads_link(pid, "exe")},
      {"cwd", reads_link(pid, "cwd")},
      {"root", opens(pid, "root", O_RDONLY | O_DIRECTORY)},
      {"descriptors", reads_a_descriptor(pid)},
      {"process_vm_readv", copies(SYS_process_vm_readv, pid)},
      {"process_vm_writev", copies(SYS_process_vm_writev, pid)},
      {"ptrace attach", traces(PTRACE_ATTACH, pid)},
      {"ptrace seize", traces(PTRACE_SEIZE, pid)},
      {"pidfd_getfd", takes_a_descriptor(pid)},
  }};
  bool any = false;
  for (const auto& [name, led_in] : ways) {
    if (led_in) static_cast<void>(std::printf("way in: %s\n", name));
    any = any || led_in;
  }
  return any;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return tries_all(std::atoi(argv[1])) ? got_in : 0;  // NOLINT(cert-err34-c): 0 is no process
  const pid_t child = ::fork();
  if (child == 0) {
    while (true) ::pause();
  }
  const bool any = tries_all(child);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return any ? 0 : 1;
}
