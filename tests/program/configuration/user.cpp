#include "user.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace nmz::configured {
namespace fs = std::filesystem;

User::User() : place_{"user", NMZ_USERS} {
  fs::create_directory(home());
  std::vector<support::ScratchCommit> commits;
  for (std::size_t i = 0; i < 10; ++i) {
    commits.push_back({i == 0 ? std::vector<std::size_t>{} : std::vector{i - 1},
                       {{"number", std::to_string(i) + "\n"}, {"deep/below/file", "x"}}});
  }
  commits.front().tags = {"v0"};
  repository_.add_and_checkout(commits);
}

void User::config(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all{"config"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  repository_.git(all);
}

support::Ended User::run(std::vector<std::string> argv, const fs::path& directory, const std::string& input) const {
  support::Program program{std::move(argv)};
  program.directory = directory.empty() ? top() : directory;
  program.input = input;
  program.unset = {"NMZ_*", "GIT_*", "XDG_*", "GITHUB_ACTIONS"};
  program.env = {"HOME=" + home().string(), "GIT_CONFIG_SYSTEM=" + system().string()};
  return support::run_program(program);
}

support::Ended User::bisect(std::vector<std::string> arguments, const fs::path& directory) const {
  arguments.insert(arguments.begin(), NMZ_NMZBISECT);
  return run(std::move(arguments), directory);
}

support::Ended User::swarm(std::vector<std::string> arguments, const std::string& workloads) const {
  arguments.insert(arguments.begin(), {NMZ_NMZSWARM, "--no-history", "--workloads", "-"});
  return run(std::move(arguments), {}, workloads);
}

}  // namespace nmz::configured
