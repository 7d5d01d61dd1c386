// Reports of runners that are not where these tests run, as they wrote them: go 1.19, cargo 1.95, Jest 29, Vitest 2,
// Mocha 10, Meson 1.0, Automake 1.16, CTest 3.31. Shortened, paths replaced.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using namespace std::chrono_literals;

Report read(std::string_view runner, const std::string& content, const std::vector<std::string>& ids) {
  const std::vector<File> files{{"report", content}};
  return make(runner)->read_report(files, ids);
}

std::vector<std::string> told(const Report& report) {
  std::vector<std::string> lines;
  for (const TestEnd& end : report.ends) {
    lines.push_back(std::string{to_string(end.verdict)} + " " + end.id +
                    (end.detail.empty() ? "" : " (" + end.detail + ")"));
  }
  return lines;
}

TEST(RecordedTest, Go) {
  const std::string about = R"("Package":"example.com/p","Test":")";
  const Report report =
      read("go",
           R"({"Action":"run",)" + about + "TestOK\"}\n" + R"({"Action":"output",)" + about +
               R"(TestOK","Output":"=== RUN   TestOK\n"})" + "\n" + R"({"Action":"pass",)" + about +
               "TestOK\",\"Elapsed\":0.02}\n" + R"({"Action":"output",)" + about +
               R"(TestSub","Output":"=== RUN   TestSub\n"})" + "\n" + R"({"Action":"output",)" + about +
               R"(TestSub/c","Output":"    p_test.go:6: c is bad\n"})" + "\n" + R"({"Action":"fail",)" + about +
               "TestSub/c\",\"Elapsed\":0}\n" + R"({"Action":"fail",)" + about + "TestSub\",\"Elapsed\":0}\n" +
               R"({"Action":"output",)" + about + R"(TestSkip","Output":"    p_test.go:5: not now\n"})" + "\n" +
               R"({"Action":"skip",)" + about + "TestSkip\",\"Elapsed\":0}\n" +
               R"({"Action":"fail","Package":"example.com/p","Elapsed":0.025})" + "\n",
           {});
  EXPECT_THAT(told(report),
              ElementsAre("passed example.com/p:TestOK", "failed example.com/p:TestSub (p_test.go:6: c is bad)",
                          "skipped example.com/p:TestSkip (p_test.go:5: not now)"));
  EXPECT_EQ(report.ends[0].took, 20ms);
  EXPECT_THAT(make("go")
                  ->read_list(R"({"Action":"output","Package":"e/p","Output":"TestOK\n"})"
                              "\n"
                              R"({"Action":"output","Package":"e/p","Output":"ok  \te/p\t0.003s\n"})")
                  .value(),
              ElementsAre("e/p:TestOK"));
}

TEST(RecordedTest, Cargo) {
  const Report report = read(
      "cargo",
      "\nrunning 4 tests\ntest tests::bad ... FAILED\ntest tests::ign ... ignored\ntest tests::ok ... ok\n"
      "test tests::panics - should panic ... ok\n\nfailures:\n\n---- tests::bad stdout ----\nsome output\n\n"
      "thread 'tests::bad' (24593) panicked at src/lib.rs:4:49:\nassertion `left == right` failed: numbers\n"
      "  left: 1\n right: 2\n\n\nfailures:\n    tests::bad\n\ntest result: FAILED. 2 passed; 1 failed; 1 ignored\n\n\n"
      "running 2 tests\ntest outer ... ok\ntest zdies ... \nrunning 0 tests\n",
      {});
  EXPECT_THAT(told(report),
              ElementsAre("failed tests::bad (assertion `left == right` failed: numbers)", "disabled tests::ign",
                          "passed tests::ok", "passed tests::panics", "passed outer"));
  EXPECT_EQ(report.running, "zdies");
  EXPECT_THAT(report.ends[0].output, HasSubstr("some output"));
  EXPECT_THAT(make("cargo")->read_list("tests::ok: test\nmain::speed: benchmark\n\n1 tests, 1 benchmarks\n").value(),
              ElementsAre("tests::ok"));
}

TEST(RecordedTest, Jest) {
  const Report report = read(
      "jest",
      R"({"testResults":[{"assertionResults":[{"fullName":"ok","status":"passed"},{"fullName":"bad","status":"failed",)"
      R"("failureMessages":["Error: expect(received).toBe(expected)\n    at x"]}],"endTime":1795987711083,)"
      R"("message":"  bad\n","name":"/src/p/__tests__/a.test.js","startTime":1795987710812,"status":"failed"},)"
      R"({"assertionResults":[{"fullName":"s","status":"pending"}],"endTime":0,"message":"",)"
      R"("name":"/src/p/__tests__/s.test.js","startTime":0,"status":"pending"},)"
      R"({"assertionResults":[],"endTime":0,"message":"  Test suite failed to run\n","name":"/src/p/e.test.js",)"
      R"("startTime":0,"status":"failed"}]})",
      {"__tests__/a.test.js", "a.test.js", "__tests__/s.test.js", "e.test.js"});
  EXPECT_THAT(told(report), ElementsAre("failed __tests__/a.test.js (bad: Error: expect(received).toBe(expected))",
                                        "skipped __tests__/s.test.js", "error e.test.js (Test suite failed to run)"));
  EXPECT_EQ(report.ends[0].took, 271ms);
}

TEST(RecordedTest, Vitest) {
  const Report report =
      read("vitest",
           R"({"testResults":[{"assertionResults":[{"fullName":"bad","status":"failed","failureMessages":)"
           R"(["AssertionError: expected 1 to be 2"]}],"startTime":1795987714000.5,"endTime":1795987714010.5,)"
           R"("status":"failed","message":"","name":"/src/p/vt/v.test.mjs"}]})",
           {"vt/v.test.mjs"});
  EXPECT_THAT(told(report), ElementsAre("failed vt/v.test.mjs (bad: AssertionError: expected 1 to be 2)"));
  EXPECT_THAT(report.ends[0].output, HasSubstr("expected 1 to be 2"));
}

TEST(RecordedTest, Mocha) {
  const std::string text =
      "loaded a helper\n"
      R"({"stats":{},"tests":[],"pending":[{"fullTitle":"Sum (x) later","err":{}}],"failures":[{"fullTitle":)"
      R"("Sum (x) fails","duration":2,"err":{"message":"1 == 2","stack":"AssertionError: 1 == 2\n at y"}}],)"
      R"("passes":[{"fullTitle":"Sum (x) adds","duration":40,"err":{}}]})";
  const Report report = read("mocha", text, {});
  EXPECT_THAT(told(report),
              ElementsAre("failed Sum (x) fails (1 == 2)", "skipped Sum (x) later", "passed Sum (x) adds"));
  EXPECT_EQ(report.ends[2].took, 40ms);
}

TEST(RecordedTest, Meson) {
  const Report report =
      read("meson",
           R"({"name": "proj / ok", "stdout": "", "result": "OK", "duration": 0.25, "returncode": 0})"
           "\n"
           R"({"name": "proj:unit / bad one", "stdout": "o", "result": "FAIL", "duration": 0.1, "returncode": 1})"
           "\n"
           R"({"name": "proj / xf", "result": "EXPECTEDFAIL", "returncode": 1})"
           "\n"
           R"({"name": "proj:a+b / sk", "result": "SKIP", "returncode": 77})"
           "\n"
           R"({"name": "proj / slow", "result": "TIMEOUT", "returncode": -15})"
           "\n"
           R"({"name": "proj / dies", "result": "FAIL", "returncode": -11})"
           "\n",
           {});
  EXPECT_THAT(told(report),
              ElementsAre("passed proj / ok", "failed proj:unit / bad one (exit 1)", "expected failure proj / xf",
                          "skipped proj:a+b / sk", "timed out proj / slow (killed by signal 15)",
                          "crashed proj / dies (killed by signal 11)"));
  EXPECT_EQ(report.ends[0].took, 250ms);
  EXPECT_THAT(make("meson")->read_list("ninja: no work to do.\nproj:unit / bad one\n").value(),
              ElementsAre("proj:unit / bad one"));
}

TEST(RecordedTest, Ctest) {
  const Report report = read("ctest", R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="empty" tests="5" failures="1" disabled="1" skipped="2" hostname="" time="0">
	<testcase name="ok" classname="ok" time="0.25" status="run">
		<properties/>
		<system-out></system-out>
	</testcase>
	<testcase name="bad" classname="bad" time="0.012135" status="fail">
		<failure message="Failed"/>
		<properties/>
		<system-out>broken
</system-out>
	</testcase>
	<testcase name="skip" classname="skip" time="0.0119899" status="notrun">
		<skipped message="SKIP_RETURN_CODE=77"/>
	</testcase>
	<testcase name="off" classname="off" time="0" status="disabled">
		<properties/>
		<system-out>Disabled</system-out>
	</testcase>
	<testcase name="missing" classname="missing" time="0" status="notrun">
		<skipped message="Unable to find executable"/>
	</testcase>
</testsuite>)",
                             {});
  EXPECT_THAT(told(report), ElementsAre("passed ok", "failed bad", "skipped skip (SKIP_RETURN_CODE=77)", "disabled off",
                                        "error missing (Unable to find executable)"));
  EXPECT_EQ(report.ends[0].took, 250ms);
  EXPECT_EQ(report.ends[1].output, "broken\n");
}

TEST(RecordedTest, MakeCheck) {
  const Report report = read("make-check",
                             "ok.sh 1.000 1.250 PASS\na b.sh 1 2 FAIL\nsk.sh 1 2 SKIP\nxf.sh 1 2 XFAIL\n"
                             "xp.sh 1 2 XPASS\ner.sh 1 2 ERROR\nno.sh 1 2 \n",
                             {});
  EXPECT_THAT(told(report), ElementsAre("passed ok.sh", "failed a b.sh", "skipped sk.sh", "expected failure xf.sh",
                                        "failed xp.sh (XPASS)", "error er.sh (ERROR)", "error no.sh"));
  EXPECT_EQ(report.ends[0].took, 250ms);
  EXPECT_THAT(read("make-check", "er.sh 1 2 " + std::string(1000, 'x') + "\n", {}).ends.at(0).detail, SizeIs(300));
}

}  // namespace
}  // namespace nmz::runner
