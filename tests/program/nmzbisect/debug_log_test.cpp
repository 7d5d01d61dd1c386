// The log for a report of a bug: what was done and why, and nobody's secret.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class DebugLogTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(std::vector<std::string> options, const std::string& level = {}) const {
    options.insert(options.end(), {"--no-cache", repository.range()});
    auto program = place.bisect_program(repository.path(), arguments(std::move(options), command));
    if (!level.empty()) program.env.push_back("NMZ_LOG=" + level);
    return support::run_program(program);
  }

  const std::vector<std::string> command = shell("echo says $TOKEN; test $(cat number) -lt 7");
  Workplace place;
  LineRepository repository{12};
};

TEST_F(DebugLogTest, HasTheCallsOfGitTheWorkersAndTheDecisions) {
  const std::string file = place.path() / "made" / "debug.log";
  EXPECT_THAT(search({"--debug-log", file, "--env", "TOKEN=geheim"}), Finds(repository.ids()[7]));
  const std::string log = support::read_file(file);
  EXPECT_THAT(log, AllOf(ContainsRegex("debug git: git rev-list .*: exit 0 after [0-9.]+ ms"),
                         ContainsRegex("info worker: 0: Welcome from .*\\(agent "),
                         ContainsRegex("debug dispatch: job 1 for worker [0-9]+: subject [0-9]+, attempt 1"),
                         ContainsRegex("debug dispatch: job [0-9]+ of worker [0-9]+ counts: .*, exit 1 after"),
                         HasSubstr("debug dispatch: the end: the plan is finished"),
                         ContainsRegex("debug worker: 0: process [0-9]+ of user [0-9]+; at most .* processes"),
                         ContainsRegex("debug worker: 0: tree laid out in [0-9.]+ ms: [0-9]+ files"),
                         ContainsRegex("debug worker: [01]: job 1 begins after [0-9.]+ ms in ")));
  EXPECT_THAT(log, Not(HasSubstr("geheim")));
}

TEST_F(DebugLogTest, TheEnvironmentShowsAsMuchAsItSays) {
  const Ended info = search({}, "info");
  EXPECT_THAT(info.err, AllOf(HasSubstr(" info worker: "), Not(HasSubstr(" debug ")), Not(HasSubstr(" trace "))));
  EXPECT_THAT(search({}, "trace").err, AllOf(HasSubstr(" debug dispatch: "), HasSubstr(" trace worker: ")));
  EXPECT_THAT(search({}).err, Not(HasSubstr(" worker: ")));
}

TEST_F(DebugLogTest, OnStandardOutputItIsAlone) {
  const Ended ended = search({"--debug-log", "-"});
  for (const std::string& line : split_lines(ended.out)) EXPECT_THAT(line, ContainsRegex("^[0-9-]+ [0-9:.]+ [a-z]+ "));
  EXPECT_THAT(ended.err, HasSubstr("is the first bad commit"));
  const Ended both = search({"--debug-log", "-", "--json", "-"});
  EXPECT_EQ(both.exit_code, 128);
  EXPECT_THAT(both.err, HasSubstr("only one of --json and --debug-log"));
}

TEST_F(DebugLogTest, OnAFullStandardOutputItsLossIsTold) {
  auto program = place.bisect_program(repository.path(),
                                      arguments({"--no-cache", "--debug-log", "-", repository.range()}, command));
  const std::vector<std::string> into_full{"sh", "-c", "exec \"$0\" \"$@\" >/dev/full"};
  program.argv.insert(program.argv.begin(), into_full.begin(), into_full.end());
  const Ended ended = support::run_program(program);
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("is the first bad commit"),
                               HasSubstr("the debug log is incomplete: cannot write to standard output")));
}

TEST_F(DebugLogTest, TheDoctorTellsOfTheMachineAndChangesNothing) {
  auto program = place.program(place.path(), {NMZ_NMZBISECT, "doctor"});
  program.env.push_back("DOCKER_HOST=unix:///nowhere");
  const Ended ended = support::run_program(program);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  for (const char* const name : {"program ", "agent ", "git ", "Docker Engine ", "open files ", "processes ",
                                 "user namespaces ", "work trees ", "logs ", "without an image "}) {
    EXPECT_THAT(ended.out, ContainsRegex(std::string{"(^|\n)"} + name + " *[^ ]")) << name;
  }
  EXPECT_THAT(ended.out, HasSubstr("no Docker Engine answers at unix:///nowhere"));
  EXPECT_THAT(place.leftovers(), testing::IsEmpty());
}

TEST_F(DebugLogTest, LinesThatAreLostAreToldAndNoSuccess) {
  const Ended full = search({"--debug-log", "/dev/full"});
  EXPECT_EQ(full.exit_code, 1);
  EXPECT_THAT(full.out, HasSubstr("is the first bad commit"));
  EXPECT_THAT(full.err, HasSubstr("nmzbisect: the debug log is incomplete: "));
}

TEST_F(DebugLogTest, WhatCannotBeIsToldBeforeAnythingRuns) {
  for (const Ended& ended : {search({"--debug-log", place.path()}), search({}, "loud")}) {
    EXPECT_EQ(ended.exit_code, 128) << ended.err;
    EXPECT_EQ(split_lines(ended.err).size(), 1U) << ended.err;
  }
}

}  // namespace
}  // namespace nmz::conformance
