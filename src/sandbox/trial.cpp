#include "nmz/sandbox/trial.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nmz::sandbox {
namespace {

constexpr int lowest = 10;  ///< above all that a child is given by number
constexpr int plan_fd = 5;
constexpr int patience_ms = 10'000;

std::string reason(int error) { return std::error_code{error, std::generic_category()}.message(); }

/// What comes until the end, or until nothing has come for long.
std::string read_all(int fd, bool& ended) {
  std::string text;
  std::array<char, 512> buffer{};
  pollfd event{fd, POLLIN, 0};
  while (::poll(&event, 1, patience_ms) > 0) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    ended = got <= 0;
    if (ended) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

int start(const std::filesystem::path& agent, const std::filesystem::path& tree, int plan, int complaints, pid_t& pid) {
  std::vector<std::string> arguments{agent.string(),          "--try",  "--world",
                                     std::to_string(plan_fd), "--tree", tree.string()};
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
  sigset_t none{};
  sigset_t all{};
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, plan, plan_fd);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int error = ::posix_spawn(&pid, agent.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

Result<files::UniqueFd> hand_over(const std::string& encoded_plan) {
  const files::UniqueFd low{::memfd_create("world", MFD_CLOEXEC)};
  files::UniqueFd file{low ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, lowest) : -1};
  if (!file ||
      ::pwrite(file.get(), encoded_plan.data(), encoded_plan.size(), 0) != static_cast<ssize_t>(encoded_plan.size())) {
    return fail(ErrorKind::retryable, "cannot hand over a plan: " + reason(errno));
  }
  return file;
}

std::optional<std::string> try_world(const std::filesystem::path& agent, const Plan& plan,
                                     const std::filesystem::path& tree) {
  const auto file = hand_over(encode(plan));
  if (!file) return file.error().message;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return reason(errno);
  const files::UniqueFd reader{ends[0]};
  files::UniqueFd writer{::fcntl(ends[1], F_DUPFD_CLOEXEC, lowest)};
  ::close(ends[1]);
  pid_t pid = 0;
  if (const int error = start(agent, tree, file->get(), writer.get(), pid); error != 0) return reason(error);
  writer.reset();
  bool ended = false;
  std::string said = read_all(reader.get(), ended);
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::nullopt;
  said = said.substr(0, said.find('\n'));
  const std::string name = "nmzagent: ";
  if (said.starts_with(name)) said.erase(0, name.size());
  return said.empty() ? "it took too long" : said;
}

std::optional<std::string> try_world(const std::filesystem::path& agent, Surroundings& surroundings, Plan& plan,
                                     const std::filesystem::path& tree) {
  std::optional<std::string> why = try_world(agent, plan, tree);
  if (!why || plan.gateway.empty()) return why;
  plan.gateway.clear();
  surroundings.close_gateway(std::move(*why));
  return try_world(agent, plan, tree);
}

}  // namespace nmz::sandbox
