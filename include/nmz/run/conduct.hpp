// The middle of a run: from the site's workers to the end of the last job, with the user's signals.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "nmz/coordinator/conduct.hpp"
#include "nmz/error/result.hpp"
#include "nmz/orchestrator/orchestrator.hpp"

namespace nmz::run {

class Display;

/// The program's event loop, and the user's signals on it. It is there before the first thing is made and until the
/// last is gone, so that none of them is left behind by a signal.
struct Loop {
  Loop() = default;
  boost::asio::io_context io{1};
  coordinator::Signals signals{io};
};

/// What a program runs on its workers.
struct Undertaking {
  Undertaking(dispatch::Plan& plan_in, coordinator::WorkSource& source_in, coordinator::Observer& narrator_in)
      : plan{plan_in}, source{source_in}, narrator{narrator_in} {}
  dispatch::Plan& plan;                            // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  coordinator::WorkSource& source;                 // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  coordinator::Observer& narrator;                 // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Display* display = nullptr;                      ///< whose keys are for this; null: nobody's
  std::string items;                               ///< what runs, in the plural: "tests"
  std::function<void(const std::string&)> notice;  ///< one line for the user
};

/// Signals end it. `workers`: what the site has given; where the user had enough while an image was built or pushed for
/// them, that is the end as well. Throws StepFailed for another failure of it.
[[nodiscard]] coordinator::RunEnd conduct(Loop& loop, Result<std::unique_ptr<orchestrator::Orchestrator>> workers,
                                          const Undertaking& undertaking, const coordinator::Options& options);

}  // namespace nmz::run
