// Too little of what workers share: of disk space, of processes, of open files.
#include <cerrno>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "nmz/dispatch/dispatcher.hpp"

#include "scenario.hpp"

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

const job::Outcome no_process = outcome(job::OutcomeKind::unprepared, EAGAIN);

TEST(DispatcherLimitsTest, WhoMeetsALimitBesideOthersMakesRoom) {
  for (const job::Outcome& limit :
       {no_process, outcome(job::OutcomeKind::unprepared, EMFILE), disk_full(job::OutcomeKind::exited, 1)}) {
    ScriptedPlanForTests plan({1, 2, 3});
    Scenario run(plan, 2);
    run.tell({ready(0), ready(1)});
    EXPECT_EQ(run.tell({ended(0, 1, limit)}), "retire w0, retried s1 job1, gone w0");
    EXPECT_EQ(run.tell({ended(1, 2, exited(0))}), "assign w1 s1 job3 try2, counted s2 job2");
    EXPECT_EQ(run.tell({ended(1, 3, limit)}), "assign w1 s1 job4 try3, retried s1 job3") << "the only one stays";
  }
}

TEST(DispatcherLimitsTest, WhatMeetsTheLimitAtOneWorkerAfterTheOtherIsNotLost) {
  ScriptedPlanForTests plan({1, 2, 3, 4, 5, 6});
  Scenario run(plan, 6);
  run.tell({ready(0), ready(1), ready(2), ready(3), ready(4), ready(5)});
  std::uint32_t with = 0;
  std::uint32_t job = 1;
  for (std::uint32_t next = 1; next < 5; ++next) {
    EXPECT_NE(run.tell({ended(with, job, no_process)}).find("retried s1"), std::string::npos) << "attempt " << next;
    // Subject 1 goes to whoever is free next.
    const std::string told = run.tell({ended(next, next + 1, exited(0))});
    job = 6 + next;
    with = next;
    EXPECT_NE(told.find("s1 job" + std::to_string(job)), std::string::npos) << told;
  }
  EXPECT_NE(run.tell({ended(with, job, exited(0))}).find("counted s1"), std::string::npos);
}

TEST(DispatcherLimitsTest, AnotherFaultOfAWorkerIsNoReasonToHaveFewer) {
  ScriptedPlanForTests plan({1, 2, 3});
  Scenario run(plan, 2);
  run.tell({ready(0), ready(1)});
  EXPECT_EQ(run.tell({ended(0, 1, outcome(job::OutcomeKind::unprepared, EIO))}), "assign w0 s3 job3, retried s1 job1");
}

TEST(DispatcherLimitsTest, WhatWaitedThereGoesBackAsIfNeverHandedOut) {
  ScriptedPlanForTests plan(std::deque<Subject>{1, 2, 3, 4, 5, 6, 7, 8});
  Options options;
  options.ahead = 2;
  Scenario run(plan, 2, options);
  run.tell({ready(0), ready(1)});
  run.after(1ms, {ended(0, 1, exited(0), 1ms)});
  run.after(1ms, {ended(1, 2, exited(0), 1ms)});
  plan.diary();
  const std::string told = run.after(1ms, {ended(0, 3, no_process)});
  EXPECT_NE(told.find("retire w0"), std::string::npos) << told;
  EXPECT_NE(told.find("returned"), std::string::npos) << told;
}

/// A machine on which `room` jobs at once get by; one more fails when it begins.
class Machine {
 public:
  Machine(Plan& plan, std::uint32_t workers, std::size_t room) : run(plan, workers), room_{room} {
    std::vector<Event> all;
    for (std::uint32_t i = 0; i < workers; ++i) all.push_back(ready(i));
    obey(run.dispatcher.step(all, run.now));
  }

  /// Until nothing runs any more.
  void work() {
    while (!running_.empty() && !run.dispatcher.stopped()) {
      std::vector<Event> ends;
      std::set<std::uint32_t> done;
      for (std::size_t i = 0; i < running_.size(); ++i) {
        const bool fits = i < room_;
        if (fits && i > 0 && running_.size() > room_) continue;  // those that fail do so at once
        const auto& [worker, job] = running_[i];
        ends.push_back(ended(worker, job, fits ? exited(0) : no_process));
        done.insert(worker);
      }
      std::erase_if(running_, [&](const auto& one) { return done.contains(one.first); });
      run.now += 10ms;
      obey(run.dispatcher.step(ends, run.now));
      ++steps;
    }
  }

  Scenario run;
  std::size_t retired = 0;
  std::size_t steps = 0;
  std::map<Subject, int> counted;
  std::optional<Stop::Why> why;

 private:
  void obey(const Step& step) {
    std::vector<Event> restarted;
    for (const Action& action : step.actions) {
      if (const auto* assign = std::get_if<Assign>(&action)) {
        running_.emplace_back(static_cast<std::uint32_t>(assign->worker), static_cast<std::uint64_t>(assign->job));
      } else if (std::holds_alternative<Retire>(action)) {
        ++retired;
      } else if (const auto* restart = std::get_if<Restart>(&action)) {
        restarted.push_back(ready(static_cast<std::uint32_t>(restart->worker)));
      } else if (const auto* stop = std::get_if<Stop>(&action)) {
        why = stop->why;
      }
    }
    for (const Report& report : step.reports) {
      const auto* end = std::get_if<Ended>(&report);
      if (end != nullptr && end->fate == Ended::Fate::counted)
        counted[end->subject] = end->outcome == exited(0) ? 0 : 1;
    }
    if (!restarted.empty()) obey(run.dispatcher.step(restarted, run.now));
  }

  std::size_t room_;
  std::vector<std::pair<std::uint32_t, std::uint64_t>> running_;
};

std::deque<Subject> hundred() {
  std::deque<Subject> subjects(100);
  std::iota(subjects.begin(), subjects.end(), 0);
  return subjects;
}

TEST(DispatcherLimitsTest, AsManyWorkersRemainAsTheMachineBears) {
  for (const std::size_t room : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{29}}) {
    ScriptedPlanForTests plan(hundred());
    Machine machine(plan, 30, room);
    machine.work();
    EXPECT_EQ(machine.why, Stop::Why::finished) << room;
    EXPECT_EQ(machine.counted.size(), 100U) << room;
    for (const auto& [subject, lost] : machine.counted) EXPECT_EQ(lost, 0) << "subject " << subject << " room " << room;
    EXPECT_GE(machine.retired, 29 - room) << "one fewer where the last two end in the same step";
    EXPECT_LE(machine.retired, 30 - room);
  }
}

TEST(DispatcherLimitsTest, ALimitThatNobodyGetsByEndsTheRun) {
  ScriptedPlanForTests plan(hundred());
  Machine machine(plan, 30, 0);
  machine.work();
  EXPECT_EQ(machine.why, Stop::Why::no_workers);
  EXPECT_LT(machine.steps, 100U);
  EXPECT_LT(machine.counted.size(), 20U) << "no list is burnt";
}

}  // namespace
}  // namespace nmz::dispatch
