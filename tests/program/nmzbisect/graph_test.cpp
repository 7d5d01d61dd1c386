// The situations that git's own bisect tests cover and that concern which commits are searched: siblings and their
// merge bases, first-parent, paths, tags and other ways to name the ends, histories that are not whole.
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

using support::ScratchCommit;
using support::ScratchRepository;
using testing::AnyOf;
using testing::HasSubstr;

/// Two branches that part at commit 2 and are merged by 9; each commit has its number in a file of its own.
///
///     0 - 1 - 2 - 3 - 4 - 5 ------- 9 - 10
///              \                   /
///               6 ------ 7 ------ 8
std::vector<ScratchCommit> two_branches() {
  const auto commit = [](std::vector<std::size_t> parents, std::size_t number) {
    return ScratchCommit{std::move(parents), {{fmt::format("n{}", number), fmt::format("{}\n", number)}}};
  };
  std::vector<ScratchCommit> result{commit({}, 0),  commit({0}, 1),    commit({1}, 2), commit({2}, 3),
                                    commit({3}, 4), commit({4}, 5),    commit({2}, 6), commit({6}, 7),
                                    commit({7}, 8), commit({5, 8}, 9), commit({9}, 10)};
  for (std::size_t number = 6; number <= 8; ++number) {  // a merge's tree is told against its first parent
    result[9].files.insert(result[number].files.begin(), result[number].files.end());
  }
  return result;
}

class GraphTest : public testing::Test {
 protected:
  GraphTest() { repository.add_and_checkout(two_branches()); }

  Ended search(std::vector<std::string> options, const std::string& script) {
    return place.bisect(repository.path(), arguments(std::move(options), shell(script)));
  }
  [[nodiscard]] const std::string& id(std::size_t number) const { return repository.ids()[number]; }

  Workplace place;
  ScratchRepository repository;
};

/// Both have a root of their own; git tests what only the bad end has, down to its root.
TEST_F(GraphTest, HistoriesWithoutAnythingInCommonAsGit) {
  ScratchRepository apart;
  apart.add({{{}, {{"number", "0"}}}, {{0}, {{"number", "1"}}}, {{}, {{"number", "2"}}}, {{2}, {{"number", "3"}}}});
  apart.git({"checkout", "--quiet", "main"});
  for (const std::size_t broken_from : {2U, 3U}) {
    GitSearch search;
    search.goods = {apart.ids()[1]};
    search.bad = "main";
    search.command = fails_from(broken_from);
    const Ended ended = place.bisect(apart.path(), arguments_for(search));
    EXPECT_THAT(ended, Finds(apart.ids()[broken_from]));
    EXPECT_EQ(git_bisect(place, apart.path(), search).culprit, apart.ids()[broken_from]);
  }
}

TEST_F(GraphTest, FindsABugOnAMergedBranch) {
  EXPECT_THAT(search({id(0) + ".." + id(10)}, "! test -e n7"), Finds(id(7)));
}

TEST_F(GraphTest, FindsABugThatOnlyTheMergeMakes) {
  EXPECT_THAT(search({id(0) + ".." + id(10)}, "! test -e n4 -a -e n7"), Finds(id(9)));
}

TEST_F(GraphTest, WithFirstParentTheMergeIsTheCulprit) {
  EXPECT_THAT(search({"--first-parent", id(0) + ".." + id(10)}, "! test -e n7"), Finds(id(9)));
}

TEST_F(GraphTest, SeveralGoodEndsNarrowTheRange) {
  const Ended ended =
      search({"--good", id(4), "--good", id(6), "--bad", id(10)}, "git rev-parse HEAD >> $NOTES/tested; ! test -e n8");
  EXPECT_THAT(ended, Finds(id(8)));
  for (const std::string& tested : lines_of(place.note("tested"))) {
    EXPECT_THAT(tested, AnyOf(id(4), id(6), id(5), id(7), id(8), id(9), id(10), id(2)));
  }
}

TEST_F(GraphTest, TheMergeBaseOfSiblingsIsTested) {
  const Ended ended = search({id(8) + ".." + id(5)}, "git rev-parse HEAD >> $NOTES/tested; ! test -e n4");
  EXPECT_THAT(ended, Finds(id(4)));
  EXPECT_THAT(lines_of(place.note("tested")), testing::Contains(id(2)));
}

TEST_F(GraphTest, ABadMergeBaseSaysThatTheBugWasFixedBetween) {
  const Ended ended = search({id(8) + ".." + id(5)}, "test -e n8");
  EXPECT_THAT(ended, FailsWith(3));
  EXPECT_THAT(ended.err, HasSubstr(id(2).substr(0, 7)));
  EXPECT_THAT(ended.err, HasSubstr("fixed"));
}

TEST_F(GraphTest, ASkippedMergeBaseDoesNotStopTheSearch) {
  const Ended ended = search({id(8) + ".." + id(5)}, "test -e n3 -o -e n6 || exit 125; ! test -e n4");
  EXPECT_THAT(ended, Finds(id(4)));
}

TEST_F(GraphTest, ASiblingGoodEndThatIsBadContradicts) {
  EXPECT_THAT(search({"--good", id(8), "--good", id(0), "--bad", id(5)}, "! test -e n4 -o -e n8"),
              AnyOf(FailsWith(1), FailsWith(3)));
}

TEST_F(GraphTest, CommitsThatDoNotTouchThePathAreNoCandidates) {
  const std::string script = "git rev-parse HEAD >> $NOTES/tested; ! test -e n7";
  EXPECT_THAT(search({"--path", "n7", "--path", "n4", id(0) + ".." + id(10)}, script), Finds(id(7)));
  for (const std::string& tested : lines_of(place.note("tested"))) {
    EXPECT_THAT(tested, AnyOf(id(0), id(4), id(7), id(9), id(10)));
  }
}

TEST_F(GraphTest, PathspecMagicWorks) {
  EXPECT_THAT(search({"--path", ":(glob)n[678]", "--path", ":(exclude)n6", id(0) + ".." + id(10)}, "! test -e n8"),
              Finds(id(8)));
}

TEST_F(GraphTest, EveryWayToNameARevisionWorks) {
  repository.git({"tag", "light", id(0)});
  repository.git({"tag", "--annotate", "--message=m", "annotated", id(0)});
  repository.git({"tag", "--annotate", "--message=m", "nested", "annotated"});
  repository.git({"branch", "side", id(8)});
  support::write_file(repository.path() / "light", "a file of the same name\n");
  for (const std::string& range :
       {std::string{"light..main"}, std::string{"annotated..HEAD"}, std::string{"nested..main~1"},
        std::string{":/commit 1$..side"}, std::string{"light.."}, id(1).substr(0, 8) + "..@",
        std::string{"main~5..main^{commit}"}, std::string{"refs/tags/light..heads/side"},
        std::string{"main~1^2~2^..main^{/commit 9}"}}) {
    EXPECT_THAT(search({range}, "! test -e n7"), Finds(id(7))) << range;
  }
  EXPECT_THAT(search({"--good", "nested", "--bad", "side"}, "! test -e n7"), Finds(id(7)));
}

TEST_F(GraphTest, ReplacedCommitsAreSearchedAsGitShowsThem) {
  repository.git({"replace", "--graft", id(9), id(5)});  // the side branch is hidden
  EXPECT_THAT(search({id(0) + ".." + id(10)}, "! test -e n7"), Finds(id(9)));
}

TEST(RootTest, ASecondRootCanBeTheCulprit) {
  Workplace place;
  ScratchRepository repository;
  ScratchCommit merge{{1, 2}, {{"theirs", "x\n"}}};
  repository.add({ScratchCommit{{}, {{"ours", "1\n"}}}, ScratchCommit{{0}, {{"ours", "2\n"}}},
                  ScratchCommit{{}, {{"theirs", "x\n"}}}, merge});
  const std::vector<std::string>& ids = repository.ids();
  EXPECT_THAT(place.bisect(repository.path(), arguments({ids[0] + ".." + ids[3]}, shell("! test -e theirs"))),
              Finds(ids[2]));
}

TEST(RootTest, OctopusBranchesAreSearched) {
  Workplace place;
  ScratchRepository repository;
  std::vector<ScratchCommit> history{ScratchCommit{{}, {{"base", "1\n"}}}};
  ScratchCommit octopus;
  for (std::size_t branch = 1; branch <= 5; ++branch) {
    history.push_back(ScratchCommit{{0}, {{fmt::format("b{}", branch), "1\n"}}});
    octopus.parents.push_back(branch);
    octopus.files.insert(history.back().files.begin(), history.back().files.end());
  }
  history.push_back(octopus);
  repository.add(history);
  const std::vector<std::string>& ids = repository.ids();
  EXPECT_THAT(place.bisect(repository.path(), arguments({ids[0] + ".." + ids[6]}, shell("! test -e b4"))),
              Finds(ids[4]));
}

}  // namespace
}  // namespace nmz::conformance
