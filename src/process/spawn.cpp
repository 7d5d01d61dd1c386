#include "nmz/process/spawn.hpp"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace nmz::process {
namespace {

/// What posix_spawn is told beside the command, released with it.
struct Setting {
  Setting() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  Setting(Setting&&) = delete;
  Setting& operator=(Setting&&) = delete;
  ~Setting() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

tl::expected<pid_t, std::error_code> spawn(SpawnRequest request) {
  Setting setting;
  const bool has_input =
      std::ranges::any_of(request.descriptors, [](const auto& pair) { return pair.second == STDIN_FILENO; });
  if (!has_input) ::posix_spawn_file_actions_addopen(&setting.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (const auto& [ours, theirs] : request.descriptors) {
    ::posix_spawn_file_actions_adddup2(&setting.actions, ours, theirs);
  }
  sigset_t none{};
  sigset_t all{};
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&setting.attributes, &none);
  ::posix_spawnattr_setsigdefault(&setting.attributes, &all);
  ::posix_spawnattr_setflags(&setting.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> environment;
  if (request.environment) environment = pointers(*request.environment);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, request.command.front().c_str(), &setting.actions, &setting.attributes,
                     pointers(request.command).data(), request.environment ? environment.data() : environ);
  if (error != 0) return tl::unexpected<std::error_code>{std::error_code{error, std::generic_category()}};
  return pid;
}

}  // namespace nmz::process
