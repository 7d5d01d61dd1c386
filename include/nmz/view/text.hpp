// What a run says to a person: on a terminal, and on a pipe; for both programs.
//
// Both get one line a result, and a summary at the end. A terminal has one more line at the bottom that is redrawn in
// place: how far it is, what runs, when it may be over; of a suite it shows only the failures as they happen. On a pipe
// that would stay silent for long a line says that the run goes on (CI services end what is silent). Of a suite's
// failures the ends of the logs are shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nmz/events/stream.hpp"
#include "nmz/view/live_line.hpp"

namespace nmz::view {

using events::Seconds;

enum class Verbosity : std::uint8_t { quiet, normal, verbose };
/// `automatic`: on a terminal, as far as the environment does not say otherwise.
enum class Colour : std::uint8_t { automatic, always, never };

/// Which results of a suite have a line of their own: each level has those before it as well, as nextest's.
enum class StatusLevel : std::uint8_t { none, fail, retry, slow, pass, skip, all };
/// Of which of a suite's workloads the output is shown: as `failed` at the end, else when it is there.
enum class ShowOutput : std::uint8_t { never, failed, all, live };

struct TextStyle {
  TextStyle() = default;
  Verbosity verbosity = Verbosity::normal;
  std::optional<StatusLevel> status_level;  ///< none: what suits the verbosity, and a terminal
  ShowOutput output = ShowOutput::failed;
  bool live = false;  ///< a status line that is redrawn
  bool colour = false;
  bool explain = false;  ///< a search: why each commit is taken for what it is

  /// As the stream and the environment suggest: live on a terminal that is not "dumb". Colours there as well; never
  /// where NO_COLOR is set, always where CLICOLOR_FORCE is (and is not 0): no-color.org, bixense.com/clicolors.
  static TextStyle for_stream(std::FILE* stream, Verbosity verbosity, Colour colour = Colour::automatic);
};

class Text final : public events::Consumer {
 public:
  Text(std::FILE* out, events::Kind kind, TextStyle style);

  void show(const events::Event& event, Seconds now) override;

  /// While something else has the terminal nothing is printed; what happens is followed all the same.
  void hide() { live_.set_hidden(true); }
  void show_again() { live_.set_hidden(false); }
  /// A line that says how far the run is.
  void tell_progress();

  /// The status line for a terminal of `columns`; exposed for tests.
  [[nodiscard]] std::string status(Seconds now, std::size_t columns) const;

 private:
  struct Running {
    std::string name;
    Seconds since{0};
    Seconds expected{0};
    std::string output;  ///< for ShowOutput::live, what is not a whole line yet
  };

  void on(const events::RunStarted& event);
  void on(const events::WorkloadsListed& event);
  void on(const events::WorkerReady& event);
  void on(const events::PhaseStarted& event);
  void on(const events::StillRunning& event);
  void on(const events::JobReturned& event);
  void on(const events::JobEnded& event);
  void on(const events::RunsAgain& event);
  void on(const events::VerdictKnown& event);
  void on(const events::Explained& event);
  void on(const events::Progress& event);
  void on(const events::WorkerGone& event);
  void on(const events::Notice& event);
  void on(const events::Output& event);
  void on(const events::RunEnded& event);
  void on(const events::Tick& event);
  /// The rest is not for this view. A dry run's plan is the program's answer.
  void on(const auto& /*event*/) {}

  [[nodiscard]] bool searches() const { return kind_ == events::Kind::search; }
  [[nodiscard]] bool quiet() const { return style_.verbosity == Verbosity::quiet; }
  [[nodiscard]] bool verbose() const { return style_.verbosity == Verbosity::verbose; }
  [[nodiscard]] bool wanted(const events::JobEnded& event) const;
  [[nodiscard]] std::string coloured(const std::string& text, const char* colour) const;
  [[nodiscard]] std::string what_is_left(const events::JobEnded& event) const;
  void expect(std::size_t left, Seconds expected_left);
  void line(const std::string& text);
  void show_output(std::size_t size);
  void show_lines(Running& running, std::size_t size);
  [[nodiscard]] std::string how_far(std::size_t columns) const;
  [[nodiscard]] std::string bar(std::size_t columns) const;
  void sum_up(const events::RunEnded& event, const events::SearchResult& result);
  void sum_up(const events::RunEnded& event, const events::SuiteResult& result);
  void tell_failures(const events::SuiteResult& result);
  void print_log(const events::Failure& failure);
  void explain();

  events::Kind kind_;
  TextStyle style_;
  LiveLine live_;
  Seconds now_{0};  ///< of the event that is shown
  bool ended_ = false;
  std::string output_;     ///< of the only test that runs: what is not a whole line yet
  std::size_t left_ = 0;   ///< candidates
  std::size_t items_ = 0;  ///< workloads, or runs of a hunt; 0 = not listed yet, or without a limit
  bool repeated_ = false;
  std::size_t done_ = 0;  ///< results
  std::size_t failed_ = 0;
  std::map<std::string, std::size_t> words_;  ///< a search's results by their word
  std::uint32_t workers_ = 0;
  std::uint32_t ready_ = 0;
  Seconds bound_{0};  ///< of the whole list; 0 = nothing is known
  Seconds expected_left_{0};
  Seconds expected_at_{0};
  Seconds last_line_{0};
  Seconds drawn_at_{0};
  events::Explained explained_;  ///< what is told at the end
  std::map<job::JobId, Running> running_;
};

/// "0.53 s", "12 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration(Seconds seconds);
[[nodiscard]] std::string sentence(const events::WorkerGone& event);

}  // namespace nmz::view
