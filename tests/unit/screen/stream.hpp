// Runs as streams of events, told to a model.
#pragma once

#include <string>

#include "nmz/screen/desk.hpp"
#include "nmz/screen/model.hpp"
#include "nmz/screen/painter.hpp"

namespace nmz::screen {

[[nodiscard]] inline std::string commit(std::size_t number) {
  std::string id(40, '0');
  const std::string digits = std::to_string(number);
  return id.replace(0, digits.size() + 1, digits + "c");
}

/// Of `commits`, one after the other; the first is the good end.
[[nodiscard]] inline events::HistoryRead line_of(std::size_t commits) {
  events::HistoryRead history;
  for (std::size_t i = 0; i < commits; ++i) {
    events::HistoryCommit one;
    one.commit = commit(i);
    one.subject = "change " + std::to_string(i);
    one.part = i == 0 ? events::Part::good_end : events::Part::candidate;
    if (i > 0) one.parents = {static_cast<std::uint32_t>(i - 1)};
    history.commits.push_back(one);
  }
  return history;
}

/// A run that is told event by event, a second each.
class Told {
 public:
  explicit Told(events::Kind kind) : model{kind} {}

  void tell(const events::Event& event) { model.show(event, now); }
  void later(double seconds) { now += Seconds{seconds}; }

  void start(std::uint32_t workers, std::size_t candidates = 0, const std::string& title = "project",
             const std::string& command = "") {
    events::RunStarted started;
    started.command = command;
    started.title = title;
    started.where = "processes on this machine";
    started.workers = workers;
    started.candidates = candidates;
    started.rounds = 3;
    tell(started);
    for (std::uint32_t i = 0; i < workers; ++i) tell(events::WorkerReady{job::WorkerId{i}, "node" + std::to_string(i)});
  }
  void list(std::size_t workloads) {
    events::WorkloadsListed listed;
    listed.workloads = workloads;
    tell(listed);
  }
  void begin(std::uint64_t job, std::uint32_t worker, const std::string& item, double expected = 0) {
    events::PhaseStarted phase;
    phase.job = job::JobId{job};
    phase.worker = job::WorkerId{worker};
    phase.item = item;
    phase.expected = Seconds{expected};
    tell(phase);
  }
  void end(std::uint64_t job, const std::string& item, events::Mark mark, std::size_t left = 0,
           const std::string& log = "") {
    events::JobEnded ended;
    ended.job = job::JobId{job};
    ended.item = item;
    ended.subject = "the subject";
    ended.mark = mark;
    ended.word = mark == events::Mark::passed ? "good" : mark == events::Mark::failed ? "bad" : "skip";
    ended.detail = mark == events::Mark::passed ? "exit 0" : "exit 1";
    ended.took = Seconds{2};
    ended.left = left;
    ended.log = log;
    tell(ended);
  }

  /// Of a suite, as its reporter tells it.
  void end_workload(std::uint64_t job, const std::string& item, events::Mark mark, std::size_t left) {
    events::JobEnded ended;
    ended.job = job::JobId{job};
    ended.item = ended.workload = item;
    ended.mark = mark;
    ended.left = left;
    tell(ended);
  }

  Model model;
  Seconds now{0};
};

[[nodiscard]] inline std::string text_of(const std::vector<Line>& lines) {
  std::string text;
  for (const Line& line : lines) {
    std::string one = line.text();
    one.erase(one.find_last_not_of(' ') + 1);
    text += one + "\n";
  }
  return text;
}

}  // namespace nmz::screen
