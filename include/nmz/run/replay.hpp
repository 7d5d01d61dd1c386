// A recorded run, shown as if it happened now.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/events/event.hpp"
#include "nmz/events/stream.hpp"

namespace nmz::run {

/// The directory of a run: `run` itself if it is one, else the one of that name in the user's state directory; of
/// "last" the last run of `program`. Errors (not_found): one line.
[[nodiscard]] Result<std::filesystem::path> find_run(const std::string& run, const std::string& program);

struct Replayed {
  Replayed() = default;
  bool ended = false;    ///< else the run was killed, or goes on
  bool stopped = false;  ///< by `wait`
  events::RunEnded end;
};

/// Reads the recording in `directory` and shows each event, with the ticks between. Makes the consumer when it knows
/// what kind of run it is. A line that was cut off by the end of the program is no line. Before each event `wait` is
/// told when it happened; false ends the replay. Errors (not_found, rejected).
[[nodiscard]] Result<Replayed> replay(const std::filesystem::path& directory,
                                      const std::function<events::Consumer&(events::Kind)>& consumer,
                                      const std::function<bool(events::Seconds)>& wait = {});

}  // namespace nmz::run
