// See gateway.hpp.
#include "gateway.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process_tree.hpp"

namespace nmz::agent {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::chrono::milliseconds look_every{2};

/// This process as all of the machine sees it: the /proc here is still the one outside.
std::string number_outside() {
  std::array<char, 32> number{};
  const ssize_t length = ::readlink("/proc/self", number.data(), number.size());
  return {number.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

void keep_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) {
    return;
  }
  for (auto& set : sets) {
    set.inheritable = set.permitted;
  }
  ::syscall(SYS_capset, &header, sets.data());
  for (unsigned long one = 0; one <= CAP_LAST_CAP; ++one) {
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, one, 0, 0);
  }
}

/// In the process that waits. `line`: a byte comes when the other has a new network, one goes back when it is open.
[[noreturn]] void become_pasta(const std::string& program, const std::string& network, int line) {
  char word = 0;
  if (::read(line, &word, 1) != 1) {
    ::_exit(1);
  }
  // Newer ones close all others when they begin, and have no right any more to open it by its name.
  const int target = ::open(network.c_str(), O_RDONLY | O_CLOEXEC);
  if (target < 0 || ::write(line, &word, 1) != 1) {
    ::_exit(1);
  }
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(target, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::dup2(null, STDERR_FILENO);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  keep_capabilities();
  std::vector<std::string> words{program, "--foreground", "--quiet", "--config-net", "--no-map-gw"};
  for (const char* ports : {"-t", "-u", "-T", "-U"}) {
    words.insert(words.end(), {ports, "none"});
  }
  if (::geteuid() == 0) {
    words.insert(words.end(), {"--runas", "0"});
  }
  words.insert(words.end(), {"--netns-only", "--netns", "/proc/self/fd/0"});
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& one : words) {
    argv.push_back(one.data());
  }
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  ::_exit(1);
}

/// A line behind the headline, of either protocol: the loopback has one in IPv6.
bool has_route() {
  std::string routes;
  return read_file("/proc/net/route", routes) && std::ranges::count(routes, '\n') > 1;
}

}  // namespace

Attempt<Gateway> Gateway::prepare(const std::string& program) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return failed(errno, "start", program);
  }
  UniqueFd ours{ends[0]};
  const UniqueFd others{ends[1]};
  const std::string network = "/proc/" + number_outside() + "/ns/net";
  const pid_t process = ::fork();
  if (process == 0) {
    ours.reset();
    become_pasta(program, network, others.get());
  }
  if (process < 0) {
    return failed(errno, "start", program);
  }
  return Gateway{process, std::move(ours)};
}

Attempt<> Gateway::open() {
  // Nobody else is in this world yet.
  ::prctl(PR_SET_DUMPABLE, 1);
  char word = 'x';
  const bool handed = ::write(line_.get(), &word, 1) == 1 && ::read(line_.get(), &word, 1) == 1;
  ::prctl(PR_SET_DUMPABLE, 0);
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (handed && std::chrono::steady_clock::now() < deadline && ::waitpid(process_, nullptr, WNOHANG) == 0) {
    if (has_route()) {
      return {};
    }
    std::this_thread::sleep_for(look_every);
  }
  return failed(ENETUNREACH, "open a way out of", "the network of its own, with pasta");
}

}  // namespace nmz::agent
