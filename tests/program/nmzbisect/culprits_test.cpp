// Many red tests at once (--runner): each gets its culprit, and what has none is told apart. With the real pytest where
// what a runner does with its tests matters, else with a shell that needs a hundredth of its time to start.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

namespace json = boost::json;
using Tree = std::map<std::string, support::ScratchFile>;

/// A line of commits of one module, whose values tests look at: commit n breaks the values of those tests whose number
/// stands beside it.
class CulpritsTest : public testing::Test {
 protected:
  static constexpr int commits = 12;
  static constexpr int tests = 12;

  /// The tests of each third share a culprit: commits 3, 4 and 9.
  static int broken_by(int test) { return test < 4 ? 3 : test < 8 ? 4 : 9; }

  static std::string module(int commit) {
    std::string text = fmt::format("# {}\nok = [", commit);
    for (int test = 0; test < tests; ++test) text += commit >= broken_by(test) ? "False," : "True,";
    return text + "]\n";
  }
  static std::string suite() {
    std::string text = "import module\n\ndef test_fine():\n    pass\n\ndef test_old():\n    assert False\n";
    for (int test = 0; test < tests; ++test) {
      text += fmt::format("\ndef test_{:02}():\n    assert module.ok[{}]\n", test, test);
    }
    return text;
  }
  /// The same for a runner of a few lines, which looks for a test's name in a file.
  static std::string broken(int commit) {
    std::string text = "test_it.py::test_old\n";
    for (int test = 0; test < tests; ++test) {
      if (commit >= broken_by(test)) text += fmt::format("test_it.py::test_{:02}\n", test);
    }
    return text;
  }
  static std::string listed() {
    std::string text = "test_it.py::test_fine\ntest_it.py::test_old\n";
    for (int test = 0; test < tests; ++test) text += fmt::format("test_it.py::test_{:02}\n", test);
    return text;
  }
  void use_shell() {
    runner = write("runner",
                   "list = cat tests\n"
                   "run = for t; do grep -qx \"$t\" tests || continue; grep -qx \"$t\" broken && echo \"not ok - $t\" "
                   "|| echo \"ok - $t\"; done "
                   ">\"$NMZ_REPORT\"\n"
                   "report = tap\n");
  }

  /// `files`: of a commit besides.
  void make(const std::function<Tree(int)>& files) {
    std::vector<support::ScratchCommit> line;
    for (int commit = 0; commit < commits; ++commit) {
      Tree tree = files(commit);
      tree.emplace("module.py", module(commit));
      tree.emplace("broken", broken(commit));
      if (commit == 0) tree.emplace("tests", listed());
      line.emplace_back(commit == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{line.size() - 1},
                        std::move(tree));
    }
    repository.add_and_checkout(line);
  }
  void make_usual() {
    make([](int commit) { return commit == 0 ? Tree{{"test_it.py", suite()}, {"conftest.py", ""}} : Tree{}; });
  }

  Ended search(std::vector<std::string> options, const std::vector<std::string>& words = {}) {
    std::vector<std::string> all{"--runner", runner, "--json", events().string(),
                                 repository.ids().front() + ".." + repository.ids().back()};
    all.insert(all.end(), options.begin(), options.end());
    std::filesystem::remove(events());
    support::Program program = place.bisect_program(repository.path(), arguments(std::move(all), words));
    program.timeout = std::chrono::minutes{5};  // dozens of starts of Python
    return support::run_program(program);
  }
  [[nodiscard]] std::filesystem::path events() const { return place.note("events.json"); }
  [[nodiscard]] std::vector<json::object> told(const std::string& name) const {
    std::vector<json::object> some;
    for (const std::string& line : lines_of(events())) {
      json::object event = json::parse(line).as_object();
      if (event.at("event").as_string() == name) some.push_back(std::move(event));
    }
    return some;
  }
  [[nodiscard]] json::object end() const { return told("search-ended").at(0); }
  /// What is told of a test that has no culprit.
  [[nodiscard]] std::string state_of(const std::string& test) const {
    const json::object last = end();
    for (const json::value& other : last.at("other_tests").as_array()) {
      if (other.at("test").as_string() == test) return std::string{other.at("state").as_string()};
    }
    return "nothing";
  }
  [[nodiscard]] std::vector<std::string> tests_of(std::size_t commit, const std::string& state = "found") const {
    std::vector<std::string> ids;
    const json::object last = end();
    for (const json::value& culprit : last.at("culprits").as_array()) {
      if (culprit.at("commit").as_string() != repository.ids().at(commit) || culprit.at("state").as_string() != state)
        continue;
      for (const json::value& test : culprit.at("tests").as_array()) ids.emplace_back(test.at("test").as_string());
    }
    return ids;
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    std::ofstream{place.note(name)} << content;
    return place.note(name).string();
  }

  Workplace place;
  support::ScratchRepository repository;
  std::string runner = "pytest";
};

TEST_F(CulpritsTest, EachRedTestGetsTheCommitThatBrokeIt) {
  make_usual();
  const Ended ended = search({"--jobs", "2"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tests_of(3),
              ElementsAre("test_it.py::test_00", "test_it.py::test_01", "test_it.py::test_02", "test_it.py::test_03"));
  EXPECT_THAT(tests_of(4), SizeIs(4));
  EXPECT_THAT(tests_of(9), SizeIs(4));
  EXPECT_EQ(state_of("test_it.py::test_old"), "old");
  EXPECT_EQ(state_of("test_it.py::test_fine"), "nothing");
  EXPECT_THAT(ended.out, HasSubstr(repository.ids()[9] + " is the first bad commit of 4 tests: commit 9\n"));
  EXPECT_THAT(ended.out, HasSubstr("  test_it.py::test_11 (assert False)\n"));
  EXPECT_THAT(ended.out, HasSubstr("1 test failing at a good end as well:\n  test_it.py::test_old"));
  EXPECT_THAT(place.leftovers(), IsEmpty());
}

TEST_F(CulpritsTest, ACommitIsTestedOnceForAllOfThem) {
  use_shell();
  make_usual();
  ASSERT_EQ(search({"--jobs", "1", "--no-confirm"}).exit_code, 0);
  std::map<std::string, int> executions;
  for (const json::object& done : told("tests-told")) ++executions[std::string{done.at("commit").as_string()}];
  for (const auto& [commit, count] : executions) EXPECT_EQ(count, 1) << commit;
  EXPECT_LE(executions.size(), 12U);
  // Decided tests do not run any more.
  for (const json::object& done : told("tests-told")) {
    if (done.at("commit").as_string() == repository.ids()[10] || done.at("commit").as_string() == repository.ids()[8]) {
      EXPECT_LE(done.at("failed").as_array().size() + done.at("passed").as_array().size(), 8U);
    }
  }
}

TEST_F(CulpritsTest, GivenTestsAreToldWhateverTheyAre) {
  use_shell();
  make_usual();
  const std::string list = write("list", "test_it.py::test_08\n\ntest_it.py::test_fine\ntest_it.py::test_none\r\n");
  const Ended ended = search({"--tests", list});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tests_of(9), ElementsAre("test_it.py::test_08"));
  EXPECT_EQ(state_of("test_it.py::test_fine"), "passes");
  EXPECT_EQ(state_of("test_it.py::test_none"), "absent");
  EXPECT_THAT(ended.out, HasSubstr("1 test passing at all ends"));
}

TEST_F(CulpritsTest, WhatFailedInARunOfTheSuiteIsSearchedFor) {
  use_shell();
  make_usual();
  std::filesystem::create_directories(place.note("run"));
  const std::string line = R"({"event":"workload-done","workload":"test_it.py::test_0)";
  std::ofstream{place.note("run") / "events.jsonl"} << R"({"event":"suite-started","title":"t","time":0})" << '\n'
                                                    << line << R"(1","result":"failed","time":1})" << '\n'
                                                    << line << R"(2","result":"passed","time":1})" << '\n'
                                                    << line << R"(3","result":"retried","time":1})" << '\n';
  ASSERT_EQ(search({"--failed-of", place.note("run").string()}).exit_code, 0);
  EXPECT_THAT(tests_of(3), ElementsAre("test_it.py::test_01"));
}

TEST_F(CulpritsTest, ATestThatCameLaterFailsSinceThenOrSinceItWasBroken) {
  make([](int commit) {
    if (commit == 0) return Tree{{"test_it.py", "def test_fine():\n    pass\n"}};
    return commit == 6 ? Tree{{"test_it.py", suite()}} : Tree{};
  });
  const Ended ended = search({});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tests_of(6, "since-added"), SizeIs(9));  // test_old, too
  EXPECT_THAT(tests_of(9), SizeIs(4));
  EXPECT_THAT(ended.out, HasSubstr(repository.ids()[6] + " has added 9 tests, failing since then: commit 6\n"));
}

TEST_F(CulpritsTest, ATestThatTakesItsProcessDownHasItsCulpritToo) {
  make([](int commit) {
    if (commit > 0) return Tree{};
    return Tree{{"test_it.py",
                 "import module, os\n\ndef test_a():\n    if not module.ok[0]: os.abort()\n\n"
                 "def test_b():\n    assert module.ok[8]\n"}};
  });
  ASSERT_EQ(search({}).exit_code, 0);
  EXPECT_THAT(tests_of(3), ElementsAre("test_it.py::test_a"));
  EXPECT_THAT(tests_of(9), ElementsAre("test_it.py::test_b"));
}

TEST_F(CulpritsTest, ABrokenCommitIsSkippedForAllAndTheRestIsFound) {
  use_shell();
  make([](int commit) {
    if (commit == 0) return Tree{{"test_it.py", suite()}, {"build", "true"}};
    if (commit == 9) return Tree{{"build", "false"}};
    return commit == 10 ? Tree{{"build", "true"}} : Tree{};
  });
  const Ended ended = search({"--build", "sh build"});
  EXPECT_EQ(ended.exit_code, 2) << ended.err;
  EXPECT_THAT(tests_of(3), SizeIs(4));
  EXPECT_THAT(ended.out, HasSubstr("The first bad commit of 4 tests could be any of:\n" + repository.ids()[9]));
}

TEST_F(CulpritsTest, AFlakyTestIsNobodysFault) {
  // It fails when it first runs at a commit, passes when it runs there again, and is well at the first one.
  const std::string seen = place.note("seen-").string();
  make([&](int commit) {
    if (commit > 0) return Tree{};
    return Tree{{"test_it.py",
                 "import module, os\n\ndef test_a():\n    assert module.ok[0]\n\ndef test_flaky():\n"
                 "    if open('module.py').readline() == '# 0\\n': return\n"
                 "    seen = '" +
                     seen +
                     "' + os.environ['NMZ_COMMIT']\n"
                     "    again = os.path.exists(seen)\n    open(seen, 'w').close()\n    assert again\n"}};
  });
  const Ended ended = search({"--jobs", "1"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err << ended.out;
  EXPECT_THAT(tests_of(3), ElementsAre("test_it.py::test_a"));
  EXPECT_EQ(state_of("test_it.py::test_flaky"), "flaky");
  EXPECT_THAT(ended.out, HasSubstr("1 test flaky: "));
}

TEST_F(CulpritsTest, NothingToSearchForIsSaid) {
  use_shell();
  make_usual();
  Ended ended = search({"--tests", write("old", "test_it.py::test_old\n")});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("fail at a good one as well"));
  ended = search({"--tests", write("fine", "test_it.py::test_fine\n")});
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.err, HasSubstr("no test fails at the bad end"));
}

TEST_F(CulpritsTest, ARunnerThatCannotRunIsToldWithWhatItSays) {
  make_usual();
  const Ended ended = search({}, {"--no-such-option"});
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_THAT(ended.err, HasSubstr("cannot be listed: exit 4"));
  EXPECT_THAT(ended.err, HasSubstr("unrecognized arguments: --no-such-option"));
  EXPECT_THAT(ended.err, HasSubstr("(what stands after -- is given to pytest)"));
}

TEST_F(CulpritsTest, AnsweredOnceItIsNotAskedAgain) {
  use_shell();
  make_usual();
  const std::vector<std::string> options{
      "--jobs", "2", "--tests", write("list", "test_it.py::test_00\ntest_it.py::test_08\ntest_it.py::test_old\n")};
  const Ended first = search(options);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(told("job-done"), Not(IsEmpty()));
  const Ended again = search(options);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr(repository.ids()[3] + " is the first bad commit of 1 test: commit 3\n"));
  EXPECT_THAT(again.out, HasSubstr(repository.ids()[9] + " is the first bad commit of 1 test: commit 9\n"));
  EXPECT_THAT(tests_of(9), ElementsAre("test_it.py::test_08"));
  EXPECT_THAT(told("job-assigned"), IsEmpty());
  EXPECT_THAT(told("verdict-known"), Not(IsEmpty()));
  EXPECT_THAT(again.err, HasSubstr("is known from earlier tests (--again tests them anew)"));
  // One test more: only that one runs.
  const std::string more = write("more", "test_it.py::test_00\ntest_it.py::test_04\n");
  EXPECT_EQ(search({"--jobs", "1", "--tests", more}).exit_code, 0);
  EXPECT_THAT(tests_of(3), ElementsAre("test_it.py::test_00"));
  EXPECT_THAT(tests_of(4), ElementsAre("test_it.py::test_04"));
  EXPECT_THAT(told("job-done"), Not(IsEmpty()));
}

TEST_F(CulpritsTest, ASearchThatWasKilledGoesOn) {
  const std::string begun = place.note("begun").string();
  make([&](int commit) {
    if (commit > 0) return Tree{};
    return Tree{{"test_it.py", suite()},
                {"conftest.py",
                 "import os\nwith open('" + begun + "', 'a') as f: f.write(os.environ['NMZ_COMMIT'] + '\\n')\n"}};
  });
  const std::string range = repository.ids().front() + ".." + repository.ids().back();
  auto run =
      place.bisect_beside(repository.path(), {"--runner", "pytest", "--jobs", "1", "--no-confirm", "--tests",
                                              write("list", "test_it.py::test_00\ntest_it.py::test_08\n"), range});
  constexpr std::size_t some = 4;
  const auto over = [&] { return run.wait_for(std::chrono::seconds{0}) == std::future_status::ready; };
  ASSERT_TRUE(wait_until([&] { return lines_of(begun).size() >= some || over(); }));
  for (const pid_t pid : place.bisect_processes()) ::kill(pid, SIGKILL);
  for (const pid_t pid : place.processes()) ::kill(pid, SIGKILL);
  static_cast<void>(run.get());
  ASSERT_TRUE(wait_until([&] { return place.processes().empty(); }));
  const std::string last = lines_of(begun).back();
  const Ended ended = place.bisect(repository.path(), {"--continue"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("goes on where it was interrupted"));
  EXPECT_THAT(ended.out, HasSubstr("test_it.py::test_08"));
  std::map<std::string, int> times;
  for (const std::string& commit : lines_of(begun)) ++times[commit];
  times.erase(last);  // it had not ended
  for (const auto& [commit, count] : times) EXPECT_EQ(count, 1) << commit << " is tested again";
}

TEST_F(CulpritsTest, WhatDoesNotGoTogetherIsOneLine) {
  make_usual();
  const auto complaint = [&](std::vector<std::string> words) {
    words.push_back(repository.ids().front() + ".." + repository.ids().back());
    const Ended ended = place.bisect(repository.path(), words);
    EXPECT_EQ(ended.exit_code, 128);
    EXPECT_THAT(split_lines(ended.err), SizeIs(1)) << ended.err;
    return ended.err;
  };
  EXPECT_THAT(complaint({"--runner", "pytest", "--flaky", "auto"}), HasSubstr("--runner and --flaky"));
  EXPECT_THAT(complaint({"--runner", "pytest", "--tests", "/no/such"}), HasSubstr("'/no/such' cannot be read"));
  EXPECT_THAT(complaint({"--runner", "pitest"}), HasSubstr("neither a runner nor a file 'pitest'"));
  EXPECT_THAT(complaint({"--runner", "pytest", "--failed-of", "/no/such"}), HasSubstr("/no/such"));
}

}  // namespace
}  // namespace nmz::conformance
