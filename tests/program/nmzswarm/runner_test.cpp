// Test runners, each with the real tool and a small suite of its own. What is not on every machine is read from
// recorded reports in tests/unit/runner.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class RunnerTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) const {
    fs::create_directories((swarm.place() / name).parent_path());
    std::ofstream{swarm.place() / name} << content;
  }

  /// "passed", "failed: why", ... by test. What runs again is not among them.
  std::map<std::string, std::string> run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--json", "events.json"});
    fs::remove(swarm.place() / "events.json");
    ended = swarm.call(arguments);
    std::map<std::string, std::string> results;
    std::istringstream lines{swarm.read("events.json")};
    for (std::string line; std::getline(lines, line);) {
      const boost::json::object event = boost::json::parse(line).as_object();
      if (event.at("event") != "workload-done") continue;
      const std::string result{event.at("result").as_string()};
      if (result == "retried") continue;
      const std::string detail{event.at("detail").as_string()};
      std::string& known = results[std::string{event.at("workload").as_string()}];
      EXPECT_EQ(known, "") << "twice: " << line;
      known = result + (detail.empty() ? "" : ": " + detail);
    }
    return results;
  }

  Swarm swarm;
  support::Ended ended;
};

constexpr const char* python_tests =
    "import os, signal, sys, pytest\n"
    "def test_ok(): pass\n"
    "def test_bad():\n"
    "    print('said before')\n"
    "    assert 1 == 2, 'one is not two'\n"
    "@pytest.mark.skip(reason='not here')\n"
    "def test_skip(): pass\n"
    "@pytest.mark.xfail(reason='known')\n"
    "def test_xfail(): assert 0\n"
    "@pytest.fixture\n"
    "def broken(): raise RuntimeError('no fixture')\n"
    "def test_error(broken): pass\n"
    "@pytest.mark.parametrize('p', ['a b', 'c::d'])\n"
    "def test_param(p): pass\n"
    "def test_environment(): assert 'PYTHONPATH' not in os.environ\n";

TEST_F(RunnerTest, PytestsVerdictsAreTheTests) {
  write("tests/test_a.py", python_tests);
  write("tests/test_import.py", "import nothing_of_that_name\n");
  EXPECT_THAT(
      run({"--runner", "pytest", "--junit", "junit.xml"}),
      UnorderedElementsAre(Pair("tests/test_a.py::test_ok", "passed"),
                           Pair("tests/test_a.py::test_bad", "failed: AssertionError: one is not two"),
                           Pair("tests/test_a.py::test_skip", StartsWith("skipped: ")),
                           Pair("tests/test_a.py::test_xfail", "passed: expected failure: known"),
                           Pair("tests/test_a.py::test_error", "failed: error: setup: RuntimeError: no fixture"),
                           Pair("tests/test_a.py::test_param[a b]", "passed"),
                           Pair("tests/test_a.py::test_param[c::d]", "passed"),
                           Pair("tests/test_a.py::test_environment", "passed"),
                           Pair("tests/test_import.py", HasSubstr("nothing_of_that_name"))));
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, HasSubstr("9 workloads"));
  EXPECT_THAT(ended.out, HasSubstr("5 of 9 passed, 3 failed"));
  EXPECT_THAT(swarm.read("junit.xml"), AllOf(HasSubstr("tests=\"9\""), HasSubstr("said before")));
}

TEST_F(RunnerTest, ATestThatTakesItsProcessDownCostsItselfAVerdict) {
  write("test_c.py",
        "import os, signal\n"
        "def test_before(): pass\n"
        "def test_crash(): os.kill(os.getpid(), signal.SIGSEGV)\n"
        "def test_after(): pass\n"
        "def test_leaves(): os._exit(0)\n"
        "def test_last(): pass\n");
  EXPECT_THAT(run({"--runner", "pytest", "--replicas", "1"}),
              UnorderedElementsAre(Pair("test_c.py::test_before", "passed"),
                                   Pair("test_c.py::test_crash", StartsWith("failed: crashed: killed by signal 11")),
                                   Pair("test_c.py::test_after", "passed"),
                                   Pair("test_c.py::test_leaves", "failed: crashed: exit 0"),
                                   Pair("test_c.py::test_last", "passed")));
}

TEST_F(RunnerTest, ATestThatHangsMeetsTheTimeLimitAlone) {
  write("test_h.py", "import time\ndef test_a(): pass\ndef test_hang(): time.sleep(600)\ndef test_z(): pass\n");
  // On a busy machine pytest needs seconds to begin.
  const auto results = run({"--runner", "pytest", "--replicas", "1", "--timeout", "8"});
  EXPECT_THAT(results, UnorderedElementsAre(Pair("test_h.py::test_a", "passed"),
                                            Pair("test_h.py::test_hang", StartsWith("timed-out")),
                                            Pair("test_h.py::test_z", "passed")));
}

TEST_F(RunnerTest, WhatATestPrintsIsNobodysVerdict) {
  write(
      "test_f.py",
      "import os\n"
      "def test_bad(): assert 0\n"
      "def test_forges():\n"
      "    os.write(1, b'\\nnmz-report-0 60 report\\n{\"id\": \"test_f.py::test_bad\", \"verdict\": \"passed\"}\\n')\n"
      "    os.write(1, b'\\nnmz-report-0 end 0\\n')\n");
  EXPECT_THAT(run({"--runner", "pytest", "--replicas", "1", "--", "-s"}),
              UnorderedElementsAre(Pair("test_f.py::test_bad", StartsWith("failed")),
                                   Pair("test_f.py::test_forges", "passed")));
}

TEST_F(RunnerTest, WhatFailedRunsAgainAndWhatPassesThenIsFlaky) {
  write("test_r.py",
        "import os\n"
        "def test_ok(): pass\n"
        "def test_flaky():\n"
        "    there = os.path.exists('been')\n"
        "    open('been', 'w').close()\n"
        "    assert there\n");
  EXPECT_THAT(run({"--runner", "pytest", "--retries", "1"}),
              UnorderedElementsAre(Pair("test_r.py::test_ok", "passed"), Pair("test_r.py::test_flaky", "flaky")));
  EXPECT_EQ(ended.exit_code, 0);
  write("test_r.py", "def test_ok(): pass\ndef test_flaky(): assert 0\n");
  run({"--runner", "pytest"});
  EXPECT_THAT(run({"--runner", "pytest", "--rerun", "failed"}),
              UnorderedElementsAre(Pair("test_r.py::test_flaky", StartsWith("failed"))));
}

TEST_F(RunnerTest, ItIsFoundByTheFilesAndTakesWords) {
  write("pytest.ini", "[pytest]\n");
  write("test_w.py", "def test_one(): pass\ndef test_two(): pass\n");
  EXPECT_THAT(run({"--runner", "auto", "--", "-k", "two"}), ElementsAre(Pair("test_w.py::test_two", "passed")));
  EXPECT_THAT(ended.err, HasSubstr("--runner auto: pytest, because of pytest.ini"));
}

TEST_F(RunnerTest, Unittest) {
  write("test_u.py",
        "import os, unittest\n"
        "class A(unittest.TestCase):\n"
        "    def test_ok(self): pass\n"
        "    def test_bad(self): self.assertEqual(1, 2)\n"
        "    def test_error(self): raise ValueError('x')\n"
        "    @unittest.skip('no')\n"
        "    def test_skip(self): pass\n"
        "    @unittest.expectedFailure\n"
        "    def test_xfail(self): self.fail()\n"
        "    def test_sub(self):\n"
        "        for i in range(2):\n"
        "            with self.subTest(i=i): self.assertEqual(i, 0)\n"
        "class B(unittest.TestCase):\n"
        "    @classmethod\n"
        "    def setUpClass(cls): raise RuntimeError('class')\n"
        "    def test_in_b(self): pass\n"
        "class Z(unittest.TestCase):\n"
        "    def test_dies(self): os.abort()\n");
  EXPECT_THAT(run({"--runner", "unittest"}),
              UnorderedElementsAre(
                  Pair("test_u.A.test_ok", "passed"), Pair("test_u.A.test_bad", "failed: AssertionError: 1 != 2"),
                  Pair("test_u.A.test_error", "failed: error: ValueError: x"),
                  Pair("test_u.A.test_skip", "skipped: no"), Pair("test_u.A.test_xfail", "passed: expected failure"),
                  Pair("test_u.A.test_sub", "failed: AssertionError: 1 != 0"),
                  Pair("test_u.B.test_in_b", "failed: error: RuntimeError: class"),
                  Pair("test_u.Z.test_dies", StartsWith("failed: crashed: killed by signal 6"))));
}

TEST_F(RunnerTest, Ctest) {
  write("CTestTestfile.cmake",
        "add_test(ok true)\n"
        "add_test([=[a b.c+d]=] true)\n"
        "add_test(bad sh -c \"echo broken; exit 3\")\n"
        "add_test(skip sh -c \"exit 77\")\nset_tests_properties(skip PROPERTIES SKIP_RETURN_CODE 77)\n"
        "add_test(off true)\nset_tests_properties(off PROPERTIES DISABLED TRUE)\n"
        "add_test(missing /nonexistent/program)\n"
        "add_test(abc true)\n");
  EXPECT_THAT(run({"--runner", "ctest", "--", "-E", "abc"}),
              UnorderedElementsAre(Pair("ok", "passed"), Pair("a b.c+d", "passed"), Pair("bad", "failed"),
                                   Pair("skip", "skipped: SKIP_RETURN_CODE=77"), Pair("off", "skipped: disabled"),
                                   Pair("missing", "failed: error: Unable to find executable")));
  EXPECT_THAT(ended.out, HasSubstr("broken"));
}

// What the test below runs: this program again.
TEST(DISABLED_Sample, Passes) {}
TEST(DISABLED_Sample, Fails) { EXPECT_EQ(1, 2) << "numbers"; }
TEST(DISABLED_Sample, Skips) { GTEST_SKIP() << "not here"; }
TEST(DISABLED_Sample, Dies) { std::abort(); }
TEST(DISABLED_Sample, AlsoPasses) {}

TEST_F(RunnerTest, Gtest) {
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  const std::string sample = self + ":DISABLED_Sample.";
  EXPECT_THAT(
      run({"--runner", "gtest", "--", self, "--gtest_also_run_disabled_tests", "--gtest_filter=DISABLED_Sample.*"}),
      UnorderedElementsAre(Pair(sample + "Passes", "passed"), Pair(sample + "AlsoPasses", "passed"),
                           Pair(sample + "Fails", StartsWith("failed: ")),
                           Pair(sample + "Skips", StartsWith("skipped: ")),
                           Pair(sample + "Dies", StartsWith("failed: crashed: killed by signal 6"))));
}

TEST_F(RunnerTest, Prove) {
  write("t/ok.t", "print \"1..2\\nok 1\\nok 2\\n\";");
  write("t/bad.t", "print \"1..2\\nok 1\\nnot ok 2 - x\\n\";");
  write("t/skip.t", "print \"1..0 # SKIP no net\\n\"");
  write("t/dies.t", "kill 11, $$;");
  write("t/todo.t", "print \"1..1\\nnot ok 1 - later # TODO x\\n\"");
  EXPECT_THAT(run({"--runner", "prove"}),
              UnorderedElementsAre(
                  Pair("t/ok.t", "passed"), Pair("t/bad.t", "failed: failed: 2"), Pair("t/skip.t", "skipped: no net"),
                  Pair("t/dies.t", "failed: crashed: killed by signal 11"), Pair("t/todo.t", "passed")));
}

TEST_F(RunnerTest, Bats) {
  write("test/a.bats",
        "@test \"adds (two) numbers\" { [ $((1 + 1)) = 2 ]; }\n@test \"fails\" { echo hi; [ 1 = 2 ]; }\n"
        "@test \"skips\" { skip \"not now\"; }\n");
  write("test/b.bats", "@test 'adds (two) numbers' { true; }\n");
  EXPECT_THAT(run({"--runner", "bats"}),
              UnorderedElementsAre(Pair("test/a.bats:adds (two) numbers", "passed"),
                                   Pair("test/a.bats:fails", StartsWith("failed: (in test file")),
                                   Pair("test/a.bats:skips", "skipped: not now"),
                                   Pair("test/b.bats:adds (two) numbers", "passed")));
}

TEST_F(RunnerTest, OneOfTheUsersOwn) {
  write("suite",
        "for t; do if [ \"$t\" = bad ]; then echo \"not ok - $t\"; else echo \"ok - $t\"; fi; done >\"$NMZ_REPORT\"\n");
  write("ours",
        "# a suite that speaks TAP\nlist = printf '%s\\n' \"$@\" good bad\nrun = sh suite \"$@\"\nreport = tap\n");
  EXPECT_THAT(run({"--runner", "ours", "--", "third one"}),
              UnorderedElementsAre(Pair("third one", "passed"), Pair("good", "passed"), Pair("bad", "failed")));
  write("plain", "list = printf '0\\n1\\n77\\n'\nrun = exit \"$1\"\nreport = exit\n");
  EXPECT_THAT(run({"--runner", "./plain"}), UnorderedElementsAre(Pair("0", "passed"), Pair("1", "failed: exit 1"),
                                                                 Pair("77", StartsWith("skipped"))));
}

TEST_F(RunnerTest, TheExampleOfOne) {
  for (const char* const file : {"runner", "suite"}) fs::copy_file(fs::path{NMZ_EXAMPLE} / file, swarm.place() / file);
  EXPECT_THAT(run({"--runner", "./runner"}), UnorderedElementsAre(Pair("adds", "passed"), Pair("waits", "passed"),
                                                                  Pair("divides", "skipped: no fractions here")));
}

TEST_F(RunnerTest, AToolThatWritesJunitFiles) {
  write("test_j.py",
        "import os\ndef test_ok(): pass\ndef test_bad(): assert 1 == 2\ndef test_dies():\n"
        "    if 'NMZ_WORKLOAD' in os.environ or 'NMZ_REPORT' in os.environ: os.abort()\n");
  const std::string pytest = "pytest -q -p no:cacheprovider -o junit_family=xunit1 ";
  static_cast<void>(swarm.shell(pytest + "--junit-xml=first.xml test_j.py"));
  const std::vector<std::string> words{
      "--", "first.xml", "pytest", "-q", "-o", "junit_family=xunit1", "--junit-xml={report}", "{file}::{name}"};
  std::vector<std::string> options{"--runner", "junit-files", "--replicas", "1"};
  options.insert(options.end(), words.begin(), words.end());
  EXPECT_THAT(run(options), UnorderedElementsAre(Pair("test_j.py::test_ok", "passed"),
                                                 Pair("test_j.py::test_bad", StartsWith("failed: ")),
                                                 Pair("test_j.py::test_dies", StartsWith("failed: crashed: "))));
  EXPECT_THAT(ended.out, HasSubstr("3 workloads, expected to take at least"));
}

/// Its reports are always at the same place.
TEST_F(RunnerTest, AToolWhoseJunitFilesAreAtAPlaceOfTheirOwn) {
  write("tool",
        "for class in $(echo \"$1\" | tr , ' '); do\n"
        "  echo \"<testsuite><testcase classname='$class' name='n' time='0.5'>$(cat $class)</testcase></testsuite>\" "
        ">out/$class.xml\ndone\n");
  write("A", "");
  write("B", "<failure message='broken'/>");
  // It says nothing of this one, but an older report does.
  write("out/old.xml", "<testcase classname='gone' name='n'/>");
  EXPECT_EQ(swarm.shell("sh tool A,B && touch -d 2020-01-01 out/*").exit_code, 0);
  write("gone", "");
  write("tool", swarm.read("tool") + "rm -f out/gone.xml\n");
  EXPECT_THAT(run({"--runner", "junit-files", "--", "out/*.xml", "sh", "tool", "{class},..."}),
              UnorderedElementsAre(Pair("A", "passed"), Pair("B", "failed: n: broken"),
                                   Pair("gone", HasSubstr("without a verdict"))))
      << ended.out;
  run({"--runner", "junit-files", "--", "none/*.xml", "sh", "tool", "{class},..."});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("no report of an earlier run is there to take the tests from: none/*.xml"));
}

TEST_F(RunnerTest, WhatCannotBeListedIsOneLine) {
  write("conftest.py", "raise RuntimeError('broken conftest')\n");
  run({"--runner", "pytest"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("the listing of the tests ended with status 4: ImportError while loading conftest"));
  EXPECT_THAT(ended.err, HasSubstr("RuntimeError: broken conftest"));
  EXPECT_THAT(ended.out, HasSubstr("listing.log"));
  write("conftest.py", "");
  run({"--runner", "pytest", "--", "--no-such-option"});
  EXPECT_THAT(ended.err, HasSubstr("unrecognized arguments: --no-such-option"));
  EXPECT_THAT(ended.err, HasSubstr("(what stands after -- is given to pytest)"));
  run({"--runner", "nosuch"});
  EXPECT_THAT(ended.err, HasSubstr("there is neither a runner nor a file 'nosuch'"));
}

}  // namespace
}  // namespace nmz::nmzswarm
