// What a search knows before it tests anything: from earlier searches, from one that was killed, from one beside it.
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::size_t first_bad = 23;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream{file} << text;
}

class MemoryTest : public testing::Test {
 protected:
  MemoryTest() { write(limit, std::to_string(first_bad)); }

  /// Fails from the commit on whose number is in a note; each test notes its worker and the commit's number.
  [[nodiscard]] std::vector<std::string> command(const std::string& before = "") const {
    return shell("n=$(cat number); echo \"$NMZ_WORKER $n\" >>\"$NOTES/begun\"; " + before +
                 " test $n -lt $(cat \"$NOTES/limit\")");
  }
  [[nodiscard]] Ended search(std::vector<std::string> options = {}) const {
    return search_for(std::move(options), command());
  }
  [[nodiscard]] Ended search_for(std::vector<std::string> options, const std::vector<std::string>& what) const {
    options.push_back(repository.range());
    return place.bisect(repository.path(), arguments(std::move(options), what));
  }
  [[nodiscard]] std::size_t begun() const { return lines_of(place.note("begun")).size(); }
  /// How many tests began meanwhile.
  template <class Action>
  std::size_t tests_of(Action action) const {
    const std::size_t before = begun();
    action();
    return begun() - before;
  }
  void expect_found(const Ended& ended, std::size_t number = first_bad) const {
    EXPECT_EQ(culprit_of(ended.out), repository.ids()[number]) << ended.err;
  }
  [[nodiscard]] fs::path data() const { return place.path() / "home/.local/share/namazu-swarm"; }
  [[nodiscard]] Ended history(std::vector<std::string> words) const {
    words.insert(words.begin(), {NMZ_NMZBISECT, "history"});
    return support::run_program(place.program(repository.path(), words));
  }

  Workplace place;
  LineRepository repository{40};
  fs::path limit = place.note("limit");
};

TEST_F(MemoryTest, TheSameSearchAgainTestsNothing) {
  const Ended first = search();
  expect_found(first);
  EXPECT_THAT(first.err, Not(HasSubstr("--again")));
  Ended again;
  EXPECT_EQ(tests_of([&] { again = search(); }), 0U);
  EXPECT_EQ(again.out, first.out);
  EXPECT_THAT(again.err, HasSubstr("from earlier searches (--again tests them anew)"));
  std::printf("the same search again: %.3f s\n", std::chrono::duration<double>{again.duration}.count());
}

TEST_F(MemoryTest, WhatIsConfirmedIsKept) {
  const std::vector<std::string> options{"--isolate", "none", "--jobs", "2"};
  const Ended first = search(options);
  expect_found(first);
  EXPECT_THAT(first.err, HasSubstr("the answer is tested once more"));
  EXPECT_EQ(tests_of([&] { expect_found(search(options)); }), 0U);
  EXPECT_GT(tests_of([&] { expect_found(search({"--jobs", "2"})); }), 0U) << "in a world of its own it is another test";
}

TEST_F(MemoryTest, ASkipIsWhatTheTestSaid) {
  const std::vector<std::string> check =
      shell("n=$(cat number); echo x $n >>\"$NOTES/begun\"; test $n != 20 || exit 125; test $n -lt 23");
  expect_found(search_for({"--jobs", "1"}, check));
  EXPECT_EQ(tests_of([&] { expect_found(search_for({"--jobs", "1"}, check)); }), 0U);
  EXPECT_THAT(history({}).out, HasSubstr("found"));
}

TEST_F(MemoryTest, AsksAgainAndForgetsWhereItIsTold) {
  EXPECT_GT(tests_of([&] { expect_found(search({"--no-cache"})); }), 0U);
  EXPECT_FALSE(fs::exists(data() / "searches")) << "--no-cache keeps nothing";
  const std::size_t usual = tests_of([&] { expect_found(search({"--jobs", "1"})); });
  EXPECT_GT(usual, 0U);
  EXPECT_EQ(tests_of([&] { expect_found(search({"--jobs", "1", "--no-cache"})); }), usual);
  write(limit, "30");
  EXPECT_GT(tests_of([&] { expect_found(search({"--jobs", "1", "--again"}), 30); }), 0U);
  EXPECT_EQ(tests_of([&] { expect_found(search({"--jobs", "1"}), 30); }), 0U) << "--again remembers";
}

TEST_F(MemoryTest, AnEditedScriptIsAnotherQuestion) {
  const fs::path outside = place.path() / "check.sh";
  const fs::path helper = repository.path() / "helper.sh";  // untracked, and named nowhere
  write(outside, "n=$(cat number); echo x $n >>\"$NOTES/begun\"; . ./helper.sh; test $n -lt $limit");
  write(helper, "limit=23\n");
  const std::vector<std::string> check{"sh", outside};
  EXPECT_GT(tests_of([&] { expect_found(search_for({}, check)); }), 0U);
  EXPECT_EQ(tests_of([&] { expect_found(search_for({}, check)); }), 0U);
  write(helper, "limit=7 \n");
  EXPECT_GT(tests_of([&] { expect_found(search_for({}, check), 7); }), 0U);
  write(outside, "n=$(cat number); echo x $n >>\"$NOTES/begun\"; test $n -lt 11");
  EXPECT_GT(tests_of([&] { expect_found(search_for({}, check), 11); }), 0U);
}

TEST_F(MemoryTest, ARebasedHistoryIsKnown) {
  expect_found(search());
  std::vector<std::string> parent;
  std::vector<std::string> ids;
  for (const std::string& id : repository.ids()) {
    std::vector<std::string> words{"commit-tree", id + "^{tree}", "-m", "again"};
    words.insert(words.end(), parent.begin(), parent.end());
    ids.push_back(split_lines(repository.git(words)).front());
    parent = {"-p", ids.back()};
  }
  EXPECT_EQ(tests_of([&] {
              const Ended ended =
                  place.bisect(repository.path(), arguments({ids.front() + ".." + ids.back()}, command()));
              EXPECT_EQ(culprit_of(ended.out), ids[first_bad]) << ended.err;
            }),
            0U);
}

TEST_F(MemoryTest, ASearchWithoutACulpritLeavesNothing) {
  write(limit, "0");
  EXPECT_THAT(search().err, HasSubstr("the ends contradict"));
  write(limit, "23");
  expect_found(search());
}

TEST_F(MemoryTest, WhatContradictsTheTestsOfTodayIsNotBelieved) {
  write(limit, "10");
  expect_found(search({"--jobs", "1"}), 10);
  write(limit, "33");
  const std::string range = repository.ids()[11] + ".." + repository.ids().back();
  const Ended ended = place.bisect(repository.path(), arguments({"--jobs", "1", range}, command()));
  expect_found(ended, 33);
  EXPECT_THAT(ended.err, HasSubstr("does not agree with what the tests say now"));
  EXPECT_EQ(tests_of([&] { expect_found(place.bisect(repository.path(), arguments({range}, command())), 33); }), 0U)
      << "what was wrong is forgotten";
}

// ---- killed

/// Of a search that ran in one life: the commits whose tests had ended, as their workers had begun others.
std::set<std::string> finished(const std::vector<std::string>& begun, std::size_t from) {
  std::map<std::string, std::string> last;
  std::set<std::string> all;
  for (std::size_t i = from; i < begun.size(); ++i) {
    const std::string worker = begun[i].substr(0, begun[i].find(' '));
    const auto earlier = last.find(worker);
    if (earlier != last.end()) all.insert(earlier->second);
    last[worker] = begun[i].substr(begun[i].find(' ') + 1);
  }
  return all;
}

class KilledSearchTest : public MemoryTest {
 protected:
  /// Kills the program and all that it has started when so many tests more have begun.
  void live_until(std::size_t tests, const std::vector<std::string>& options) const {
    const std::size_t goal = begun() + tests;
    std::vector<std::string> words = options;
    words.push_back(repository.range());
    auto run = place.bisect_beside(repository.path(), arguments(words, command("sleep 0.02;")));
    const auto over = [&] { return run.wait_for(std::chrono::seconds{0}) == std::future_status::ready; };
    ASSERT_TRUE(wait_until([&] { return begun() >= goal || over(); }));
    for (const pid_t pid : place.bisect_processes()) ::kill(pid, SIGKILL);
    for (const pid_t pid : place.processes()) ::kill(pid, SIGKILL);
    static_cast<void>(run.get());
    ASSERT_TRUE(wait_until([&] { return place.processes().empty(); }));
  }
  void expect_true_verdicts() const;
};

void KilledSearchTest::expect_true_verdicts() const {
  const json::array searches = json::parse(history({"--format", "json"}).out).as_array();
  EXPECT_THAT(searches, Not(IsEmpty()));
  for (const json::value& one : searches) {
    const std::string name{one.at("search").as_string()};
    const json::value whole = json::parse(history({"--format", "json", name}).out);
    for (const json::value& verdict : whole.at("verdicts").as_array()) {
      const auto& ids = repository.ids();
      const auto number =
          static_cast<std::size_t>(std::ranges::find(ids, std::string{verdict.at("commit").as_string()}) - ids.begin());
      EXPECT_EQ(verdict.at("said").as_string(), number < first_bad ? "passed" : "failed") << "commit " << number;
    }
  }
}

TEST_F(KilledSearchTest, GoesOnWhereItWasKilled) {
  constexpr unsigned seed = 20261129;
  std::minstd_rand random{seed};
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    fs::remove_all(data());
    fs::remove(place.note("begun"));
    std::set<std::string> done;
    for (int life = 0; life < 4; ++life) {
      const std::size_t from = begun();
      live_until(1 + random() % 4, {"--jobs", "2"});
      const std::vector<std::string> lines = lines_of(place.note("begun"));
      for (std::size_t i = from; i < lines.size(); ++i) {
        EXPECT_FALSE(done.contains(lines[i].substr(lines[i].find(' ') + 1))) << lines[i] << " is tested again";
      }
      done.merge(finished(lines, from));
    }
    const std::size_t from = begun();
    expect_found(search_for({"--jobs", "2"}, command("sleep 0.02;")));
    const std::vector<std::string> lines = lines_of(place.note("begun"));
    for (std::size_t i = from; i < lines.size(); ++i) {
      EXPECT_FALSE(done.contains(lines[i].substr(lines[i].find(' ') + 1))) << lines[i] << " is tested again";
    }
    expect_true_verdicts();
  }
}

TEST_F(KilledSearchTest, GoesOnWhenToldToContinue) {
  live_until(3, {"--jobs", "1"});
  const std::set<std::string> done = finished(lines_of(place.note("begun")), 0);
  ASSERT_THAT(done, Not(IsEmpty()));
  const std::size_t from = begun();
  const Ended ended = place.bisect(repository.path(), {"--continue"});
  expect_found(ended);
  EXPECT_THAT(ended.err, HasSubstr("goes on where it was interrupted"));
  const std::vector<std::string> lines = lines_of(place.note("begun"));
  for (std::size_t i = from; i < lines.size(); ++i) {
    EXPECT_FALSE(done.contains(lines[i].substr(lines[i].find(' ') + 1))) << lines[i];
  }
  EXPECT_THAT(json::parse(history({"--format", "json"}).out).as_array(), SizeIs(1)) << "it is one search";
  const Ended nothing = place.bisect(repository.path(), {"--continue"});
  EXPECT_EQ(nothing.exit_code, 128);
  EXPECT_THAT(nothing.err, HasSubstr("no search of this repository was interrupted"));
}

TEST_F(MemoryTest, SearchesAtTheSameTimeShare) {
  support::Program waiting = place.bisect_program(
      repository.path(),
      arguments({"--jobs", "1", repository.range()},
                command("if test \"$WAITS\"; then until test -e \"$NOTES/gate\"; do sleep 0.01; done; fi;")));
  support::Program quick = waiting;
  waiting.env.emplace_back("WAITS=yes");
  waiting.argv.insert(waiting.argv.begin() + 1, {"--log-dir", place.path() / "other-logs"});
  std::erase(waiting.argv, place.log_dir().string());
  const auto log = std::ranges::find(waiting.argv, "--log-dir");
  ASSERT_NE(log, waiting.argv.end());
  const auto second = std::find(log + 1, waiting.argv.end(), "--log-dir");
  ASSERT_NE(second, waiting.argv.end());
  waiting.argv.erase(second);
  auto beside = std::async(std::launch::async, support::run_program, waiting);
  ASSERT_TRUE(wait_until([&] { return begun() == 1; }));
  const std::size_t usual = tests_of([&] { expect_found(support::run_program(quick)); });
  EXPECT_GT(usual, 1U);
  write(place.note("gate"), "");
  EXPECT_EQ(tests_of([&] { expect_found(beside.get()); }), 0U) << "the other one has tested everything";
}

// ---- trouble

TEST_F(MemoryTest, ABrokenHistoryIsOneLine) {
  write(data() / "history.sqlite", std::string(10000, 'x'));
  write(data() / "searches", "no directory");
  const Ended ended = search();
  expect_found(ended);
  const std::vector<std::string> lines = split_lines(ended.err);
  EXPECT_EQ(std::ranges::count_if(lines, [](const std::string& line) { return line.find("history") != line.npos; }), 1)
      << ended.err;
  EXPECT_EQ(std::ranges::count_if(lines, [](const std::string& line) { return line.find("searches") != line.npos; }), 0)
      << ended.err;
}

TEST_F(MemoryTest, AFullDiskIsOneLine) {
  fs::create_directories(data());
  const support::Program program = place.bisect_program(repository.path(), arguments({repository.range()}, command()));
  support::Program full = program;
  full.argv = {"unshare",
               "-rm",
               "sh",
               "-c",
               "mount -t tmpfs -o size=8k none \"$0\" && head -c 8192 /dev/zero >\"$0/full\"; exec \"$@\"",
               data()};
  full.argv.insert(full.argv.end(), program.argv.begin(), program.argv.end());
  const Ended ended = support::run_program(full);
  expect_found(ended);
  const std::vector<std::string> lines = split_lines(ended.err);
  EXPECT_EQ(std::ranges::count_if(lines, [&](const std::string& line) { return line.find(data()) != line.npos; }), 1)
      << ended.err;
}

TEST_F(MemoryTest, ADatabaseThatIsLockedStopsNothing) {
  expect_found(search());
  support::Program holder = place.program(
      repository.path(), {"python3", "-c",
                          "import sqlite3,sys,os,time\n"
                          "c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute('BEGIN EXCLUSIVE')\n"
                          "open(sys.argv[2],'w').close()\n"
                          "while not os.path.exists(sys.argv[3]): time.sleep(0.01)\n",
                          data() / "history.sqlite", place.note("locked"), place.note("unlock")});
  auto holding = std::async(std::launch::async, support::run_program, holder);
  ASSERT_TRUE(wait_until([&] { return fs::exists(place.note("locked")); }));
  write(limit, "30");
  const Ended ended = search({"--term-old", "fine", "--term-new", "broken", "--env", "A=b"});
  EXPECT_EQ(culprit_of(ended.out, "broken"), repository.ids()[30]) << ended.err;
  EXPECT_THAT(split_lines(ended.err), Contains(HasSubstr("earlier verdicts are not known")).Times(1));
  write(place.note("unlock"), "");
  EXPECT_EQ(holding.get().exit_code, 0);
}

// ---- what can be seen of it

TEST_F(MemoryTest, TheHistoryListsShowsAndForgets) {
  EXPECT_EQ(history({}).out, "");
  expect_found(search({"--jobs", "1"}));
  const std::vector<std::string> lines = split_lines(history({}).out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("found " + repository.ids()[first_bad].substr(0, 12)), HasSubstr("repo: ")));
  const json::array searches = json::parse(history({"--format", "json"}).out).as_array();
  ASSERT_EQ(searches.size(), 1U);
  EXPECT_EQ(searches[0].at("answer").as_string(), repository.ids()[first_bad]);
  EXPECT_EQ(searches[0].at("tests").to_number<std::size_t>(), begun());
  const Ended shown = history({std::string{searches[0].at("search").as_string()}});
  EXPECT_THAT(shown.out, HasSubstr("failed    " + repository.ids()[first_bad]));
  EXPECT_EQ(history({"nothing"}).exit_code, 128);
  EXPECT_THAT(history({"prune", "--older", "1d"}).out, HasSubstr("0 searches and 0 verdicts"));
  EXPECT_THAT(history({"clear"}).out, HasSubstr("1 search and "));
  EXPECT_EQ(history({}).out, "");
  EXPECT_GT(tests_of([&] { expect_found(search()); }), 0U);
}

TEST_F(MemoryTest, ExplainsEachCommit) {
  const std::vector<std::string> options{"--jobs", "1", "--explain"};
  const Ended ended = search(options);
  expect_found(ended);
  const auto& ids = repository.ids();
  const auto line_of = [](const std::string& text, const std::string& id) {
    std::string found;
    for (const std::string& line : split_lines(text)) {
      if (line.find(' ' + id.substr(0, 12) + ' ') != std::string::npos) found = line;
    }
    return found;
  };
  EXPECT_THAT(line_of(ended.err, ids[first_bad]), HasSubstr("(tested: bad)"));
  EXPECT_THAT(line_of(ended.err, ids[1]), HasSubstr("(good: ancestor of "));
  EXPECT_THAT(line_of(ended.err, ids[38]), HasSubstr("(bad: descendant of "));
  EXPECT_THAT(ended.out, Not(HasSubstr("ancestor"))) << "the answer is alone there";
  const Ended again = search(options);
  EXPECT_THAT(line_of(again.err, ids[first_bad]), HasSubstr("(known from a test at 20"));
  const Ended shown =
      support::run_program(place.program(repository.path(), {NMZ_NMZBISECT, "show", "--explain", place.log_dir()}));
  EXPECT_EQ(line_of(shown.err, ids[1]), line_of(again.err, ids[1]));
  const Ended plain = support::run_program(place.program(repository.path(), {NMZ_NMZBISECT, "show", place.log_dir()}));
  EXPECT_THAT(plain.err, Not(HasSubstr("ancestor of")));
}

TEST_F(MemoryTest, APassOfAFlakyTestProvesNothing) {
  // Every other test of a commit fails where it should pass.
  const std::vector<std::string> flaky =
      shell("n=$(cat number); echo \"x $n\" >>\"$NOTES/begun\"; test $n -lt 23 && test \"$NMZ_RUN\" != 2");
  const std::vector<std::string> options{"--jobs", "1", "--flaky", "auto", "--confidence", "0.9"};
  const std::size_t first = tests_of([&] { static_cast<void>(search_for(options, flaky)); });
  const std::size_t second = tests_of([&] { static_cast<void>(search_for(options, flaky)); });
  EXPECT_GT(first, 0U);
  EXPECT_GT(second, 0U) << "passes are tested again";
}

}  // namespace
}  // namespace nmz::conformance
