// The view of a test suite for a terminal, and for a pipe.
//
// Both get one line a result, the logs of the failures at the end, and a summary. A terminal shows failures only as
// they happen, and a line at the bottom that is redrawn: how far it is, what runs, when it may be over.
// On a pipe that would stay silent for long a line says that the run goes on (CI services end what is silent).
#pragma once

#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "nmz/view/live_line.hpp"
#include "nmz/view/suite_event.hpp"
#include "nmz/view/text.hpp"

namespace nmz::view {

class SuiteText final : public SuiteView {
 public:
  SuiteText(std::FILE* out, TextStyle style);

  void show(const SuiteEvent& event, Seconds now) override;

  /// The status line for a terminal of `columns`; exposed for tests.
  [[nodiscard]] std::string status(Seconds now, std::size_t columns) const;

 private:
  struct Running {
    std::string name;
    Seconds since{0};
    Seconds expected{0};
  };

  void on(const SuiteStarted& event, Seconds now);
  void on(const WorkloadsListed& event, Seconds now);
  void on(const WorkerReady& event, Seconds now);
  void on(const WorkloadStarted& event, Seconds now);
  void on(const WorkloadDone& event, Seconds now);
  void on(const WorkerGone& event, Seconds now);
  void on(const Notice& event, Seconds now);
  void on(const SuiteEnded& event, Seconds now);
  void on(const Tick& event, Seconds now);

  [[nodiscard]] bool quiet() const { return style_.verbosity == Verbosity::quiet; }
  [[nodiscard]] std::string coloured(const std::string& text, const char* colour) const;
  void line(const std::string& text, Seconds now);
  [[nodiscard]] std::string progress(std::size_t columns) const;
  void print_log(const Failure& failure, Seconds now);
  void name_failures(const std::vector<Failure>& failures, Seconds now);

  TextStyle style_;
  LiveLine live_;
  bool ended_ = false;
  std::size_t workloads_ = 0;  ///< or runs of a hunt; 0 = not listed yet, or without a limit
  bool repeated_ = false;
  std::size_t done_ = 0;
  std::size_t failed_ = 0;
  std::uint32_t workers_ = 0;
  std::uint32_t ready_ = 0;
  Seconds bound_{0};  ///< of the whole list; 0 = nothing is known
  Seconds expected_left_{0};
  Seconds expected_at_{0};
  Seconds last_line_{0};
  Seconds drawn_at_{0};
  std::map<job::JobId, Running> running_;
};

}  // namespace nmz::view
