// The README's first example for each runner: one line, which does what it says where the tool is there.
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/runner/runner.hpp"

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::string readme() {
  std::ifstream file{NMZ_README};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// By runner: the command line, without the comment behind it.
std::map<std::string, std::string> examples() {
  constexpr std::string_view start = "    nmzswarm --runner ";
  std::map<std::string, std::string> lines;
  std::istringstream text{readme()};
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(start)) continue;
    line = line.substr(4, line.find(" #") - 4);
    const std::string rest = line.substr(start.size() - 4);
    lines.emplace(rest.substr(0, rest.find(' ')), line);
  }
  return lines;
}

using Files = std::vector<std::pair<std::string, std::string>>;

/// A suite for each of the lines, with one test that passes; `tool`: a command by which it is known to be there.
struct TinySuite {
  std::string tool;
  Files files;
};
std::map<std::string, TinySuite> suites() {
  // This program as one of GoogleTest's.
  const std::string program = "#!/bin/sh\nexec '" + fs::read_symlink("/proc/self/exe").string() +
                              "' --gtest_also_run_disabled_tests --gtest_filter='DISABLED_Sample.Passes' \"$@\"\n";
  const std::string passes = "def test_it(): pass\n";
  return {
      {"pytest", {"command -v pytest || python3 -m pytest --version", {{"tests/unit/test_a.py", passes}}}},
      {"unittest",
       {"command -v python3",
        {{"tests/test_u.py", "import unittest\nclass A(unittest.TestCase):\n    def test_it(self): pass\n"}}}},
      {"ctest",
       {"command -v ctest",
        {{"CTestTestfile.cmake", "add_test(it true)\nset_tests_properties(it PROPERTIES LABELS quick)\n"}}}},
      {"gtest", {"true", {{"net_test", program}, {"db_test", program}}}},
      {"node", {"node --test --version", {{"test/a.test.js", "require('node:test')('it', () => {});\n"}}}},
      {"bats", {"command -v bats", {{"test/a.bats", "@test 'it' { true; }\n"}}}},
      {"prove", {"command -v prove", {{"t/a.t", R"(print "1..1\nok 1\n";)"}}}},
      {"./runner", {"true", {{"runner", "list = echo it\nrun = echo \"ok - it\" >\"$NMZ_REPORT\"\nreport = tap\n"}}}},
  };
}

/// Those that are not run here, by the name that the README has for them.
const std::map<std::string, std::string> recorded{
    {"go", "go 1"},     {"cargo", "cargo 1"}, {"jest", "Jest"},           {"vitest", "Vitest"},
    {"mocha", "Mocha"}, {"meson", "Meson"},   {"make-check", "Automake"}, {"junit-files", "Catch2"}};

/// A README's line, in a directory of its own with a suite for it.
struct Example {
  Example(std::string name_in, std::string line_in, const TinySuite& suite)
      : name{std::move(name_in)}, line{std::move(line_in)}, tool{suite.tool} {
    // Debian's own tools: another python3 may be a script that looks for one.
    swarm.environment = {std::string{"PATH=/usr/bin:/bin:"} + std::getenv("PATH")};
    for (const auto& [file, content] : suite.files) {
      fs::create_directories((swarm.place() / file).parent_path());
      std::ofstream{swarm.place() / file} << content;
      fs::permissions(swarm.place() / file, fs::perms::owner_all);
    }
  }
  void expect_to_work() {
    if (swarm.shell("{ " + tool + "; } >/dev/null 2>&1").exit_code != 0) return;
    const support::Ended ended = swarm.shell("\"$SWARM\" " + line.substr(line.find(' ')));
    EXPECT_EQ(ended.exit_code, 0) << line << "\n" << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr(name == "gtest" ? "2 of 2 passed" : "1 of 1 passed")) << line;
  }

  std::string name;
  std::string line;
  std::string tool;
  Swarm swarm;
};

TEST(ReadmeTest, EachRunnerHasALineThatWorksOrIsKnownByItsReports) {
  const auto lines = examples();
  const auto all = suites();
  std::vector<std::string> names = runner::names();
  names.insert(names.end(), {"auto", "./runner"});
  std::string text = readme();
  std::ranges::replace(text, '\n', ' ');
  const std::size_t by_hand = text.find("and by hand with ");
  ASSERT_NE(by_hand, std::string::npos);
  const std::string told = text.substr(by_hand, text.find("recorded reports are tests", by_hand) - by_hand);
  std::deque<Example> here;
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(lines.contains(name)) << "the README has no line for it";
    if (const auto known = recorded.find(name); known != recorded.end()) {
      EXPECT_THAT(told, HasSubstr(known->second));
      continue;
    }
    if (name == "auto") continue;  // it is tried in runner_test.cpp
    ASSERT_TRUE(all.contains(name)) << "it is neither run here nor recorded";
    here.emplace_back(name, lines.at(name), all.at(name));
  }
  // All at once: they mostly wait. Not before all files are written: a program that starts meanwhile would have one
  // open.
  std::vector<std::future<void>> runs;
  runs.reserve(here.size());
  for (Example& one : here) runs.push_back(std::async(std::launch::async, [&one] { one.expect_to_work(); }));
}

}  // namespace
}  // namespace nmz::nmzswarm
