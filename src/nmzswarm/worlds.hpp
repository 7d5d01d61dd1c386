// The worlds of local workers (--isolate; nmz/sandbox/plan.hpp): each has /tmp, processes and, if wished, a network of
// its own, and sees this directory through an overlay, so that what one writes there no other finds, nor the user.
//
// It is the world that nmzbisect's workers have, with an empty work tree: what is laid over the user's directory is
// nothing but what its tests write.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/orchestrator/local.hpp"

#include "options.hpp"

namespace nmz::nmzswarm {

struct Worlds {
  Worlds() = default;
  std::vector<std::filesystem::path> trees;  ///< of each worker
  std::vector<std::string> plans;            ///< likewise, encoded
  std::string no_way_out;                    ///< why tests with a network of their own reach nothing outside of it
  std::function<Result<orchestrator::LocalPlace>(job::WorkerId)> another;
};

/// Makes what the workers need below `run_directory`. Errors (misconfigured): this machine does not allow it.
[[nodiscard]] Result<Worlds> make_worlds(Isolate isolate, const std::filesystem::path& agent,
                                         const std::filesystem::path& run_directory, std::uint32_t workers);

}  // namespace nmz::nmzswarm
