#include "nmz/git/changed_paths.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using support::ScratchCommit;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ChangedPathsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  std::vector<std::vector<std::string>> paths(const std::vector<std::size_t>& commits,
                                              const std::vector<std::string>& pathspecs = {}) {
    std::vector<CommitId> ids;
    for (const std::size_t commit : commits) ids.push_back(CommitId::parse(scratch_.ids()[commit]).value());
    return changed_paths(Repository::open(scratch_.path()).value(), ids, pathspecs).value();
  }

  support::ScratchRepository scratch_;
};

TEST_F(ChangedPathsTest, AreThoseOfEachCommitInTheOrderOfTheCommits) {
  scratch_.add({ScratchCommit{{}, {{"a", "1"}, {"d/b", "1"}}}, ScratchCommit{{0}}, ScratchCommit{{1}, {{"d/b", "2"}}},
                ScratchCommit{{2}, {{"a\nodd \xff", "1"}, {"deep/er/c", "1"}}}});
  const auto found = paths({3, 1, 0, 2});
  EXPECT_THAT(found[0], ElementsAre("a\nodd \xff", "deep/er/c"));
  EXPECT_THAT(found[1], IsEmpty());
  EXPECT_THAT(found[2], ElementsAre("a", "d/b"));
  EXPECT_THAT(found[3], ElementsAre("d/b"));
}

TEST_F(ChangedPathsTest, OfAMergeAreWhatItChangesItself) {
  scratch_.add({ScratchCommit{{}, {{"base", "1"}}}, ScratchCommit{{0}, {{"one", "1"}}},
                ScratchCommit{{0}, {{"two", "1"}}}, ScratchCommit{{1, 2}, {{"two", "1"}}},
                ScratchCommit{{1, 2}, {{"two", "1"}, {"base", "resolved"}}}});
  const auto found = paths({3, 4});
  EXPECT_THAT(found[0], IsEmpty());
  EXPECT_THAT(found[1], ElementsAre("base"));
}

TEST_F(ChangedPathsTest, CanBeThoseOfPathspecs) {
  scratch_.add({ScratchCommit{{}, {{"src/a.c", "1"}}}, ScratchCommit{{0}, {{"src/a.c", "2"}, {"doc/a", "1"}}},
                ScratchCommit{{1}, {{"doc/a", "2"}}}});
  const auto found = paths({0, 1, 2}, {"src/*.c"});
  EXPECT_THAT(found[1], ElementsAre("src/a.c"));
  EXPECT_THAT(found[2], IsEmpty());
  const auto wrong = changed_paths(Repository::open(scratch_.path()).value(), {}, {":(nonsense)x"});
  ASSERT_FALSE(wrong.has_value());
  EXPECT_THAT(wrong.error().message, HasSubstr("nonsense"));
}

}  // namespace
}  // namespace nmz::git
