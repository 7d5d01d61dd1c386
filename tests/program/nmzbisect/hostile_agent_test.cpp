// The whole nmzbisect with a worker that attacks it (hostile_agent.cpp): the attack ends that worker with one line, has
// no verdict and costs no memory.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "program/nmzbisect/answers.hpp"
#include "program/nmzbisect/line.hpp"
#include "program/nmzbisect/workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::HasSubstr;
using testing::Not;

class HostileAgentTest : public testing::TestWithParam<const char*> {};

TEST_P(HostileAgentTest, IsEndedWithOneLineAndHasNoVerdict) {
  const Workplace place;
  const LineRepository repository{4, {}, "a repository"};
  support::Program program = place.bisect_program(
      repository.path(), arguments({"--jobs", "1", "--log-limit", "1", repository.range()}, shell("true")));
  program.env.emplace_back("NMZ_AGENT=" NMZ_HOSTILE_AGENT);
  program.env.push_back(std::string{"NMZ_ATTACK="} + GetParam());
  const Ended ended = support::run_program(program);
  EXPECT_NE(ended.exit_code, 0) << everything(ended);
  EXPECT_THAT(ended.err, HasSubstr("its agent broke the protocol: ")) << everything(ended);
  EXPECT_THAT(ended.out, Not(HasSubstr("is the first bad commit")));
  EXPECT_THAT(ended.err, HasSubstr("(0 good, 0 bad"));
  rusage children{};
  ::getrusage(RUSAGE_CHILDREN, &children);
#ifndef NMZ_SANITIZED
  EXPECT_LT(children.ru_maxrss, 100 * 1024) << "KiB, the largest of all so far";
#endif
}

INSTANTIATE_TEST_SUITE_P(Attacks, HostileAgentTest,
                         testing::Values("finished-in-layout", "welcome-again", "tree-state-flood",
                                         "tree-ready-unasked", "started-twice", "log-of-no-job", "log-without-end",
                                         "forged-verdict", "forged-skip", "endless-name", "impossible-time",
                                         "coordinators-word", "negative-time", "log-after-the-end", "ended-twice",
                                         "endless-explanation", "status-out-of-range", "verdict-lost",
                                         "empty-tree-states", "empty-logs"));

}  // namespace
}  // namespace nmz::conformance
