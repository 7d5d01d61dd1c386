#include "nmz/run/replay.hpp"

#include <cstddef>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>
#include <variant>

#include "nmz/events/json.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/logs/last_run.hpp"
#include "nmz/run/recording.hpp"

namespace nmz::run {
namespace fs = std::filesystem;
namespace {

/// As often as a run has them.
constexpr events::Seconds tick{0.25};

bool is_place(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

/// Logs are beside their recording, wherever it was brought.
class Logs {
 public:
  explicit Logs(fs::path directory) : now_{std::move(directory)} {}

  void find_in(events::Event& event) {
    if (const auto* const started = std::get_if<events::RunStarted>(&event)) before_ = started->log_directory;
    if (auto* const done = std::get_if<events::JobEnded>(&event)) move(done->log);
    if (auto* const end = std::get_if<events::RunEnded>(&event)) {
      move(end->search.deciding_log);
      for (auto* const list : {&end->suite.failures, &end->suite.earlier_failures, &end->suite.flaky}) {
        for (events::Failure& failure : *list) move(failure.log);
      }
      for (events::HuntedWorkload& one : end->suite.hunted) {
        for (events::FailureGroup& group : one.groups) move(group.log);
      }
    }
  }

 private:
  void move(std::string& log) const {
    const fs::path path{log};
    std::error_code ignored;
    if (log.empty() || before_.empty() || path.parent_path() != before_ || fs::equivalent(before_, now_, ignored))
      return;
    log = (now_ / path.filename()).string();
  }

  fs::path now_;
  fs::path before_;
};

class Player {
 public:
  Player(const fs::path& directory, const std::function<events::Consumer&(events::Kind)>& consumer,
         const std::function<bool(events::Seconds)>& wait, Replayed& replayed)
      : make_{consumer}, wait_{wait}, replayed_{replayed}, logs_{directory} {}

  Result<void> play(const std::string& line) {
    if (consumer_ == nullptr) {
      const auto kind = events::kind_of(line);
      if (!kind) return tl::unexpected{kind.error()};
      kind_ = *kind;
      consumer_ = &make_(kind_);
    }
    auto recorded = events::read_json_line(line, kind_);
    if (!recorded) return tl::unexpected{recorded.error()};
    if (*recorded) show(**recorded);
    return {};
  }

 private:
  bool waited(events::Seconds until) {
    if (wait_ && !wait_(until)) replayed_.stopped = true;
    return !replayed_.stopped;
  }

  void show(events::Recorded& recorded) {
    for (events::Seconds now = last_ + tick; now < recorded.time; now += tick) {
      if (!waited(now)) return;
      consumer_->show(events::Tick{}, now);
    }
    if (!waited(recorded.time)) return;
    last_ = recorded.time;
    logs_.find_in(recorded.event);
    consumer_->show(recorded.event, recorded.time);
    if (auto* const end = std::get_if<events::RunEnded>(&recorded.event)) {
      replayed_.ended = true;
      replayed_.end = std::move(*end);
    }
  }

  const std::function<events::Consumer&(events::Kind)>&
      make_;                                          // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  const std::function<bool(events::Seconds)>& wait_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Replayed& replayed_;                                // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  Logs logs_;
  events::Kind kind_ = events::Kind::search;
  events::Consumer* consumer_ = nullptr;
  events::Seconds last_{0};
};

}  // namespace

Result<fs::path> find_run(const std::string& run, const std::string& program) {
  if (run == "last") {
    const auto last = logs::last_run(program);
    if (!last) return tl::unexpected{last.error()};
    if (*last) return **last;
    return fail(ErrorKind::not_found, "no run of " + program + " is known here; name its log directory");
  }
  if (is_place(run)) return fs::path{run};
  const Result<fs::path> state = installation::state_directory();
  const bool a_name = run.find('/') == std::string::npos && !run.empty();
  if (state && a_name && is_place(*state / run)) return *state / run;
  return fail(ErrorKind::not_found, "there is no run '" + run + "' (" + program + " logs lists them)");
}

Result<Replayed> replay(const fs::path& directory, const std::function<events::Consumer&(events::Kind)>& consumer,
                        const std::function<bool(events::Seconds)>& wait) {
  const fs::path path = directory / recording_name;
  std::ifstream file{path, std::ios::binary};
  if (!file) return fail(ErrorKind::not_found, "there is no recording of a run in '" + directory.string() + "'");
  Replayed replayed;
  Player player{directory, consumer, wait, replayed};
  std::string line;
  std::size_t number = 1;
  for (; !replayed.stopped && std::getline(file, line) && !file.eof(); ++number) {
    const Result<void> played = player.play(line);
    if (played) continue;
    return fail(ErrorKind::rejected, path.string() + ":" + std::to_string(number) + ": " + played.error().message);
  }
  if (number == 1) return fail(ErrorKind::not_found, "there are no events in '" + path.string() + "'");
  return replayed;
}

}  // namespace nmz::run
