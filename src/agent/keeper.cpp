// See keeper.hpp. All signals are blocked and waited for: SIGCHLD of the agent and of what came here, and whatever asks
// a program to end. None of the agent's descriptors is kept: its stream has to end with it.
#include "keeper.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <optional>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process_tree.hpp"

namespace nmz::agent {
namespace {

/// How long the kernel may take to end what was killed.
constexpr std::chrono::seconds kill_patience{10};

constexpr int killed = 128;  ///< an exit code, with the signal added, as shells have it

void close_everything() {
  if (::close_range(0, ~0U, 0) != 0) {
    for (long fd = ::sysconf(_SC_OPEN_MAX); fd >= 0; --fd) {
      ::close(static_cast<int>(fd));  // a kernel before 5.9
    }
  }
}

[[noreturn]] void keep(pid_t agent) {
  close_everything();
  std::optional<int> status;
  const auto ended = [&](pid_t child, int how) {
    if (child == agent) {
      status = how;
    }
  };
  sigset_t waited_for;
  ::sigemptyset(&waited_for);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
    ::sigaddset(&waited_for, number);
  }
  for (bool told_to_end = false; !told_to_end && !status; Reaper::collect(ended)) {
    const int signal = ::sigwaitinfo(&waited_for, nullptr);
    told_to_end = signal > 0 && signal != SIGCHLD;
  }
  static_cast<void>(kill_descendants(0, kill_patience, ended, [] {}));
  const bool by_itself = status && WIFEXITED(*status);
  ::_exit(by_itself ? WEXITSTATUS(*status) : killed + (status ? WTERMSIG(*status) : SIGKILL));
}

}  // namespace

int become_kept() {
  if (const int error = become_subreaper(); error != 0) {
    return error;
  }
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t keeper = ::getpid();
  const pid_t agent = ::fork();
  if (agent > 0) {
    keep(agent);
  }
  const int error = agent < 0 ? errno : 0;
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  }
  // The first process of a world cannot see who started it.
  const bool first = ::getpid() == 1;
  return error == 0 && !first && ::getppid() != keeper ? ESRCH : error;
}

}  // namespace nmz::agent
