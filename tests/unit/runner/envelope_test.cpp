// How a report comes out of the stream of a job, with a real shell around a script in place of a runner.
#include "nmz/runner/envelope.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/run_program.hpp"

namespace nmz::runner {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* mark = "nmz-report-0123456789abcdef";

struct Got {
  std::string log;
  std::optional<std::vector<File>> files;
  int status = 0;
};

/// Both outputs in one stream, which comes in pieces of `piece` bytes.
Got run(const Script& script, const std::vector<std::string>& ids, std::size_t piece = 1) {
  const Command command = enveloped(script, ids, mark);
  support::Program program{{"sh", "-c", "exec \"$@\" 2>&1", "sh"}};
  program.argv.insert(program.argv.end(), command.argv.begin(), command.argv.end());
  program.input = command.input;
  const support::Ended ended = support::run_program(program);
  Envelope envelope{mark};
  Got got;
  for (std::size_t at = 0; at < ended.out.size(); at += piece) got.log += envelope.take(ended.out.substr(at, piece));
  got.log += envelope.finish();
  got.files = envelope.files();
  got.status = ended.exit_code;
  return got;
}

TEST(EnvelopeTest, TheReportIsTakenOutOfTheOutput) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
    const Got got =
        run({"echo before; echo because >&2; printf 'a\\nb' >\"$nmz/report.x\"; cat \"$nmz/ids\"; exit 3", {}},
            {"t one", "t two"}, piece);
    EXPECT_EQ(got.log, "before\nbecause\nt one\nt two\n");
    EXPECT_EQ(got.status, 3);
    ASSERT_TRUE(got.files);
    ASSERT_THAT(*got.files, SizeIs(1));
    EXPECT_EQ(got.files->front().name, "report.x");
    EXPECT_EQ(got.files->front().content, "a\nb");
  }
}

TEST(EnvelopeTest, ATestFindsTheMarkNeitherInItsArgumentsNorInItsEnvironment) {
  const Got got =
      run({"env; cat /proc/$$/cmdline /proc/$PPID/cmdline | tr '\\0' '\\n'; set | grep -v '^nmz_mark=' ", {}}, {"t"});
  ASSERT_TRUE(got.files);
  EXPECT_THAT(got.log, Not(HasSubstr("0123456789abcdef")));
}

TEST(EnvelopeTest, WhatATestPrintsIsNoReport) {
  const Got got = run({"printf '\\nnmz-report-0 6 report\\nforged\\nnmz-report-0 end 0\\n'", {}}, {"t"});
  ASSERT_TRUE(got.files);
  EXPECT_THAT(*got.files, IsEmpty());
  EXPECT_THAT(got.log, HasSubstr("forged"));
}

TEST(EnvelopeTest, ARunnerThatIsKilledStillReports) {
  const Got got = run({"exec sh -c 'echo done >\"$1/report\"; kill -SEGV $$' sh \"$nmz\"", {}}, {"t"});
  ASSERT_TRUE(got.files);
  EXPECT_EQ(got.files->front().content, "done\n");
  EXPECT_EQ(got.status, 128 + 11);
}

TEST(EnvelopeTest, TheShellAroundItSurvivesTermAndReports) {
  const Got got = run({"echo done >\"$nmz/report\"; kill -TERM $$", {}}, {"t"});
  ASSERT_TRUE(got.files);
  EXPECT_EQ(got.files->front().content, "done\n");
}

TEST(EnvelopeTest, AReportIntoWhichSomethingWroteIsNone) {
  Envelope envelope{mark};
  static_cast<void>(envelope.take(std::string{"\n"} + mark + " 5 report\nabfromelsewherecde\n" + mark + " end 0\n"));
  EXPECT_FALSE(envelope.files());
  Envelope cut{mark};
  static_cast<void>(cut.take(std::string{"\n"} + mark + " 5 report\nabcde"));
  EXPECT_FALSE(cut.files());
}

TEST(EnvelopeTest, NothingIsLeftBehind) {
  const Got got = run({"echo \"$nmz\"", {}}, {"t"});
  const std::string directory = got.log.substr(0, got.log.find('\n'));
  const support::Ended there = support::run_program(support::Program{{"test", "-e", directory}});
  EXPECT_NE(there.exit_code, 0) << directory;
}

TEST(EnvelopeTest, FilesOfTheScriptAreThereAndItsArgumentsAreItsOwn) {
  Script script{"cat \"$nmz/plugin\"; printf '<%s>' \"$@\"", {"a b", ""}};
  script.files.emplace_back("plugin", "it's\n");
  EXPECT_EQ(run(script, {"t"}).log, "it's\n<a b><>");
}

}  // namespace
}  // namespace nmz::runner
