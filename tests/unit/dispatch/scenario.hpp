// A dispatcher's run told as a list of lines: what happens, and what is done about it.
//
//     Scenario run(plan, 2);
//     EXPECT_EQ(run.tell({ready(0)}), "assign w0 s7 job1");
//
// Actions come first, then reports, as short phrases; a later attempt is shown as "assign w0 s7 job3 try2".
#pragma once

#include <chrono>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"

namespace nmz::dispatch {

/// Hands out what the test listed, in order, and keeps a diary of what it is told. Finished when all is recorded, or
/// when the test says so.
class ScriptedPlanForTests final : public Plan {
 public:
  explicit ScriptedPlanForTests(std::deque<Subject> subjects) : to_do(std::move(subjects)) {}

  std::vector<Subject> next(std::size_t count) override;
  void record(Subject subject, const job::Outcome& outcome) override;
  void give_back(Subject subject) override;
  [[nodiscard]] std::vector<Subject> pointless() const override { return no_use; }
  [[nodiscard]] bool one_at_a_time() const override { return alone; }
  void serialise() override { note("serialise"); }
  [[nodiscard]] bool exhausted() const override { return list_ends && to_do.empty(); }
  [[nodiscard]] bool finished() const override { return decided || (to_do.empty() && running == 0); }

  /// What was told since the last call: "7=exited 1, back 8".
  std::string diary() { return std::exchange(diary_, {}); }

  std::deque<Subject> to_do;
  std::vector<Subject> no_use;
  bool decided = false;
  bool alone = false;
  bool list_ends = false;  ///< it is known that nothing will be added to it
  std::size_t running = 0;
  int questions = 0;  ///< calls of next()

 private:
  void note(const std::string& line);
  std::string diary_;
};

class Scenario {
 public:
  Scenario(Plan& plan, std::uint32_t workers, Options options = Options()) : dispatcher(plan, workers, options) {}

  /// Tells the events at the present time.
  std::string tell(const std::vector<Event>& events);
  /// Lets time pass, then tells. The events must include all signs of life.
  std::string after(std::chrono::nanoseconds pause, const std::vector<Event>& events);

  Dispatcher dispatcher;
  Time now{0};
};

Event ready(std::uint32_t worker);
Event lost(std::uint32_t worker);
Event alive(std::uint32_t worker);
Event ended(std::uint32_t worker, std::uint64_t job, const job::Outcome& outcome, std::chrono::nanoseconds took = {});

/// The port 8080 of that network.
Event took(std::uint32_t worker, std::uint64_t job, std::uint64_t place = 0);

job::Outcome exited(int code);
job::Outcome outcome(job::OutcomeKind kind, int code = 0);
job::Outcome disk_full(job::OutcomeKind kind, int code);

}  // namespace nmz::dispatch
