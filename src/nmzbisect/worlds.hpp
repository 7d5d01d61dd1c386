// The worlds of local workers (nmz/sandbox/plan.hpp), or the reason why there are none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/sandbox/watch.hpp"

#include "inputs.hpp"
#include "options.hpp"

namespace nmz::nmzbisect {

struct Worlds {
  Worlds() = default;
  std::vector<std::string> plans;  ///< of each worker, encoded; empty: the tests run in the user's own world
  /// Of a worker that the user adds, whose place is made; as `plans`.
  std::function<Result<std::string>(std::uint32_t number)> another;
  std::shared_ptr<sandbox::Watch> watch;  ///< null where nothing of the checkout is seen
  std::vector<std::string> foreign;       ///< untracked entries that tests can read, but not change
  std::string no_way_out;                 ///< why tests that have a network of their own reach nothing outside
  std::string lacking;                    ///< why there are none though they were asked for; a part of a sentence
  [[nodiscard]] bool possible() const { return !plans.empty(); }
};

/// Makes what the workers need below `run_directory`, and tries whether this machine allows it.
[[nodiscard]] Worlds make_worlds(const Options& options, const git::Repository& repository, const Inputs& inputs,
                                 const std::filesystem::path& agent, const std::filesystem::path& run_directory,
                                 std::uint32_t workers);

}  // namespace nmz::nmzbisect
