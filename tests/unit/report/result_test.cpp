#include "nmz/report/result.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "executions.hpp"

namespace nmz::report {
namespace {

struct Attempt {
  Verdict verdict;
  std::uint32_t number;
};

struct Case {
  const char* name;
  std::vector<Attempt> attempts;
  Verdict verdict;
  std::uint32_t decisive;
  std::size_t failures;
};

TEST(TestCasesTest, TheLastAttemptWithAVerdictDecides) {
  using enum Execution::Verdict;
  const Case table[] = {
      {"passed", {{passed, 1}}, passed, 1, 0},
      {"failed, then passed", {{failed, 1}, {passed, 2}}, flaky, 2, 1},
      {"told in another order", {{passed, 2}, {failed, 1}}, flaky, 2, 1},
      {"failed every time", {{failed, 1}, {timed_out, 2}, {failed, 3}}, failed, 3, 2},
      {"lost, then passed: no fault of the workload", {{lost, 1}, {passed, 2}}, passed, 2, 0},
      {"lost after it failed", {{failed, 1}, {lost, 2}}, failed, 1, 0},
      {"a second copy was cancelled", {{passed, 1}, {cancelled, 2}}, passed, 1, 0},
      {"lost every time", {{lost, 1}, {lost, 2}}, lost, 2, 0},
      {"lost, then the run ended", {{lost, 1}, {cancelled, 2}, {not_run, 3}}, lost, 1, 0},
      {"known as flaky", {{flaky, 1}}, flaky, 1, 0},
  };
  for (const Case& some : table) {
    SCOPED_TRACE(some.name);
    std::vector<Execution> executions;
    for (const Attempt& attempt : some.attempts) executions.push_back(execution("a", attempt.verdict, attempt.number));
    const auto cases = test_cases(executions);
    ASSERT_EQ(cases.size(), 1);
    EXPECT_EQ(cases[0].verdict(), some.verdict);
    EXPECT_EQ(cases[0].decisive->attempt, some.decisive);
    EXPECT_EQ(cases[0].failures.size(), some.failures);
  }
}

TEST(TestCasesTest, WorkloadsKeepTheirOrder) {
  const std::vector<Execution> executions{execution("b", Verdict::failed, 1), execution("a", Verdict::passed),
                                          execution("b", Verdict::passed, 2), execution("", Verdict::passed)};
  std::vector<std::string> names;
  for (const TestCase& some : test_cases(executions)) names.push_back(some.decisive->workload);
  EXPECT_THAT(names, testing::ElementsAre("b", "a", ""));
}

}  // namespace
}  // namespace nmz::report
