// Read back by libxml2, with a schema.
#include "nmz/report/junit.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/output/workflow_commands.hpp"

#include "executions.hpp"
#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::report {
namespace {

class JunitTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return temp_.path() / "junit.xml"; }

  void write(const std::vector<Execution>& executions, const std::string& suite = "suite") const {
    const auto written = write_junit(file(), suite, executions);
    ASSERT_TRUE(written) << written.error().message;
    expect_valid();
  }

  void expect_valid() const {
    const auto checked = xmllint({"--noout", "--huge", "--schema", NMZ_JUNIT_SCHEMA});
    EXPECT_EQ(checked.exit_code, 0) << checked.err.substr(0, 2000);
  }

  /// What an XPath expression gives, without the final newline.
  [[nodiscard]] std::string at(const std::string& xpath) const {
    const auto found = xmllint({"--xpath", xpath});
    if (found.exit_code != 0) throw std::runtime_error{xpath + ": " + found.err};
    return found.out.substr(0, found.out.size() - 1);
  }

 private:
  [[nodiscard]] support::Ended xmllint(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "xmllint");
    arguments.push_back(file().string());
    return support::run_program(support::Program{std::move(arguments)});
  }
  support::TempDirectory temp_{"junit"};
};

TEST_F(JunitTest, ARunWithoutResultsIsAnEmptySuite) {
  write({});
  EXPECT_EQ(at("string(/testsuites/testsuite/@tests)"), "0");
}

TEST_F(JunitTest, EveryVerdictHasItsElement) {
  std::vector<Execution> executions;
  for (const Verdict verdict : all_verdicts) executions.push_back(execution(to_string(verdict), verdict));
  write(executions);
  EXPECT_EQ(at("count(//testcase)"), "8");
  EXPECT_EQ(at("count(//testcase[@name='passed']/*)"), "0");
  EXPECT_EQ(at("string(//testcase[@name='failed']/failure/@message)"), "exit 1");
  EXPECT_EQ(at("string(//testcase[@name='timed out']/failure/@type)"), "timed out");
  EXPECT_EQ(at("count(//testcase[@name='lost']/error)"), "1");
  EXPECT_EQ(at("string(//testcase[@name='cancelled']/skipped/@message)"), "cancelled");
  EXPECT_EQ(at("string(//testcase[@name='not run']/skipped/@message)"), "not run");
  EXPECT_EQ(at("string(//testcase[@name='skipped']/skipped/@message)"), "skipped");
  EXPECT_EQ(at("count(//testcase[@name='flaky']/flakyFailure)"), "1");
  EXPECT_EQ(at("concat(//testsuite/@tests, ' ', //testsuite/@failures, ' ', //testsuite/@errors, ' ', "
               "//testsuite/@skipped)"),
            "8 2 1 3");
  EXPECT_EQ(at("concat(/*/@tests, ' ', /*/@failures, ' ', /*/@errors)"), "8 2 1");
}

// What GitLab's parser takes of a test case: the content of its result and its system-out, no attribute of them.
TEST_F(JunitTest, WhyItFailedIsInTheContentAsWell) {
  write({execution("bad", Verdict::failed, 1, "log"), execution("gone", Verdict::lost),
         execution("never", Verdict::not_run)});
  EXPECT_THAT(at("string(//testcase[@name='bad']/failure)"), testing::StartsWith("exit 1\nattempt 1 on worker "));
  EXPECT_THAT(at("string(//testcase[@name='gone']/error)"), testing::HasSubstr("\nattempt 1 on worker "));
  EXPECT_EQ(at("string(//testcase[@name='never']/skipped)"), "not run");
}

TEST_F(JunitTest, TestCasesCarryNameClassAndTime) {
  write({execution("tests/a.sh", Verdict::passed)}, "registry/app");
  EXPECT_EQ(at("concat(//testcase/@name, ' ', //testcase/@classname, ' ', //testcase/@time)"),
            "tests/a.sh registry/app 1.500");
  EXPECT_EQ(at("string(//testsuite/@time)"), "11.500") << "the run's time, to the end of its last execution";
}

TEST_F(JunitTest, AFailureThatPassedLaterIsFlaky) {
  write({execution("a", Verdict::failed, 1, "first log"), execution("a", Verdict::timed_out, 2, "second log"),
         execution("a", Verdict::passed, 3, "third log")});
  EXPECT_EQ(at("count(//testcase)"), "1");
  EXPECT_EQ(at("string(//testsuite/@failures)"), "0");
  EXPECT_EQ(at("count(//flakyFailure)"), "2");
  EXPECT_EQ(at("string(//flakyFailure[1]/system-out)"), "first log");
  EXPECT_EQ(at("string(//flakyFailure[2]/@type)"), "timed out");
  EXPECT_EQ(at("string(//testcase/system-out)"), "third log");
}

TEST_F(JunitTest, AFailureOfEveryAttemptHasItsReruns) {
  write({execution("a", Verdict::failed, 1, "first log"), execution("a", Verdict::failed, 2, "second log"),
         execution("a", Verdict::lost, 3)});
  EXPECT_EQ(at("string(//testsuite/@failures)"), "1");
  EXPECT_EQ(at("count(//failure)"), "1");
  EXPECT_EQ(at("count(//rerunFailure)"), "1");
  EXPECT_EQ(at("string(//testcase/system-out)"), "first log");
  EXPECT_EQ(at("string(//rerunFailure/system-out)"), "second log");
}

TEST_F(JunitTest, TextComesBackAsItWas) {
  const std::string text = "a <b> & \"c\" 'd' ]]> \t\r\n \u00E4\u20AC\U0001F600 <![CDATA[ x ]]> end";
  write({execution(text, Verdict::failed, 1, text)}, text);
  EXPECT_EQ(at("string(//testcase/@name)"), text);
  EXPECT_EQ(at("string(//testcase/@classname)"), text);
  EXPECT_EQ(at("string(//system-out)"), text);
}

TEST_F(JunitTest, NoLineIsACommandOfGitHubs) {
  const std::string text = "::error::a\n  ::error::b\n\u00A0::error::c ##[error]d ###[e]\nstd::vector #[f]";
  write({execution(text, Verdict::failed, 1, text)}, text);
  EXPECT_FALSE(output::may_hold_commands(support::read_file(file())));
  EXPECT_EQ(at("string(//testcase/@name)"), text);
  EXPECT_EQ(at("string(//system-out)"), text);
}

TEST_F(JunitTest, WhatXmlCannotHoldIsReplaced) {
  using namespace std::string_literals;
  write({execution("a\0b"s, Verdict::failed, 1,
                   "\x1b[1;31mred\x1b[0m \x01 \xFF \xED\xA0\x80 \xEF\xBF\xBE \xEF\xBF\xBD")});
  EXPECT_EQ(at("string(//testcase/@name)"), "a\uFFFDb");
  EXPECT_EQ(at("string(//system-out)"), "red \uFFFD \uFFFD \uFFFD\uFFFD\uFFFD \uFFFD \uFFFD");
}

TEST_F(JunitTest, AnyBytesGiveAValidFile) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    std::vector<Execution> executions;
    for (int i = 0; i < 300; ++i) executions.push_back(random_execution(random));
    write(executions, nasty_bytes(random, 20));
  }
}

TEST_F(JunitTest, TimesThatAreNoTimesAreZero) {
  Execution odd = execution("a", Verdict::passed);
  odd.took = Seconds{-1};
  Execution odder = execution("b", Verdict::passed);
  odder.took = Seconds{std::numeric_limits<double>::quiet_NaN()};
  write({odd, odder});
  EXPECT_EQ(at("string(//testcase[1]/@time)"), "0.000");
  EXPECT_EQ(at("string(//testcase[2]/@time)"), "0.000");
}

TEST_F(JunitTest, TheStartIsTheTimestampInUtc) {
  const std::chrono::system_clock::time_point start{std::chrono::seconds{1'700'000'000}};
  ASSERT_TRUE(write_junit(file(), "suite", {}, start));
  expect_valid();
  EXPECT_EQ(at("string(//testsuite/@timestamp)"), "2023-11-14T22:13:20Z");
}

TEST_F(JunitTest, AHundredThousandResults) {
  std::vector<Execution> executions;
  for (int i = 0; i < 100'000; ++i) {
    const Verdict verdict = i % 50 == 0 ? Verdict::failed : Verdict::passed;
    executions.push_back(execution(fmt::format("tests/module-{}/test.sh", i), verdict, 1,
                                   verdict == Verdict::failed ? std::string(2000, 'x') : std::string{}));
  }
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(write_junit(file(), "suite", executions));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("100,000 results: %.3f s, %ju bytes\n", took.count(), std::filesystem::file_size(file()));
  EXPECT_LT(took.count(), 60) << "generous: a sanitizer's build beside other tests must do, too";
  expect_valid();
  EXPECT_EQ(at("count(//failure)"), "2000");
}

}  // namespace
}  // namespace nmz::report
