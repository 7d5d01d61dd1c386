// The referee has to see what a wrong dispatcher would do: each rule is broken once here.
#include "referee.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "batch_list_plan.hpp"

namespace nmz::simulation {
namespace {

using dispatch::Action;
using dispatch::Ended;
using dispatch::Event;
using dispatch::Report;
using job::JobId;
using job::WorkerId;

class RefereeTest : public testing::Test {
 protected:
  RefereeTest() : plan_(10, 0, 1), referee_(plan_, perfect_world(2, 0)) {
    play({dispatch::WorkerReady{WorkerId{0}}, dispatch::WorkerReady{WorkerId{1}}},
         {dispatch::Assign{WorkerId{0}, JobId{1}, referee_.plan().next(1).front(), 1}}, {});
  }

  void play(const std::vector<Event>& events, std::vector<Action> actions, std::vector<Report> reports) {
    referee_.judge(events, dispatch::Step{std::move(actions), std::move(reports)}, Time{0});
  }

  void expect_broken(const char* rule, const std::vector<Event>& events, std::vector<Action> actions,
                     std::vector<Report> reports = {}) {
    try {
      play(events, std::move(actions), std::move(reports));
      ADD_FAILURE() << "not seen: " << rule;
    } catch (const RuleBroken& broken) {
      EXPECT_THAT(broken.what(), testing::HasSubstr(rule));
    }
  }

  static job::Outcome outcome(job::OutcomeKind kind, std::int32_t code = 0) {
    job::Outcome one;
    one.kind = kind;
    one.code = code;
    return one;
  }
  static job::Outcome passed() { return outcome(job::OutcomeKind::exited); }
  static job::Outcome killed() { return outcome(job::OutcomeKind::signaled, 9); }
  static Event ends(std::uint32_t worker, std::uint64_t job, const job::Outcome& how = passed()) {
    return dispatch::JobEnded{WorkerId{worker}, JobId{job}, how, {}};
  }
  static Report ended(Ended::Fate fate, const job::Outcome& how = passed()) {
    return Ended{fate, WorkerId{0}, JobId{1}, 0, 1, how, {}};
  }

  BatchListPlanForTests plan_;
  Referee referee_;
};

TEST_F(RefereeTest, SeesABusyWorkerGetAJob) {
  expect_broken("not free", {}, {dispatch::Assign{WorkerId{0}, JobId{2}, 5, 1}});
}
TEST_F(RefereeTest, SeesASubjectRunTwice) {
  expect_broken("runs twice", {}, {dispatch::Assign{WorkerId{1}, JobId{2}, 0, 2}});
}
TEST_F(RefereeTest, SeesAJobIdUsedAgain) {
  expect_broken("used again", {}, {dispatch::Assign{WorkerId{1}, JobId{1}, 5, 1}});
}
TEST_F(RefereeTest, SeesAWrongAttempt) {
  expect_broken("numbered wrongly", {}, {dispatch::Assign{WorkerId{1}, JobId{2}, 5, 2}});
}
TEST_F(RefereeTest, SeesADeadJobCancelled) {
  expect_broken("does not run", {ends(0, 1)}, {dispatch::Cancel{WorkerId{0}, JobId{1}}});
}
TEST_F(RefereeTest, SeesAJobCancelledTwice) {
  const dispatch::Cancel cancel{WorkerId{0}, JobId{1}};
  expect_broken("cancelled twice", {}, {cancel, cancel});
}
TEST_F(RefereeTest, SeesAnActionAfterStop) {
  expect_broken("after Stop", {dispatch::Interrupted{}},
                {dispatch::Cancel{WorkerId{0}, JobId{1}}, dispatch::Stop{dispatch::Stop::Why::interrupted},
                 dispatch::Restart{WorkerId{1}}});
}
TEST_F(RefereeTest, SeesARunningJobForgottenAtStop) {
  expect_broken("leaves a job running", {dispatch::Interrupted{}}, {dispatch::Stop{dispatch::Stop::Why::interrupted}});
}
TEST_F(RefereeTest, SeesAStopWithoutAReason) {
  const dispatch::Cancel cancel{WorkerId{0}, JobId{1}};
  expect_broken("finished", {}, {cancel, dispatch::Stop{dispatch::Stop::Why::finished}});
}
TEST_F(RefereeTest, SeesAHealthyWorkerGivenUp) {
  expect_broken("without a reason", {}, {}, {dispatch::GivenUp{WorkerId{0}, "", true}});
}
TEST_F(RefereeTest, SeesAHealthyWorkerRestarted) {
  expect_broken("not given up", {}, {dispatch::Restart{WorkerId{0}}});
}
TEST_F(RefereeTest, SeesAnOutcomeReportedAndNotRecorded) {
  expect_broken("not told", {ends(0, 1)}, {}, {ended(Ended::Fate::counted)});
}
TEST_F(RefereeTest, SeesAnOutcomeRecordedAndNotReported) {
  referee_.plan().record(0, passed());
  expect_broken("not reported", {ends(0, 1)}, {});
}
TEST_F(RefereeTest, SeesAnOutcomeRecordedTwice) {
  referee_.plan().record(0, passed());
  EXPECT_THROW(referee_.plan().record(0, passed()), RuleBroken);
}
TEST_F(RefereeTest, SeesAnEndReportedTwice) {
  referee_.plan().record(0, passed());
  play({ends(0, 1)}, {}, {ended(Ended::Fate::counted)});
  expect_broken("reported twice", {}, {}, {ended(Ended::Fate::counted)});
}
TEST_F(RefereeTest, SeesACancellationThatWasNone) {
  referee_.plan().give_back(0);
  expect_broken("was not", {ends(0, 1)}, {}, {ended(Ended::Fate::cancelled)});
}
TEST_F(RefereeTest, SeesAnEndNotReported) { expect_broken("nothing is reported", {ends(0, 1)}, {}); }
TEST_F(RefereeTest, SeesAnotherOutcomeThanTheWorkers) {
  referee_.plan().record(0, outcome(job::OutcomeKind::exited, 1));
  expect_broken("nobody told", {ends(0, 1)}, {}, {ended(Ended::Fate::counted, outcome(job::OutcomeKind::exited, 1))});
}
TEST_F(RefereeTest, SeesAKillTakenForAVerdict) {
  referee_.plan().record(0, killed());
  expect_broken("no verdict", {ends(0, 1, killed())}, {}, {ended(Ended::Fate::counted, killed())});
}
TEST_F(RefereeTest, SeesALostJobNotTriedAgain) {
  const job::Outcome lost = outcome(job::OutcomeKind::lost);
  referee_.plan().record(0, lost);
  expect_broken("no verdict", {dispatch::WorkerLost{WorkerId{0}, ""}}, {},
                {ended(Ended::Fate::counted, lost), dispatch::GivenUp{WorkerId{0}, "", false}});
}
TEST_F(RefereeTest, SeesAVerdictThrownAway) {
  referee_.plan().give_back(0);
  expect_broken("thrown away", {ends(0, 1)}, {}, {ended(Ended::Fate::retried)});
}
TEST_F(RefereeTest, SeesAVerdictThatBeatItsCancelThrownAway) {
  play({}, {dispatch::Cancel{WorkerId{0}, JobId{1}}}, {});
  referee_.plan().give_back(0);
  expect_broken("beat its Cancel", {ends(0, 1)}, {}, {ended(Ended::Fate::cancelled)});
}
TEST_F(RefereeTest, SeesASubjectRunAgainWhereItFailed) {
  referee_.plan().give_back(0);
  const auto again = [this] { return dispatch::Assign{WorkerId{0}, JobId{2}, referee_.plan().next(1).front(), 2}; };
  expect_broken("where it failed", {ends(0, 1, killed())}, {again()}, {ended(Ended::Fate::retried, killed())});
}
TEST_F(RefereeTest, SeesALossIgnored) { expect_broken("not given up", {dispatch::WorkerLost{WorkerId{1}, ""}}, {}); }
TEST_F(RefereeTest, SeesAWorkerLeftDownThatWasToBeStarted) {
  expect_broken("started anew", {dispatch::WorkerLost{WorkerId{1}, ""}}, {},
                {dispatch::GivenUp{WorkerId{1}, "", true}});
}
TEST_F(RefereeTest, SeesAVerdictOfAJobThatTheUserCancelled) {
  play({dispatch::CancelJob{JobId{1}}}, {dispatch::Cancel{WorkerId{0}, JobId{1}}}, {});
  referee_.plan().record(0, passed());
  expect_broken("counts as a verdict", {ends(0, 1)}, {}, {ended(Ended::Fate::counted)});
}
TEST_F(RefereeTest, SeesACancelledJobTriedAgain) {
  const job::Outcome cancelled = outcome(job::OutcomeKind::cancelled);
  play({dispatch::CancelJob{JobId{1}}}, {dispatch::Cancel{WorkerId{0}, JobId{1}}}, {});
  referee_.plan().give_back(0);
  expect_broken("does not hear", {ends(0, 1, cancelled)}, {}, {ended(Ended::Fate::cancelled, cancelled)});
}
TEST_F(RefereeTest, SeesAWishIgnored) {
  expect_broken("runs on", {dispatch::CancelJob{JobId{1}}}, {});
  expect_broken("runs on", {dispatch::SkipSubject{0}}, {});
}
TEST_F(RefereeTest, SeesASkippedSubjectRun) {
  expect_broken("has skipped", {dispatch::SkipSubject{5}}, {dispatch::Assign{WorkerId{1}, JobId{2}, 5, 1}});
}
TEST_F(RefereeTest, SeesASkipThatWasNone) {
  referee_.plan().record(0, outcome(job::OutcomeKind::skipped));
  expect_broken("the user did not", {}, {}, {dispatch::Skipped{0, outcome(job::OutcomeKind::skipped)}});
}
TEST_F(RefereeTest, SeesMoreWorkersNotStarted) {
  expect_broken("are not started", {dispatch::ChangeWorkers{1}}, {}, {dispatch::Resized{3, 0}});
}
TEST_F(RefereeTest, SeesAWorkerStartedThatNobodyWants) {
  expect_broken("nobody wished for", {}, {dispatch::Start{WorkerId{2}}});
}
TEST_F(RefereeTest, SeesAnIdleWorkerStayThatHasToGo) {
  expect_broken("that does nothing stays", {dispatch::ChangeWorkers{-1}}, {}, {dispatch::Resized{1, 1}});
}
TEST_F(RefereeTest, SeesABusyWorkerSentAway) {
  expect_broken("has work", {dispatch::ChangeWorkers{-1}}, {dispatch::Retire{WorkerId{0}}}, {dispatch::Resized{1, 0}});
}
TEST_F(RefereeTest, SeesALeaseForgotten) {
  try {
    referee_.judge({}, dispatch::Step{}, perfect_world(2, 0).options.lease);
    ADD_FAILURE();
  } catch (const RuleBroken& broken) {
    EXPECT_THAT(broken.what(), testing::HasSubstr("silent for a lease"));
  }
}

}  // namespace
}  // namespace nmz::simulation
