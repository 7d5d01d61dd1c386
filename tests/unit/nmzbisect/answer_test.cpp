#include "answer.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzbisect {
namespace {

using Kind = search::BisectResult::Kind;
using testing::HasSubstr;

Named name(dispatch::Subject subject) {
  Named named;
  named.id.bytes[0] = static_cast<std::uint8_t>(subject);
  named.subject = "commit " + std::to_string(subject);
  return named;
}

Answer answer_to(Kind kind, const Options& options = Options()) {
  search::BisectResult result;
  result.kind = kind;
  result.suspects = {{.node = 1, .share = 0.25}, {.node = 2, .share = 0.75}};
  result.subject = 1;
  return answer(result, coordinator::RunEnd(), options, {}, name);
}

TEST(AnswerTest, ExitStatusesAreThePublishedOnes) {
  EXPECT_EQ(answer_to(Kind::found).exit_status, 0);
  EXPECT_EQ(answer_to(Kind::aborted).exit_status, 1);
  EXPECT_EQ(answer_to(Kind::good_end_is_bad).exit_status, 1);
  EXPECT_EQ(answer_to(Kind::bad_end_is_good).exit_status, 1);
  EXPECT_EQ(answer_to(Kind::contradiction).exit_status, 1);
  EXPECT_EQ(answer_to(Kind::command_failed).exit_status, 1);
  EXPECT_EQ(answer_to(Kind::only_skipped).exit_status, 2);
  EXPECT_EQ(answer_to(Kind::merge_base_is_bad).exit_status, 3);
  EXPECT_EQ(answer_to(Kind::nothing_testable).exit_status, 4);
}

TEST(AnswerTest, AnAgentsNumberMayBeAny) {
  search::BisectResult result;
  result.kind = Kind::aborted;
  result.outcome.kind = job::OutcomeKind::signaled;
  result.outcome.code = std::numeric_limits<std::int32_t>::max();
  const Answer told = answer(result, coordinator::RunEnd(), Options(), {}, name);
  EXPECT_THAT(told.message, HasSubstr("(exit code 2147483775)"));
  EXPECT_THAT(told.message, HasSubstr("--match")) << "how to tell that a crash is what is looked for";
}

TEST(AnswerTest, TheFindIsGitsClosingForm) {
  EXPECT_EQ(answer_to(Kind::found).output, name(1).id.hex() + " is the first bad commit\n");
  Options options;
  options.term_new = "slow";
  EXPECT_THAT(answer_to(Kind::found, options).output, HasSubstr("is the first slow commit"));
}

TEST(AnswerTest, SkippedCandidatesAreListedWithTheirShares) {
  const std::string text = answer_to(Kind::only_skipped).output;
  EXPECT_THAT(text, HasSubstr(name(1).id.hex() + "  25.0 % commit 1"));
  EXPECT_THAT(text, HasSubstr(name(2).id.hex() + "  75.0 % commit 2"));
}

TEST(AnswerTest, AnAbortNamesTheCode) {
  search::BisectResult result;
  result.kind = Kind::aborted;
  result.outcome.kind = job::OutcomeKind::exited;
  result.outcome.code = 129;
  EXPECT_THAT(answer(result, {}, Options(), {}, name).message, HasSubstr("exit code 129"));
  result.outcome.kind = job::OutcomeKind::signaled;
  result.outcome.code = 11;
  EXPECT_THAT(answer(result, {}, Options(), {}, name).message, HasSubstr("exit code 139"));
}

TEST(AnswerTest, OnlyAFindHasNoMessage) {
  for (const Kind kind : {Kind::aborted, Kind::good_end_is_bad, Kind::bad_end_is_good, Kind::contradiction,
                          Kind::command_failed, Kind::only_skipped, Kind::merge_base_is_bad, Kind::nothing_testable}) {
    const std::string message = answer_to(kind).message;
    EXPECT_NE(message, "");
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_EQ(answer_to(Kind::found).message, "");
}

TEST(AnswerTest, AnInterruptIsNoAnswer) {
  search::BisectResult result;
  coordinator::RunEnd end;
  end.why = dispatch::Stop::Why::interrupted;
  EXPECT_EQ(answer(result, end, Options(), {}, name).exit_status, 130);
  EXPECT_EQ(answer(result, end, Options(), {}, name).output, "");
}

}  // namespace
}  // namespace nmz::nmzbisect
