#include "nmz/run/recording.hpp"

#include <chrono>
#include <utility>

#include "nmz/installation/user_directories.hpp"
#include "nmz/logs/last_run.hpp"
#include "nmz/logs/pruning.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::run {
namespace fs = std::filesystem;

Recording::Recording(const fs::path& log_directory, events::Kind kind, const std::string& program,
                     const std::string& json) {
  const fs::path file = log_directory / recording_name;
  if (!json.empty() && output::is_same_file(json, file)) return;
  auto opened = view::JsonLines::open(file.string(), kind, view::JsonLines::Pace::recorded);
  if (opened) {
    file_ = std::move(*opened);
    // Where this cannot be written, the run can still be named by its directory.
    static_cast<void>(logs::remember_last(program, log_directory));
  } else {
    trouble_ = opened.error().message;
  }
}

void Recording::show(const events::Event& event, events::Seconds now) {
  if (file_) file_->show(event, now);
}

std::string Recording::close() {
  if (file_) {
    const Result<void> written = std::exchange(file_, nullptr)->close();
    if (!written) trouble_ = written.error().message;
  }
  return trouble_.empty() ? "" : "this run cannot be shown again: " + trouble_;
}

void prune_old_logs() {
  const Result<fs::path> place = installation::state_directory();
  if (place) static_cast<void>(logs::prune(*place, std::chrono::system_clock::now()));
}

}  // namespace nmz::run
