// What git answers in a tree that was sent with its git directory, compared with a clone at the same commit.
#include "nmz/git/sent_git_dir.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plain_worker.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::HasSubstr;

CommitId id_of(const std::string& hex) { return CommitId::parse(hex).value(); }

class SentGitDirTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  /// A side branch that leaves before a tag and comes back behind it, and files that come, change and go.
  void SetUp() override {
    inner_.add({{{}, {{"deep", "0\n"}}}, {{0}, {{"deep", "1\n"}}}});
    inner_.git({"tag", "-a", "-m", "one", "in-1", inner_.ids()[0]});
    const std::string modules =
        fmt::format("[submodule \"a/b\"]\n\tpath = lib/in\n\turl = {}\n", inner_.path().string());
    origin_.add({{{}, {{"a", "0\n"}, {"d/keep", "0\n"}}},
                 {{0}, {{"a", "1\n"}}},
                 {{0}, {{"side", "2\n"}}},
                 {{1}, {{"d/new", {"100755", "3\n"}}}},
                 {{3, 2}, {{"side", "2\n"}}},
                 {{4}, {{".gitmodules", modules}, {"lib/in", {"160000", inner_.ids()[0]}}}},
                 {{5}, {{"lib/in", {"160000", inner_.ids()[1]}}, {"link", {"120000", "a"}}}}});
    origin_.git({"tag", "-a", "-m", "version", "v1", origin_.ids()[1]});
    origin_.git({"tag", "light", origin_.ids()[3]});
    const std::vector<std::string> clone{"-c",          "protocol.file.allow=always", "clone", "--quiet",
                                         "--recursive", origin_.path().string()};
    for (const char* name : {"user", "clone"}) {
      std::vector<std::string> arguments = clone;
      arguments.emplace_back(name);
      ScratchRepository::git_in(directory_.path(), arguments);
    }
    fs::create_directory(tree());
    repository_.emplace(Repository::open(user()).value());
    reader_.emplace(ObjectReader::open(*repository_).value());
    sent_ = SentGitDir::create({id_of(ids()[6])}, {id_of(ids()[0])}).value();
  }

  void go_to(std::size_t commit) {
    std::vector<TodaysFile> files = sent_->files(*reader_, id_of(ids()[commit])).value();
    TreeRequest request;
    request.from = at_;
    request.to = id_of(ids()[commit]);
    for (const TodaysFile& file : there_) {
      request.unpatched.push_back(file.path);
    }
    request.patched = files;
    worker_.go_to(*reader_, request);
    at_ = request.to;
    there_ = std::move(files);
  }

  std::string here(const std::vector<std::string>& arguments) const {
    return ScratchRepository::git_in(tree(), arguments);
  }
  std::string there(const std::vector<std::string>& arguments) const {
    return ScratchRepository::git_in(directory_.path() / "clone", arguments);
  }
  [[nodiscard]] const std::vector<std::string>& ids() const { return origin_.ids(); }
  [[nodiscard]] fs::path user() const { return directory_.path() / "user"; }
  [[nodiscard]] fs::path tree() const { return directory_.path() / "tree"; }

  support::TempDirectory directory_;
  ScratchRepository inner_{{}, "inner"};
  ScratchRepository origin_;
  std::optional<Repository> repository_;
  std::optional<ObjectReader> reader_;
  std::shared_ptr<const SentGitDir> sent_;
  std::optional<CommitId> at_;
  std::vector<TodaysFile> there_;
  PlainWorker worker_{directory_.path() / "tree"};
};

const std::vector<std::vector<std::string>> questions{
    {"rev-parse", "HEAD"},
    {"rev-parse", "--short", "HEAD"},
    {"describe", "--tags", "--always"},
    {"describe", "--always", "--dirty", "--long"},
    {"log", "--format=%H %P %an %s"},
    {"rev-list", "--count", "HEAD"},
    {"merge-base", "HEAD", "v1"},
    {"tag", "--merged"},
    {"status", "--porcelain", "--ignored"},
    {"ls-files", "--stage"},
    {"ls-tree", "-r", "HEAD"},
    {"diff", "HEAD"},
    {"submodule", "status", "--recursive"},
    {"archive", "HEAD", "a"},
};

TEST_F(SentGitDirTest, GitAnswersAsInACloneAtTheCommit) {
  for (const std::size_t commit : {6U, 0U, 5U, 3U, 4U, 2U, 6U}) {
    SCOPED_TRACE(commit);
    go_to(commit);
    there({"checkout", "--quiet", "--recurse-submodules", "--force", ids()[commit]});
    there({"clean", "-qdff"});
    for (const auto& question : questions) {
      EXPECT_EQ(here(question), there(question)) << testing::PrintToString(question);
    }
  }
}

TEST_F(SentGitDirTest, InSubmodulesToo) {
  for (const std::size_t commit : {6U, 5U, 6U}) {
    SCOPED_TRACE(commit);
    go_to(commit);
    there({"checkout", "--quiet", "--recurse-submodules", "--force", ids()[commit]});
    for (std::vector<std::string> question : questions) {
      if (question[0] == "merge-base" || question[0] == "archive") {
        continue;
      }
      question.insert(question.begin(), {"-C", "lib/in"});
      EXPECT_EQ(here(question), there(question)) << testing::PrintToString(question);
    }
    here({"submodule", "--quiet", "update", "--recursive"});
    EXPECT_EQ(here({"status", "--porcelain"}), "");
  }
}

/// Neither the objects of other commits nor what only the user may know.
TEST_F(SentGitDirTest, WhatIsNotOfTheCommitStaysHere) {
  ScratchRepository::git_in(user(), {"config", "http.extraHeader", "AUTHORIZATION: secret"});
  ScratchRepository::git_in(user(), {"config", "user.name", "A \"Name\""});
  support::write_file(user() / "a", "stashed\n");
  ScratchRepository::git_in(user(), {"stash", "push", "--quiet"});
  go_to(3);
  EXPECT_EQ(here({"config", "user.name"}), "A \"Name\"");
  EXPECT_EQ(here({"stash", "list"}), "");
  EXPECT_THAT(support::read_file(tree() / ".git/config"), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(support::run_program(support::git_program(tree(), {"cat-file", "-e", ids()[2] + ":side"})),
              testing::Field(&support::Ended::exit_code, testing::Ne(0)));
  go_to(6);
  here({"cat-file", "-e", "HEAD:side"});
}

/// A test may commit, switch and stash; the files that are there are enough for it.
TEST_F(SentGitDirTest, ATestCanWorkInIt) {
  go_to(4);
  support::write_file(tree() / "a", "changed\n");
  EXPECT_THAT(here({"diff"}), HasSubstr("-1\n+changed"));
  here({"stash", "push", "--quiet"});
  EXPECT_EQ(support::read_file(tree() / "a"), "1\n");
  here({"stash", "pop", "--quiet"});
  here({"commit", "--quiet", "-am", "mine"});
  here({"checkout", "--quiet", "HEAD~1"});
  EXPECT_EQ(here({"rev-parse", "HEAD"}), ids()[4]);
}

/// The history of a shallow clone ends where it ends there.
TEST_F(SentGitDirTest, OfAShallowClone) {
  ScratchRepository::git_in(directory_.path(),
                            {"clone", "--quiet", "--depth", "2", "file://" + origin_.path().string(), "shallow"});
  const Repository shallow = Repository::open(directory_.path() / "shallow").value();
  ObjectReader reader = ObjectReader::open(shallow).value();
  const auto sent = SentGitDir::create({id_of(ids()[6])}, {}).value();
  TreeRequest request;
  request.to = id_of(ids()[6]);
  request.patched = sent->files(reader, request.to).value();
  worker_.go_to(reader, request);
  EXPECT_EQ(here({"log", "--format=%H"}), ids()[6] + '\n' + ids()[5]);
  EXPECT_EQ(here({"rev-parse", "--is-shallow-repository"}), "true");
}

}  // namespace
}  // namespace nmz::git
