// What is kept and shown of a run, whichever program's: its logs, its views and its recording.
//
// The narrator's events go to all consumers; what cannot be written of what was asked for is told at the end, and costs
// an otherwise good run its exit status.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "nmz/events/stream.hpp"
#include "nmz/logs/log_store.hpp"
#include "nmz/run/display.hpp"
#include "nmz/run/page_server.hpp"
#include "nmz/run/program.hpp"
#include "nmz/run/recording.hpp"
#include "nmz/run/settings.hpp"
#include "nmz/site/site.hpp"
#include "nmz/view/json_lines.hpp"
#include "nmz/view/page.hpp"
#include "nmz/view/picture.hpp"

namespace nmz::run {

/// --json's view; null where it is not asked for.
[[nodiscard]] Result<std::unique_ptr<view::JsonLines>> open_json(const Program& program, const Settings& settings);

/// Tells what of --json and of standard output could not be written. Returns the exit status, which is `status` where
/// nothing is lacking.
[[nodiscard]] int tell_losses(const Program& program, const Settings& settings, view::JsonLines* json, int status);

class Records {
 public:
  /// `title`: what the run is about; the log directory is named after it. `stream`: where the text view is. Throws
  /// StepFailed.
  Records(const Program& program, const Settings& settings, std::string title, std::FILE* stream);

  [[nodiscard]] std::chrono::system_clock::time_point began() const { return began_; }
  [[nodiscard]] logs::LogStore& logs() { return logs_; }
  [[nodiscard]] Display& display() { return display_; }
  /// The views and the recording are shown what `narrator` tells; last the display, which may wait for a person.
  template <class Narrator>
  void follow(Narrator& narrator) {
    if (json_) narrator.add(*json_);
    if (page_) narrator.add(*page_);
    if (server_) narrator.add(*server_);
    if (picture_) narrator.add(*picture_);
    narrator.add(recording_);
    narrator.add(display_);
  }

  /// As far as both programs know it.
  [[nodiscard]] events::RunStarted beginning(const site::Site& site, std::uint32_t workers) const;

  /// After the last event. As tell_losses().
  [[nodiscard]] int tell_losses(int status);
  /// The last call: leaves the site, and removes the logs of old runs.
  void close(site::Site& site);

 private:
  const Program& program_;    // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const Settings& settings_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string title_;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
  std::unique_ptr<view::JsonLines> json_;
  logs::LogStore logs_;
  std::unique_ptr<view::Page> page_;  ///< null where it is not asked for, as the next
  std::unique_ptr<view::Picture> picture_;
  std::unique_ptr<PageServer> server_;
  Recording recording_;
  Display display_;
};

}  // namespace nmz::run
