// The options about what must not run beside what: --exclusive, --group, --slots, --needs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nmz/command_line/option.hpp"
#include "nmz/error/result.hpp"
#include "nmz/schedule/constrained_plan.hpp"

namespace nmz::nmzswarm {

struct ApartOptions {
  ApartOptions() = default;
  std::vector<std::string> exclusive;                        ///< expressions
  std::vector<std::pair<std::string, std::uint32_t>> slots;  ///< names of resources, and how many there are
  std::vector<std::pair<std::string, std::string>> needs;    ///< an expression and a name

  [[nodiscard]] bool any() const { return !exclusive.empty() || !needs.empty(); }
};

/// The rows of the table. `options` outlives the parser.
[[nodiscard]] std::vector<command_line::Option> apart_options(ApartOptions& options);

/// What they say of these workloads. Errors (misconfigured): an expression that is none, a name without slots.
[[nodiscard]] Result<schedule::Constraints> constraints(const ApartOptions& options,
                                                        const std::vector<std::string>& ids);

}  // namespace nmz::nmzswarm
