// A search from what is known to its answer: how what is remembered (memory.hpp) reaches the plan, and when the search
// is done again because it was of no use.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "nmz/coordinator/coordinator.hpp"
#include "nmz/site/site.hpp"

#include "memory.hpp"
#include "prepared_search.hpp"
#include "remembering_plan.hpp"
#include "reporter.hpp"

namespace nmz::nmzbisect {

struct Recall {
  explicit Recall(Memory& memory_in) : memory{memory_in} {}
  Memory& memory;                       // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::optional<RememberingPlan> plan;  ///< of the search; made anew with it
  std::string note;                     ///< a line for the user; may be empty
  std::function<void()> new_plan;       ///< what the search's plan is to know besides; may be empty
};

/// Tells the search's plan what is known, which may be all. `shared`: see Memory::begin().
void recollect(Search& search, const site::Site& site, const std::string& shared, Recall& recall);

/// The reporter hears of it.
void tell_known(Recall& recall, Reporter& reporter);

/// With a plan that knows nothing yet, and is told what there is to know.
void begin_again(Search& search, Recall& recall, Reporter& reporter);

/// Runs the search, and again until what is remembered and what the tests say agree.
[[nodiscard]] coordinator::RunEnd run_until_agreed(Search& search, Recall& recall, Reporter& reporter,
                                                   const std::function<coordinator::RunEnd()>& run);

}  // namespace nmz::nmzbisect
