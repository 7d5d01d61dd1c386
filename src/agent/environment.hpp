// The environment of a job and what is looked up in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nmz/job/outcome.hpp"

namespace nmz::agent {

class Environment {
 public:
  /// The agent's own variables.
  [[nodiscard]] static Environment inherited();

  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  /// Null when not set.
  [[nodiscard]] const char* get(std::string_view name) const;

  [[nodiscard]] const std::vector<std::string>& variables() const { return variables_; }

  /// The files to try for a command, in this order: itself if it has a '/', otherwise one for each directory of PATH.
  [[nodiscard]] std::vector<std::string> candidates(std::string_view command) const;

 private:
  std::vector<std::string> variables_;  ///< "NAME=value"
};

}  // namespace nmz::agent
