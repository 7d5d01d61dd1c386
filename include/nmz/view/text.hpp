// The view for a terminal, and for a pipe.
//
// Both get one line a verdict. A terminal has one more line at the bottom that is redrawn in place: what is left, the
// running probes with their times, and when it may be over. Output goes to standard error; standard output belongs to
// the answer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "nmz/view/event.hpp"
#include "nmz/view/live_line.hpp"

namespace nmz::view {

enum class Verbosity : std::uint8_t { quiet, normal, verbose };

struct TextStyle {
  TextStyle() = default;
  Verbosity verbosity = Verbosity::normal;
  bool live = false;  ///< a status line that is redrawn
  bool colour = false;

  /// As the stream and the environment suggest: live on a terminal that is not "dumb", colours unless NO_COLOR is set.
  [[nodiscard]] static TextStyle for_stream(std::FILE* stream, Verbosity verbosity);
};

class Text final : public View {
 public:
  Text(std::FILE* out, TextStyle style);

  void show(const Event& event, Seconds now) override;

  /// The status line for a terminal of `columns`; exposed for tests.
  [[nodiscard]] std::string status(Seconds now, std::size_t columns) const;

 private:
  struct Running {
    std::string commit;
    Seconds since{0};
  };

  void on(const SearchPlanned& event, Seconds now);
  void on(const SearchStarted& event, Seconds now);
  void on(const JobStarted& event, Seconds now);
  void on(const JobDone& event, Seconds now);
  void on(const Progress& event, Seconds now);
  void on(const WorkerGone& event, Seconds now);
  void on(const Notice& event, Seconds now);
  void on(const SearchEnded& event, Seconds now);
  void on(const Tick& event, Seconds now);

  [[nodiscard]] std::string what_is_left() const;
  void line(const std::string& text);
  void draw(Seconds now);

  TextStyle style_;
  LiveLine live_;
  bool ended_ = false;
  Progress progress_;
  Seconds progress_at_{0};
  std::map<job::JobId, Running> running_;
  std::map<std::string, std::size_t> words_;  ///< verdicts by their word
};

/// "0.53 s", "12 s", "3 min 20 s", "2 h 5 min".
[[nodiscard]] std::string duration(Seconds seconds);
[[nodiscard]] std::string sentence(const WorkerGone& event);

}  // namespace nmz::view
