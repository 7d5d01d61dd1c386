// The formats that several runners share.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/runner/journal.hpp"
#include "nmz/runner/junit.hpp"
#include "nmz/runner/tap.hpp"

namespace nmz::runner {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

std::vector<std::string> told(const Report& report) {
  std::vector<std::string> lines;
  for (const TestEnd& end : report.ends) {
    lines.push_back(std::string{to_string(end.verdict)} + " " + end.id +
                    (end.detail.empty() ? "" : " (" + end.detail + ")"));
  }
  return lines;
}

TEST(TapTest, VerdictsAndDirectives) {
  EXPECT_THAT(
      told(read_tap("TAP version 14\n1..7\nok 1 - plain\nnot ok 2 - broken\n# because of\n  ---\n  at: x\n  ...\n"
                    "ok 3 - left out # SKIP no net\nnot ok 4 - later # TODO some day\nok 5 - done # todo was\n"
                    "ok 6\nok - with \\# sign\n    not ok 1 - inner\nok 8 - outer\n")),
      ElementsAre("passed plain", "failed broken (because of)", "skipped left out (no net)",
                  "expected failure later (some day)", "passed done (was)", "passed 6", "passed with \\# sign",
                  "passed outer"));
}

TEST(TapTest, NothingAfterABailOutCounts) {
  EXPECT_THAT(told(read_tap("ok 1 - a\nBail out! no database\nok 2 - b\n")), ElementsAre("passed a"));
}

TEST(TapTest, LinesThatOnlyLookLikeTests) {
  EXPECT_THAT(told(read_tap("okay then\nnot okay\nok1\n ok 1\n# ok 2\n")), IsEmpty());
}

TEST(JunitTest, WhatRunnersMakeOfIt) {
  const auto cases = read_junit(
      "<testsuites><testsuite name='s'><testcase classname='c' name='n' time='0.25'/>"
      "<testcase name='f'><failure message='m &lt;1&gt;'>text</failure><system-out>o</system-out></testcase>"
      "<testcase name='e'><error>first\nsecond</error></testcase>"
      "<testcase name='k'><skipped message='why'/></testcase>"
      "<testcase name='x'><skipped type='pytest.xfail' message='known'/></testcase>"
      "<testcase name='d' status='notrun' result='suppressed'/><testcase name='d2' status='disabled'/>"
      "</testsuite></testsuites>");
  ASSERT_THAT(cases, SizeIs(7));
  Report report;
  for (const JunitCase& one : cases) report.ends.push_back(one.end);
  EXPECT_THAT(told(report), ElementsAre("passed n", "failed f (m <1>)", "error e (first)", "skipped k (why)",
                                        "expected failure x (known)", "disabled d", "disabled d2"));
  EXPECT_EQ(cases[0].end.took, 250ms);
  EXPECT_EQ(cases[0].classname, "c");
  EXPECT_EQ(cases[0].suite, "s");
  EXPECT_EQ(cases[1].end.output, "text\no");
}

TEST(JunitTest, WhatStandsBeforeAnErrorIsRead) {
  EXPECT_THAT(read_junit("<a><testcase name='x'/><testcase name='y'/><"), SizeIs(2));
  EXPECT_THAT(read_junit(""), IsEmpty());
  EXPECT_THAT(read_junit(std::string(100000, '<')), IsEmpty());
}

TEST(JunitTest, NeitherDepthNorEntitiesCostMoreThanTheirSize) {
  std::string deep;
  for (int i = 0; i < 200000; ++i) deep += "<a>";
  EXPECT_THAT(read_junit(deep + "<testcase name='x'/>"), SizeIs(1));
  const auto cases = read_junit(
      "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'><!ENTITY p SYSTEM 'file:///etc/passwd'>]>"
      "<testcase name='&b;&p;'/>");
  ASSERT_THAT(cases, SizeIs(1));
  EXPECT_EQ(cases[0].end.id, "&b;&p;");
}

TEST(JournalTest, WhatHasBegunAndNotEndedIsKnown) {
  const Report report = read_journal(
      "{\"start\": \"a\"}\n{\"id\": \"a\", \"verdict\": \"expected-failure\", \"took\": 1.5}\n"
      "{\"start\": \"b\"}\n{\"id\": \"b\", \"verd");
  EXPECT_THAT(told(report), ElementsAre("expected failure a"));
  EXPECT_EQ(report.ends[0].took, 1500ms);
  EXPECT_EQ(report.running, "b");
}

TEST(JournalTest, LinesThatAreNoneTellNothing) {
  EXPECT_THAT(told(read_journal("[]\n7\n{}\n{\"id\": 1}\n{\"id\": \"a\", \"verdict\": \"odd\"}\n"
                                "{\"id\": \"\", \"verdict\": \"passed\"}\n")),
              IsEmpty());
  EXPECT_EQ(read_journal("{\"id\": \"a\", \"verdict\": \"passed\", \"took\": -1e300}").ends[0].took, 0ns);
  EXPECT_LT(read_journal("{\"id\": \"a\", \"verdict\": \"passed\", \"took\": 1e300}").ends[0].took, 9e8s);
}

}  // namespace
}  // namespace nmz::runner
