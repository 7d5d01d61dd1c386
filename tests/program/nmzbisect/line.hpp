// The plainest history, for tests whose subject is something else: a line of commits, the number of each in a file.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "support/scratch_repository.hpp"

namespace nmz::conformance {

/// Commit i writes "i\n" to "number".
inline std::vector<support::ScratchCommit> line(std::size_t commits) {
  std::vector<support::ScratchCommit> result;
  for (std::size_t i = 0; i < commits; ++i) {
    std::vector<std::size_t> parents;
    if (i > 0) {
      parents.push_back(i - 1);
    }
    result.emplace_back(std::move(parents),
                        std::map<std::string, support::ScratchFile>{{"number", fmt::format("{}\n", i)}});
  }
  return result;
}

/// A checked out repository with such a line.
class LineRepository : public support::ScratchRepository {
 public:
  explicit LineRepository(std::size_t commits, const std::vector<std::string>& init_options = {},
                          const std::string& name = "repo")
      : ScratchRepository{init_options, name} {
    if (init_options.empty()) {
      add_and_checkout(line(commits));
    } else {
      add(line(commits));
    }
  }

  /// From the first commit to the last.
  [[nodiscard]] std::string range() const { return ids().front() + ".." + ids().back(); }
};

/// `sh -c <script>`.
inline std::vector<std::string> shell(const std::string& script) { return {"sh", "-c", script}; }

/// A command that fails from commit `number` of a line on.
inline std::vector<std::string> fails_from(std::size_t number) {
  return shell(fmt::format("test $(cat number) -lt {}", number));
}

/// `options... -- command...`
inline std::vector<std::string> arguments(std::vector<std::string> options, const std::vector<std::string>& command) {
  options.emplace_back("--");
  options.insert(options.end(), command.begin(), command.end());
  return options;
}

}  // namespace nmz::conformance
