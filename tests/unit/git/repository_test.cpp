// Finding the repository from wherever the user stands, and saying in one line why not.
#include "nmz/git/repository.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/git/tree_stream.hpp"

#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class RepositoryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }
  void TearDown() override {
    for (const char* name : {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}) {
      ::unsetenv(name);
    }
  }
};

std::string refusal(const fs::path& directory) {
  const Result<Repository> repository = Repository::open(directory);
  EXPECT_FALSE(repository.has_value());
  return repository ? "" : repository.error().message;
}

TEST_F(RepositoryTest, OpensFromASubdirectory) {
  for (const char* name : {"repo", "with space", "\xc3\xbcml\xc3\xa4ut", "new\nline"}) {
    ScratchRepository scratch{{}, name};
    scratch.add_and_checkout({{{}, {{"a/b/c", "x"}}}});
    const Result<Repository> repository = Repository::open(scratch.path() / "a/b");
    ASSERT_TRUE(repository.has_value()) << repository.error().message;
    EXPECT_EQ(repository->work_tree(), scratch.path());
    EXPECT_EQ(repository->git_dir(), scratch.path() / ".git");
    EXPECT_EQ(repository->common_dir(), scratch.path() / ".git");
    EXPECT_EQ(repository->prefix(), "a/b");
    EXPECT_FALSE(repository->shallow());
    EXPECT_TRUE(repository->commit("HEAD").has_value());
  }
}

TEST_F(RepositoryTest, OpensBareLinkedAndDetached) {
  ScratchRepository bare{{"--bare"}};
  bare.add({{{}, {{"f", "x"}}}});
  const Result<Repository> opened = Repository::open(bare.path());
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->work_tree().empty());
  EXPECT_EQ(opened->commit("main").value().hex(), bare.ids()[0]);
  EXPECT_TRUE(opened->tracks("f", *opened->commit("main")));

  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{"d/f", "x"}}}, {{0}, {{"d/f", "y"}}}});
  scratch.git({"worktree", "add", "--quiet", "--detach", "../linked", "main~1"});
  const Result<Repository> linked = Repository::open(scratch.parent() / "linked/d");
  ASSERT_TRUE(linked.has_value());
  EXPECT_EQ(linked->work_tree(), scratch.parent() / "linked");
  EXPECT_EQ(linked->git_dir(), scratch.path() / ".git/worktrees/linked");
  EXPECT_EQ(linked->common_dir(), scratch.path() / ".git");
  EXPECT_EQ(linked->commit("HEAD").value().hex(), scratch.ids()[0]);
}

TEST_F(RepositoryTest, HonoursGitDirOnlyWhenOpening) {
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{"f", "x"}}}});
  ScratchRepository other;
  other.add_and_checkout({{{}, {{"f", "other"}}}});
  ::setenv("GIT_DIR", (scratch.path() / ".git").c_str(), 1);
  ::setenv("GIT_WORK_TREE", scratch.path().c_str(), 1);
  const Result<Repository> repository = Repository::open(other.path());
  ASSERT_TRUE(repository.has_value());
  EXPECT_EQ(repository->work_tree(), scratch.path());
  ::setenv("GIT_DIR", (other.path() / ".git").c_str(), 1);
  ::setenv("GIT_WORK_TREE", other.path().c_str(), 1);
  ::setenv("GIT_INDEX_FILE", "/nowhere", 1);
  EXPECT_EQ(repository->commit("HEAD").value().hex(), scratch.ids()[0]);
}

TEST_F(RepositoryTest, KnowsWhatIsTracked) {
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{"d/test.sh", "x"}, {"[a]*", "x"}}}});
  support::write_file(scratch.path() / "d/loose", "x");
  support::write_file(scratch.path() / "d/staged", "x");
  scratch.git({"add", "d/staged"});
  const Repository repository = Repository::open(scratch.path() / "d").value();
  const CommitId head = repository.commit("HEAD").value();
  EXPECT_TRUE(repository.tracks("test.sh", head));
  EXPECT_TRUE(repository.tracks("./test.sh", head));
  EXPECT_TRUE(repository.tracks("staged", head));
  EXPECT_TRUE(repository.tracks("../[a]*", head));
  EXPECT_FALSE(repository.tracks("loose", head));
  EXPECT_FALSE(repository.tracks("../*", head));
  EXPECT_FALSE(repository.tracks("/bin/sh", head));
}

TEST_F(RepositoryTest, ShowsTheCommitAsGitDoes) {
  ScratchRepository scratch;
  support::ScratchCommit second{{0}, {{"f", "1\n2\n"}}};
  second.message = "the subject\n\nthe body\n";
  scratch.add({{{}, {{"f", "1\n"}}}, second});
  scratch.git({"config", "color.ui", "always"});
  scratch.git({"config", "log.decorate", "full"});
  const Repository repository = Repository::open(scratch.path()).value();
  const CommitId id = repository.commit("main").value();
  EXPECT_EQ(ObjectReader::open(repository).value().message_line(id).value(), "the subject");
  const std::string closing = repository.closing(id).value();  // whatever is configured
  scratch.git({"config", "color.ui", "never"});
  scratch.git({"config", "log.decorate", "no"});  // which newer ones heed
  scratch.git({"bisect", "start"});
  scratch.git({"bisect", "bad", "main"});
  const std::string last_words = scratch.git({"bisect", "good", "main~1"});
  EXPECT_EQ(id.hex() + " is the first bad commit\n" + closing, last_words + "\n");
}

TEST_F(RepositoryTest, RefusesInOneLine) {
  const support::TempDirectory empty;
  EXPECT_THAT(refusal(empty.path()), StartsWith("not a git repository"));
  EXPECT_THAT(refusal(empty.path() / "missing"), StartsWith("no such directory"));
  const ScratchRepository wide{{"--object-format=sha256"}};
  EXPECT_THAT(refusal(wide.path()), HasSubstr("SHA-256"));
  const ScratchRepository strange;
  strange.git({"config", "core.repositoryFormatVersion", "1"});
  strange.git({"config", "extensions.fromTheFuture", "true"});
  EXPECT_THAT(refusal(strange.path()), testing::AllOf(HasSubstr("extension fromthefuture"), Not(HasSubstr("\n"))));
  const ScratchRepository newer;
  newer.git({"config", "core.repositoryFormatVersion", "99"});
  EXPECT_THAT(refusal(newer.path()), HasSubstr("99"));
}

TEST_F(RepositoryTest, SaysThatGitIsMissing) {
  const char* before = std::getenv("PATH");
  const std::string path = before == nullptr ? "" : before;
  const support::TempDirectory empty;
  ::setenv("PATH", empty.path().c_str(), 1);
  const std::string message = refusal(empty.path());
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_THAT(message, HasSubstr("git is not installed"));
}

}  // namespace
}  // namespace nmz::git
