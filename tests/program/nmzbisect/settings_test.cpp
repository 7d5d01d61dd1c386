// Repositories that are set up unlike a plain clone: bare, shallow, partial, borrowing, sparse, a submodule, with every
// newer option of git turned on; and damaged ones. In each the test sees a work tree in which git works.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;

class SettingsTest : public testing::Test {
 protected:
  /// Every git command a test may want; any that fails stops the search.
  [[nodiscard]] Ended search(const fs::path& directory, const std::string& range) const {
    const std::string script =
        "test $(git rev-parse HEAD) = $NMZ_COMMIT || exit 200; changes=$(git status --porcelain) || exit 201; "
        "test -z \"$changes\" || { echo \"$changes\"; exit 202; }; git log --oneline || exit 203; "
        "git describe --always || exit 204; git diff --exit-code || exit 205; git stash list || exit 206; "
        "test $(git show HEAD:number) = $(cat number) || exit 207; git ls-files --error-unmatch number || exit 208; "
        "test $(cat number) -lt 6";
    return place.bisect(directory, arguments({range}, shell(script)));
  }
  [[nodiscard]] fs::path clone(const std::vector<std::string>& options) const {
    fs::path target = place.path() / "clone";
    std::vector<std::string> command{"clone", "--quiet"};
    command.insert(command.end(), options.begin(), options.end());
    command.insert(command.end(), {"file://" + repository.path().string(), target});
    ScratchRepository::git_in(place.path(), command);
    return target;
  }
  [[nodiscard]] const std::string& culprit() const { return repository.ids()[6]; }

  Workplace place;
  LineRepository repository{12};
};

TEST_F(SettingsTest, APlainClone) { EXPECT_THAT(search(clone({}), "main~11..main"), Finds(culprit())); }

TEST_F(SettingsTest, ABareOne) { EXPECT_THAT(search(clone({"--bare"}), "main~11..main"), Finds(culprit())); }

TEST_F(SettingsTest, AMirror) { EXPECT_THAT(search(clone({"--mirror"}), "main~11..main"), Finds(culprit())); }

TEST_F(SettingsTest, AShallowOneThatHoldsTheRange) {
  EXPECT_THAT(search(clone({"--depth=9"}), "main~8..main"), Finds(culprit()));
}

TEST_F(SettingsTest, OneThatBorrowsItsObjects) {
  const fs::path borrower = place.path() / "borrower";
  ScratchRepository::git_in(place.path(), {"clone", "--quiet", "--shared", repository.path(), borrower});
  const fs::path second = place.path() / "second";
  ScratchRepository::git_in(place.path(), {"clone", "--quiet", "--shared", borrower, second});
  support::write_file(second / ".git/objects/info/alternates", "../../../borrower/.git/objects\n");
  EXPECT_THAT(search(second, "main~11..main"), Finds(culprit()));
}

TEST_F(SettingsTest, ASparseCheckout) {
  const fs::path sparse = clone({});
  ScratchRepository::git_in(sparse, {"sparse-checkout", "set", "--no-cone", "/nothing"});
  EXPECT_THAT(search(sparse, "main~11..main"), Finds(culprit()));
}

TEST_F(SettingsTest, ASubmodule) {
  LineRepository outer{1};
  outer.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "add", repository.path(), "sub"});
  EXPECT_THAT(search(outer.path() / "sub", "main~11..main"), Finds(culprit()));
}

TEST_F(SettingsTest, AGitDirectoryKeptElsewhere) {
  EXPECT_THAT(search(clone({"--separate-git-dir=" + (place.path() / "elsewhere.git").string()}), "main~11..main"),
              Finds(culprit()));
}

TEST_F(SettingsTest, EveryNewerOption) {
  const fs::path modern = clone({});
  const std::vector<std::vector<std::string>> options{{"index.version", "4"},
                                                      {"core.splitIndex", "true"},
                                                      {"core.untrackedCache", "true"},
                                                      {"feature.manyFiles", "true"},
                                                      {"core.fsmonitor", "true"},
                                                      {"extensions.worktreeConfig", "true"},
                                                      {"core.logAllRefUpdates", "always"},
                                                      {"gc.auto", "1"},
                                                      {"core.hooksPath", "/no/such/place"},
                                                      {"status.showUntrackedFiles", "all"}};
  for (const std::vector<std::string>& option : options) {
    ScratchRepository::git_in(modern, {"config", option[0], option[1]});
  }
  ScratchRepository::git_in(modern, {"config", "--worktree", "core.quotePath", "false"});
  ScratchRepository::git_in(modern, {"commit-graph", "write", "--reachable"});
  ScratchRepository::git_in(modern, {"pack-refs", "--all"});
  EXPECT_THAT(search(modern, "main~11..main"), Finds(culprit()));
  ScratchRepository::git_in(modern, {"worktree", "add", "--quiet", "--detach", place.path() / "linked"});
  EXPECT_THAT(search(place.path() / "linked", "main~11..HEAD"), Finds(culprit()));
}

TEST_F(SettingsTest, SmudgeFiltersAreRun) {
  ScratchRepository filtered;
  filtered.git({"config", "filter.shout.smudge", "tr a-z A-Z"});
  filtered.git({"config", "filter.shout.clean", "tr A-Z a-z"});
  std::vector<ScratchCommit> history = line(5);
  history[0].files[".gitattributes"] = "word filter=shout\n";
  history[0].files["word"] = "quiet\n";
  history[3].files["word"] = "other\n";
  filtered.add(history);
  EXPECT_THAT(place.bisect(filtered.path(),
                           arguments({"main~4..main"}, shell("test -z \"$(git status --porcelain)\" || exit 200; "
                                                             "test $(cat word) = QUIET"))),
              Finds(filtered.ids()[3]));
}

/// git would fetch what is missing; an answer without it has to say what is the matter.
TEST_F(SettingsTest, APartialClone) {
  repository.git({"config", "uploadpack.allowFilter", "true"});
  const Ended ended = search(clone({"--filter=blob:none"}), "main~11..main");
  EXPECT_THAT(ended, AnyOf(Finds(culprit()), FailsWith(1), FailsWith(4), FailsWith(128)));
  if (ended.exit_code != 0) {
    EXPECT_THAT(ended.err, ContainsRegex("missing|partial|promis"));
  }
}

TEST_F(SettingsTest, ACommitWhoseFilesAreMissingIsSkippedAndSaysWhy) {
  const std::string blob = repository.git({"rev-parse", repository.ids()[5] + ":number"});
  ASSERT_TRUE(fs::remove(repository.path() / ".git/objects" / blob.substr(0, 2) / blob.substr(2)));
  for (const char* jobs : {"1", "3"}) {
    const Ended ended = place.bisect(repository.path(), arguments({"--jobs", jobs, repository.range()}, fails_from(6)));
    EXPECT_THAT(ended, AnyOf(FailsWith(2), FailsWith(128)));
    EXPECT_THAT(ended.err, HasSubstr(blob.substr(0, 7)));
    EXPECT_THAT(ended.err, testing::Not(HasSubstr("lost"))) << "it is not the worker's fault";
  }
  EXPECT_THAT(place.bisect(repository.path(), arguments({repository.range()}, fails_from(9))),
              AnyOf(Finds(repository.ids()[9]), FailsWith(128)));
}

/// The same when a part of the tree is on its way already.
TEST_F(SettingsTest, AFileMissingBehindALargeOneIsSkippedAndSaysWhy) {
  ScratchRepository large;
  std::vector<ScratchCommit> history = line(6);
  history[2].files["large"] = std::string(700'001, '2');
  history[2].files["missing"] = "to be removed\n";
  history[3].files["large"] = std::string(700'001, '3');
  history[3].removed = {"missing"};
  large.add(history);
  const std::string blob = large.git({"rev-parse", large.ids()[2] + ":missing"});
  ASSERT_TRUE(fs::remove(large.path() / ".git/objects" / blob.substr(0, 2) / blob.substr(2)));
  const Ended ended = place.bisect(large.path(), arguments({"--jobs", "1", "main~5..main"}, fails_from(3)));
  EXPECT_THAT(ended, AnyOf(FailsWith(2), FailsWith(128)));
  EXPECT_THAT(ended.err, HasSubstr(blob.substr(0, 7)));
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("lost")));
}

TEST_F(SettingsTest, ACorruptFileIsSkippedAndSaysWhy) {
  const std::string blob = repository.git({"rev-parse", repository.ids()[5] + ":number"});
  const fs::path object = repository.path() / ".git/objects" / blob.substr(0, 2) / blob.substr(2);
  fs::permissions(object, fs::perms::owner_all);
  support::write_file(object, "this is no zlib stream");
  const Ended ended = place.bisect(repository.path(), arguments({"--jobs", "1", repository.range()}, fails_from(6)));
  EXPECT_THAT(ended, AnyOf(FailsWith(2), FailsWith(128)));
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("lost")));
}

TEST_F(SettingsTest, AMissingTreeIsSkippedAndSaysWhy) {
  const std::string tree = repository.git({"rev-parse", repository.ids()[5] + "^{tree}"});
  ASSERT_TRUE(fs::remove(repository.path() / ".git/objects" / tree.substr(0, 2) / tree.substr(2)));
  const Ended ended = place.bisect(repository.path(), arguments({"--jobs", "1", repository.range()}, fails_from(6)));
  EXPECT_THAT(ended, AnyOf(FailsWith(2), FailsWith(128)));
  EXPECT_THAT(ended.err, HasSubstr(tree.substr(0, 7)));
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("lost")));
}

}  // namespace
}  // namespace nmz::conformance
