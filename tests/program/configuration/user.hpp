// A user with a home, a system and a repository of a test's own: "number" is 0 to 9 in ten commits, and v0 is the
// first.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/run_program.hpp"
#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"

namespace nmz::configured {

class User {
 public:
  User();

  [[nodiscard]] std::filesystem::path home() const { return place_.path() / "home"; }
  [[nodiscard]] std::filesystem::path system() const { return place_.path() / "system"; }
  [[nodiscard]] const std::filesystem::path& top() const { return repository_.path(); }
  [[nodiscard]] const std::vector<std::string>& ids() const { return repository_.ids(); }
  /// `git config ARGUMENT...` in the repository.
  void config(const std::vector<std::string>& arguments) const;
  std::string git(const std::vector<std::string>& arguments) const { return repository_.git(arguments); }

  /// In the top of the repository, or `directory`.
  [[nodiscard]] support::Ended run(std::vector<std::string> argv, const std::filesystem::path& directory = {},
                                   const std::string& input = {}) const;
  [[nodiscard]] support::Ended bisect(std::vector<std::string> arguments,
                                      const std::filesystem::path& directory = {}) const;
  [[nodiscard]] support::Ended swarm(std::vector<std::string> arguments, const std::string& workloads) const;

 private:
  support::TempDirectory place_;
  support::ScratchRepository repository_;
};

}  // namespace nmz::configured
