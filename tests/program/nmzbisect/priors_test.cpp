// What is known of commits beforehand: fewer tests where it is right, the same answer where it is not.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using support::ScratchCommit;
using support::ScratchFile;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::size_t commits = 128;

/// Commit i writes its number, and most change documentation beside that in "docs/number".
std::vector<ScratchCommit> history(const std::vector<std::size_t>& of_code) {
  std::vector<ScratchCommit> line;
  for (std::size_t i = 0; i < commits; ++i) {
    const bool code = i == 0 || std::ranges::find(of_code, i) != of_code.end();
    std::map<std::string, ScratchFile> files{{"docs/number", std::to_string(i) + "\n"}};
    if (code) files["src/code.c"] = std::to_string(i) + "\n";
    line.emplace_back(i == 0 ? std::vector<std::size_t>{} : std::vector<std::size_t>{i - 1}, std::move(files));
  }
  return line;
}

class PriorsTest : public testing::Test {
 protected:
  PriorsTest() { repository.add_and_checkout(history({11, 50, 77, 90, 103})); }

  Ended search(std::vector<std::string> options, std::size_t broken_from, const std::string& more = "") {
    options.insert(options.begin(), {"--jobs", "1", "--no-cache", "--trust-ends",
                                     repository.ids().front() + ".." + repository.ids().back()});
    return place.bisect(
        repository.path(),
        arguments(std::move(options),
                  shell("echo >>" + place.note("tested").string() + "; if test $(cat docs/number) -ge " +
                        std::to_string(broken_from) + "; then " + more + " exit 1; fi")));
  }
  std::size_t tests_of(const std::vector<std::string>& options, std::size_t broken_from, const std::string& more = "") {
    const std::size_t before = lines_of(place.note("tested")).size();
    EXPECT_THAT(search(options, broken_from, more), Finds(repository.ids()[broken_from]));
    return lines_of(place.note("tested")).size() - before;
  }

  Workplace place;
  support::ScratchRepository repository;
};

TEST_F(PriorsTest, DocumentationIsTestedLater) {
  EXPECT_EQ(tests_of({"--no-priors"}, 77), 7U);
  EXPECT_LE(tests_of({}, 77), 6U);
  EXPECT_LE(tests_of({}, 76), 8U) << "it may be documentation all the same";
}

TEST_F(PriorsTest, WhatIsSuspectedIsTestedSooner) {
  repository.add_and_checkout({ScratchCommit{{commits - 1}, {{"src/other.c", "1"}}},
                               ScratchCommit{{commits}, {{"src/third.c", "1"}, {"docs/number", "200\n"}}}});
  EXPECT_LE(tests_of({"--suspect", "src/third.c"}, commits + 1), 3U);
  const Ended wrong = search({"--suspect", ":(nonsense)x"}, 5);
  EXPECT_THAT(wrong, FailsWith(128));
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("--suspect"), HasSubstr("nonsense")));
  EXPECT_THAT(search({"--suspect", "src", "--no-priors"}, 5), FailsWith(128));
}

TEST_F(PriorsTest, WhatAFailingTestNamesIsSuspected) {
  std::vector<ScratchCommit> more;
  for (std::size_t i = 0; i < 60; ++i) {
    more.push_back(ScratchCommit{{commits - 1 + i},
                                 {{i == 7 ? "lib/guilty.c" : "src/code.c", "new " + std::to_string(i)},
                                  {"docs/number", std::to_string(commits + i) + "\n"}}});
  }
  repository.add_and_checkout(more);
  const std::size_t plain = tests_of({}, commits + 7);
  const std::size_t named = tests_of({}, commits + 7, "echo 'lib/guilty.c:3: assertion failed';");
  EXPECT_LT(named, plain);
}

TEST_F(PriorsTest, IsExplained) {
  const Ended ended = search({"--explain", "--suspect", "src/code.c"}, 77);
  EXPECT_THAT(ended, Finds(repository.ids()[77]));
  const auto line_of = [&](std::size_t commit) {
    for (const std::string& line : split_lines(ended.err)) {
      if (line.find(repository.ids()[commit].substr(0, 12)) != std::string::npos) return line;
    }
    return std::string{};
  };
  EXPECT_THAT(line_of(50), HasSubstr("suspected more beforehand: it changes what --suspect names"));
  EXPECT_THAT(line_of(51), HasSubstr("suspected less beforehand: it changes documentation only"));
  EXPECT_THAT(search({"--explain", "--no-priors"}, 77).err, Not(HasSubstr("beforehand")));
}

}  // namespace
}  // namespace nmz::conformance
