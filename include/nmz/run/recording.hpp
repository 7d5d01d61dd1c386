// Every run is recorded: its events are stored beside its logs, for `PROGRAM show RUN`.
//
// What cannot be recorded costs a notice, never the run. Where --json names the very file, that is the recording.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "nmz/events/stream.hpp"
#include "nmz/view/json_lines.hpp"

namespace nmz::run {

/// In a run's log directory.
inline constexpr const char* recording_name = "events.jsonl";

class Recording final : public events::Consumer {
 public:
  /// `program`: of which this is the last run from now on. `json`: the file of --json.
  Recording(const std::filesystem::path& log_directory, events::Kind kind, const std::string& program,
            const std::string& json);

  void show(const events::Event& event, events::Seconds now) override;
  /// The last call. What went wrong, one line; empty otherwise.
  [[nodiscard]] std::string close();

 private:
  std::unique_ptr<view::JsonLines> file_;
  std::string trouble_;
};

/// At the end of a run: the logs of old runs go (nmz/logs/pruning.hpp). What cannot be removed is told by `logs prune`.
void prune_old_logs();

}  // namespace nmz::run
