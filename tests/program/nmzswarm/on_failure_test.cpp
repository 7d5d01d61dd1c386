// From a red suite to its culprits in one command: --on-failure bisect.
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class OnFailureTest : public testing::Test {
 protected:
  OnFailureTest() {
    swarm.environment = {"PYTHONDONTWRITEBYTECODE=1"};  // checkouts follow each other within a second
    git({"init", "-q", "--initial-branch=main"});
    write("test_it.py", "import module\n\ndef test_a():\n    assert module.a\n\ndef test_b():\n    assert module.b\n");
    for (int number = 0; number < 8; ++number) {
      write("module.py", "# " + std::to_string(number) + "\na = " + (number < 3 ? "1" : "0") +
                             "\nb = " + (number < 6 ? "1" : "0") + "\n");
      commits.push_back(commit("commit " + std::to_string(number)));
    }
  }

  std::string git(std::vector<std::string> arguments) const {
    return support::ScratchRepository::git_in(swarm.place(), arguments);
  }
  std::string commit(const std::string& message) const {
    git({"add", "module.py", "test_it.py"});
    git({"-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-q", "-m", message});
    return git({"rev-parse", "HEAD"});
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream{swarm.place() / name} << content;
  }
  support::Ended run(std::vector<std::string> options) {
    options.insert(options.begin(), {"--runner", "pytest", "--on-failure", "bisect"});
    options.insert(options.end(), {"--", "-p", "no:cacheprovider", "test_it.py"});
    return swarm.call(options);
  }

  Swarm swarm;
  std::vector<std::string> commits;
};

TEST_F(OnFailureTest, EachFailedTestGetsTheCommitThatBrokeItSinceItPassed) {
  git({"checkout", "-q", commits[0]});
  EXPECT_EQ(run({}).exit_code, 0);
  git({"checkout", "-q", commits[4]});
  const support::Ended one = run({});
  EXPECT_EQ(one.exit_code, 1);
  EXPECT_THAT(one.out, HasSubstr(commits[3] + " is the first bad commit of 1 test: commit 3\n  test_it.py::test_a"));
  git({"checkout", "-q", "main"});
  const support::Ended both = run({});
  EXPECT_EQ(both.exit_code, 1);
  EXPECT_THAT(both.err, AllOf(HasSubstr("1 test passed last at " + commits[0].substr(0, 12)),
                              HasSubstr("1 test passed last at " + commits[4].substr(0, 12))));
  EXPECT_THAT(both.out,
              AllOf(HasSubstr(commits[3] + " is the first bad"), HasSubstr(commits[6] + " is the first bad")));
}

TEST_F(OnFailureTest, WithoutAnEndThatIsKnownItIsSaid) {
  const support::Ended ended = run({});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("2 tests not searched for, of which the history knows no commit with a pass"));
  EXPECT_THAT(ended.out, Not(HasSubstr("is the first bad")));
}

TEST_F(OnFailureTest, AChangedCheckoutIsNoCommit) {
  write("module.py", "a = 1\nb = 1\n");
  EXPECT_EQ(run({}).exit_code, 0);
  git({"checkout", "-q", "module.py"});
  EXPECT_THAT(run({}).err, HasSubstr("2 tests not searched for"));
}

TEST_F(OnFailureTest, ItIsForTheTestsOfARunner) {
  const support::Ended ended = swarm.call({"--workloads", "-", "--on-failure", "bisect", "--", "true"}, "a\n");
  EXPECT_THAT(ended.err, HasSubstr("--on-failure bisect needs tests of a --runner"));
  EXPECT_NE(ended.exit_code, 0);
}

TEST_F(OnFailureTest, WhichCommitIsInAnImageNobodyKnows) {
  const support::Ended ended = run({"--source", "busybox"});
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, HasSubstr("--on-failure bisect is for tests on this machine"));
}

}  // namespace
}  // namespace nmz::nmzswarm
