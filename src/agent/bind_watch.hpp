// Noticing which fixed ports and sockets a test takes, so that two tests that want the same are not judged by that.
//
// A seccomp filter stops the test's processes at bind(2) alone, until this agent has looked at the address and let the
// call go on (seccomp_unotify(2), Linux 5.5). bind() is rare, so this costs nothing, and every program is seen, also a
// static one. Rejected: looking into /proc/net now and then (what is short is missed), LD_PRELOAD (Go, static
// programs), a network namespace (the outside would be out of reach).
//
// The filter is set without NO_NEW_PRIVS, which would break sudo: that needs CAP_SYS_ADMIN in the process's own user
// namespace. Where this is missing, or another filter already has a listener (a search inside of a test), nothing is
// noticed and the job is not `watched`. Nor are the calls of 32-bit programs that go through socketcall(2), and what
// others bind on the test's behalf (dockerd).
//
// If this agent dies the calls that wait fail, and so does the test, which dies with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nmz/job/taken.hpp"

#include "unique_fd.hpp"

namespace nmz::agent {

/// The child's side of vfork(), before it executes the command: sets the filter and sends what hears of it through the
/// socket. System calls only. What follows goes on without, if that is impossible here.
void watch_own_binds(int socket);

class BindWatch {
 public:
  BindWatch() = default;
  /// What came through the socket, if anything did.
  explicit BindWatch(int socket);

  /// To wait on; -1 when nothing is noticed, or nobody is left who could call.
  [[nodiscard]] int fd() const { return listener_.get(); }

  struct Call {
    unsigned long long id = 0;
    std::optional<job::Taken> takes;  ///< nothing when others could not want it
    bool readable = true;             ///< false: there is no knowing what it takes
  };
  /// A call that waits, now that fd() can be read. Each is to be let go on.
  [[nodiscard]] std::optional<Call> next();
  void let_go_on(const Call& call) const;

 private:
  UniqueFd listener_;
};

}  // namespace nmz::agent
