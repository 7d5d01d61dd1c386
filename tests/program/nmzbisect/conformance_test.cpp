// The same answers as git, on random histories: merges, criss-crosses, octopuses, several roots, skewed dates, several
// and sibling good ends. Every scenario is searched by `git bisect run` and by nmzbisect with the same command.
//
// Where commits cannot be tested git stops as soon as only such commits are left between what it happened to test;
// what can be known is less or equal, and is computed by brute force.
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "scenario.hpp"
#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using testing::IsSubsetOf;
using testing::UnorderedElementsAreArray;

/// The verdict from a tracked file, or from lists beside the repository and the commit's id as the test can learn it.
std::vector<std::string> command_for(const Workplace& place, const Scenario& scenario,
                                     const std::vector<std::string>& ids, std::uint64_t seed) {
  if (seed % 3 == 0) {
    return {"sh", "-c", "case $(cat says) in good) exit 0;; skip) exit 125;; *) exit $((1 + $$ % 100));; esac"};
  }
  std::string bad;
  std::string skip;
  for (std::size_t number = 0; number < ids.size(); ++number) {
    bad += scenario.says[number] == Says::bad ? ids[number] + "\n" : "";
    skip += scenario.says[number] == Says::skip ? ids[number] + "\n" : "";
  }
  support::write_file(place.note("bad"), bad);
  support::write_file(place.note("skip"), skip);
  const std::string id = seed % 3 == 1 ? "${NMZ_COMMIT:-$(git rev-parse HEAD)}" : "$(git rev-parse HEAD)";
  return {"sh",
          "-c",
          "id=" + id + R"(; grep -q $id "$1" && exit 125; ! grep -q $id "$2")",
          "test",
          place.note("skip"),
          place.note("bad")};
}

std::vector<std::string> pick(const std::vector<std::string>& ids, const std::vector<std::size_t>& numbers) {
  std::vector<std::string> result;
  std::ranges::transform(numbers, std::back_inserter(result), [&](std::size_t number) { return ids[number]; });
  return result;
}

class Comparison {
 public:
  Comparison(std::uint64_t seed, Kind kind) : scenario{random_scenario(seed, kind)} {
    repository.add(scenario.history);
    search.goods = pick(repository.ids(), scenario.goods);
    search.bad = repository.ids()[scenario.bad];
    search.pathspecs = scenario.pathspecs;
    search.first_parent = scenario.first_parent;
    search.command = command_for(place, scenario, repository.ids(), seed);
    const std::array jobs{"1", "2", "3", "5"};
    arguments = {"--jobs", jobs.at(seed % jobs.size()), "--strategy", seed % 5 == 0 ? "rounds" : "adaptive"};
    const std::vector<std::string> rest = arguments_for(search);
    arguments.insert(arguments.end(), rest.begin(), rest.end());
  }

  Scenario scenario;
  Workplace place;
  support::ScratchRepository repository;
  GitSearch search;
  std::vector<std::string> arguments;
};

void compare(Kind kind) {
  constexpr std::uint64_t seeds = 10;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Comparison one{seed, kind};
    const GitAnswer git = git_bisect(one.place, one.repository.path(), one.search);
    const std::string truth = one.repository.ids()[one.scenario.culprit];
    ASSERT_EQ(git.culprit, truth) << git.output;
    EXPECT_THAT(one.place.bisect(one.repository.path(), one.arguments), Finds(truth));
  }
}

TEST(SameAnswerTest, OnTheWholeGraph) { compare(Kind::plain); }
TEST(SameAnswerTest, OnTheFirstParentLine) { compare(Kind::first_parent); }
TEST(SameAnswerTest, OnThePathOfAFile) { compare(Kind::path); }

TEST(SkipTest, LeavesExactlyTheCommitsThatNoTestTellsApart) {
  constexpr std::uint64_t seeds = 12;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Comparison one{seed, Kind::skips};
    const std::vector<std::string> left = pick(one.repository.ids(), one.scenario.indistinguishable);
    const GitAnswer git = git_bisect(one.place, one.repository.path(), one.search);
    if (git.culprit) {
      ASSERT_THAT(left, testing::ElementsAre(*git.culprit)) << git.output;
    } else {
      ASSERT_THAT(left, IsSubsetOf(git.possible)) << git.output;
    }
    const Ended ours = one.place.bisect(one.repository.path(), one.arguments);
    if (left.size() == 1) {
      EXPECT_THAT(ours, Finds(left[0]));
    } else {
      EXPECT_THAT(ours, FailsWith(2));
      EXPECT_THAT(ids_in(ours.out), UnorderedElementsAreArray(left)) << everything(ours) << git.output;
    }
  }
}

}  // namespace
}  // namespace nmz::conformance
