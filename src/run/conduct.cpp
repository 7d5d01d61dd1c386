#include "nmz/run/conduct.hpp"

#include <utility>

#include "nmz/error/steps.hpp"
#include "nmz/run/display.hpp"

namespace nmz::run {

coordinator::RunEnd conduct(Loop& loop, Result<std::unique_ptr<orchestrator::Orchestrator>> workers,
                            const Undertaking& undertaking, const coordinator::Options& options) {
  coordinator::RunEnd end;
  if (!workers && workers.error().kind == ErrorKind::cancelled) {
    end.why = dispatch::Stop::Why::interrupted;
    return end;
  }
  const auto made = need(std::move(workers));
  const coordinator::Parts parts{undertaking.plan, *made, undertaking.source, undertaking.narrator};
  const auto interrupted = [&undertaking] {
    undertaking.notice("interrupted: ending the running " + undertaking.items + " (once more to kill them)");
  };
  std::function<void(coordinator::Coordinator*)> attended;
  if (undertaking.display != nullptr) {
    attended = [&](coordinator::Coordinator* run) { undertaking.display->attend(loop.io, run); };
  }
  end = coordinator::conduct(loop.io, loop.signals, parts, options, interrupted, attended);
  if (!end.left_behind.empty()) undertaking.notice(end.left_behind);
  return end;
}

}  // namespace nmz::run
