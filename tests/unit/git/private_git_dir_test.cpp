// What git answers in a worker's tree, and that whatever a test does there stays there.
#include "nmz/git/private_git_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plain_worker.hpp"
#include "support/random_history.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::Each;
using testing::HasSubstr;
using testing::StartsWith;

CommitId id_of(const std::string& hex) { return CommitId::parse(hex).value(); }

/// All that can be said of what is below a directory; the times of modification apart.
struct Facts {
  std::map<std::string, std::string> all;    ///< by path: kind, permissions, owner, inode and content
  std::map<std::string, std::string> times;  ///< by path

  explicit Facts(const fs::path& directory) {
    for (const auto& entry : fs::recursive_directory_iterator{directory}) {
      struct stat status {};
      EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
      const std::string path = entry.path().lexically_relative(directory).string();
      all[path] = fmt::format("{:o} {} {} {} {}", status.st_mode, status.st_uid, status.st_gid, status.st_ino,
                              entry.is_regular_file() ? support::read_file(entry.path()) : "");
      times[path] = fmt::format("{}.{:09}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
  }

  [[nodiscard]] std::vector<std::string> newer_than(const Facts& before) const {
    std::vector<std::string> paths;
    for (const auto& [path, time] : times) {
      if (before.times.at(path) != time) paths.push_back(path);
    }
    return paths;
  }
};

/// A worker with a git directory of its own.
class Workplace {
 public:
  explicit Workplace(const fs::path& start, bool hooks = false)
      : repository_{Repository::open(start).value()},
        reader_{ObjectReader::open(repository_).value()},
        own_{GitDirTemplate::create(repository_, directory_.path() / "repository", hooks).value()} {
    create(*own_);
  }
  /// Beside another one of the same run.
  Workplace(const fs::path& start, const Workplace& first)
      : repository_{Repository::open(start).value()}, reader_{ObjectReader::open(repository_).value()} {
    create(*first.own_);
  }

  void go_to(const std::string& commit, std::vector<std::string> changed = {}) {
    TreeRequest request;
    request.from = at_;
    request.to = id_of(commit);
    request.changed = std::move(changed);
    TreeStream stream = TreeStream::open(reader_, request).value();
    worker_.apply(stream);
    const Result<void> updated = git_->update(reader_, request.to, stream, !at_);
    ASSERT_TRUE(updated.has_value()) << updated.error().message;
    at_ = request.to;
  }
  void start_over() { at_.reset(); }

  std::string git(const std::vector<std::string>& arguments) const {
    return ScratchRepository::git_in(tree(), arguments);
  }
  void expect_clean() const { EXPECT_EQ(git({"status", "--porcelain", "--ignored"}), ""); }

  [[nodiscard]] fs::path tree() const { return directory_.path() / "tree"; }
  [[nodiscard]] fs::path git_dir() const {
    return fs::is_directory(directory_.path() / "git") ? directory_.path() / "git" : tree() / ".git";
  }
  [[nodiscard]] const GitDirTemplate& git_dirs() const { return *own_; }

 private:
  void create(const GitDirTemplate& git_dirs) {
    fs::create_directory(tree());
    git_.emplace(PrivateGitDir::create(git_dirs, reader_, tree()).value());
  }

  support::TempDirectory directory_;
  Repository repository_;
  ObjectReader reader_;
  std::optional<GitDirTemplate> own_;
  PlainWorker worker_{directory_.path() / "tree"};
  std::optional<PrivateGitDir> git_;
  std::optional<CommitId> at_;
};

class PrivateGitDirTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }
  void SetUp() override {
    scratch_.add_and_checkout({{{}, {{"a", "0\n"}, {"d/x", {"100755", "0\n"}}}},
                               {{0}, {{"a", "1\n"}, {"l", {"120000", "a"}}}},
                               {{1}, {{"a", "2\n"}}}});
    scratch_.git({"tag", "--annotate", "-m", "x", "v1.0", ids()[0]});
    scratch_.git({"tag", "light", ids()[1]});
    scratch_.git({"pack-refs", "--all"});
    scratch_.git({"branch", "loose", ids()[1]});
    scratch_.git({"config", "user.name", "From The Config"});
  }
  const std::vector<std::string>& ids() const { return scratch_.ids(); }

  ScratchRepository scratch_;
};

TEST_F(PrivateGitDirTest, GitAnswersForTheCommitUnderTest) {
  Workplace place{scratch_.path()};
  for (const std::size_t commit : {1U, 0U, 2U, 1U}) {
    place.go_to(ids()[commit]);
    place.expect_clean();
    EXPECT_EQ(place.git({"rev-parse", "HEAD"}), ids()[commit]);
    EXPECT_EQ(place.git({"diff", "HEAD", "--stat"}), "");
    EXPECT_EQ(place.git({"branch", "--show-current"}), "");
    EXPECT_EQ(place.git({"log", "-1", "--format=%s"}), fmt::format("commit {}", commit));
    EXPECT_EQ(place.git({"rev-parse", "main"}), ids()[2]);
    EXPECT_EQ(place.git({"rev-parse", "--show-toplevel"}), place.tree().string());
  }
  EXPECT_THAT(place.git({"describe"}), StartsWith("v1.0-1-g"));
  EXPECT_EQ(place.git({"describe", "--tags"}), "light");
  EXPECT_EQ(place.git({"config", "user.name"}), "From The Config");
  EXPECT_EQ(place.git({"for-each-ref"}), scratch_.git({"for-each-ref"}));
}

TEST_F(PrivateGitDirTest, NothingATestDoesReachesTheUser) {
  scratch_.git({"repack", "-a", "-d", "--quiet"});
  scratch_.git({"commit-graph", "write", "--reachable"});
  support::write_file(scratch_.path() / "loose", "loose\n");
  scratch_.git({"hash-object", "-w", "loose"});
  const Facts before{scratch_.path()};
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  support::write_file(place.tree() / "a", "changed\n");
  place.git({"stash"});
  place.git({"stash", "pop"});
  place.git({"commit", "--all", "-m", "mine"});
  place.git({"tag", "mine"});
  place.git({"tag", "--delete", "v1.0"});
  place.git({"branch", "--force", "main", "HEAD"});
  place.git({"config", "core.bare", "true"});
  place.git({"config", "--unset", "core.bare"});
  place.git({"checkout", "--quiet", "-b", "other"});
  place.git({"gc", "--quiet"});
  place.git({"worktree", "add", "--quiet", "../another"});
  place.git({"reflog", "expire", "--all", "--expire=now"});
  place.git({"gc", "--quiet", "--aggressive", "--prune=now"});
  place.git({"repack", "--quiet", "-a", "-d", "-f"});
  place.git({"prune", "--expire=now"});
  place.git({"prune-packed"});
  place.git({"commit-graph", "write", "--reachable"});
  place.git({"multi-pack-index", "write"});
  place.git({"pack-refs", "--all", "--prune"});
  place.git({"worktree", "prune"});
  place.git({"maintenance", "run", "--quiet"});
  place.git({"update-server-info"});
  place.git({"fetch", "--quiet", "."});
  place.git({"fsck"});
  const Facts after{scratch_.path()};
  EXPECT_EQ(after.all, before.all);
  EXPECT_THAT(after.newer_than(before), Each(StartsWith(".git/objects/")));
}

/// git gives what it would write, and finds written in an alternate, the time of now, so that no gc prunes it.
TEST_F(PrivateGitDirTest, ObjectsThatATestWritesAgainGetNewTimesAndNothingElse) {
  scratch_.git({"repack", "-a", "-d", "--quiet"});
  support::write_file(scratch_.path() / "loose", "loose\n");
  const std::string loose = scratch_.git({"hash-object", "-w", "loose"});
  const Facts before{scratch_.path()};
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  support::write_file(place.tree() / "loose", "loose\n");
  place.git({"hash-object", "-w", "loose", "a"});
  const Facts after{scratch_.path()};
  EXPECT_EQ(after.all, before.all);
  EXPECT_THAT(after.newer_than(before),
              testing::UnorderedElementsAre(".git/objects/" + loose.substr(0, 2) + "/" + loose.substr(2),
                                            testing::EndsWith(".pack")));
}

TEST_F(PrivateGitDirTest, UpdateRepairsWhatATestHasDone) {
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  const std::string refs = place.git({"for-each-ref"});
  const std::string config = place.git({"config", "--list", "--local"});
  const std::vector<std::vector<std::string>> deeds{{"commit", "--allow-empty", "-m", "mine"},
                                                    {"tag", "mine"},
                                                    {"tag", "--delete", "v1.0"},
                                                    {"pack-refs", "--all"},
                                                    {"branch", "--force", "main", ids()[0]},
                                                    {"checkout", "--quiet", "-b", "deep/branch/name"},
                                                    {"config", "core.autocrlf", "true"},
                                                    {"rm", "--quiet", "--cached", "a"},
                                                    {"update-ref", "--no-deref", "HEAD", ids()[0]},
                                                    {"sparse-checkout", "set", "--no-cone", "/d"},
                                                    {"replace", ids()[0], ids()[1]}};
  for (const std::vector<std::string>& deed : deeds) {
    SCOPED_TRACE(deed[0]);
    place.git(deed);
    support::write_file(place.git_dir() / "MERGE_HEAD", ids()[0] + "\n");  // what a merge that was given up leaves
    place.go_to(ids()[1], {"a", "d/x", "l"});
    place.expect_clean();
    EXPECT_EQ(place.git({"rev-parse", "HEAD"}), ids()[1]);
    EXPECT_EQ(place.git({"for-each-ref"}), refs);
    EXPECT_EQ(place.git({"config", "--list", "--local"}), config);
    EXPECT_FALSE(fs::exists(place.git_dir() / "MERGE_HEAD"));
  }
}

TEST_F(PrivateGitDirTest, UpdateRepairsWhatWasDestroyed) {
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  const std::vector<std::function<void()>> deeds{
      [&] { support::write_file(place.git_dir() / "index.lock", ""); },
      [&] { support::write_file(place.git_dir() / "HEAD.lock", ""); },
      [&] { support::write_file(place.git_dir() / "index", "garbage"); },
      [&] { fs::remove_all(place.tree() / ".git"); },
      [&] {
        fs::remove_all(place.tree() / ".git");
        place.git({"init", "--quiet"});
      },
      [&] {
        fs::remove_all(place.tree() / ".git");
        fs::create_symlink(scratch_.path() / ".git", place.tree() / ".git");
      },
      [&] { fs::remove_all(place.git_dir()); },
      [&] { support::write_file(place.git_dir() / "info/attributes", "* eol=crlf\n"); }};
  const auto before = Facts{scratch_.path()}.all;
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    SCOPED_TRACE(i);
    deeds[i]();
    place.go_to(ids()[i % 2]);
    place.expect_clean();
    EXPECT_EQ(place.git({"rev-parse", "HEAD"}), ids()[i % 2]);
    EXPECT_EQ(place.git({"describe", "--always", "--tags", "main~2"}), "v1.0");
  }
  EXPECT_EQ(Facts{scratch_.path()}.all, before);
}

/// What is at a path of the git directory is moved away, and a link to the user's repository put in its place.
TEST_F(PrivateGitDirTest, LinksToTheUsersRepositoryAreNotFollowed) {
  const fs::path user = scratch_.path() / ".git";
  support::write_file(user / "hooks/pre-commit", "exit 0\n");
  support::write_file(user / "info/private", "the user's\n");
  const auto before = Facts{scratch_.path()}.all;
  const std::vector<std::pair<std::string, std::string>> links{{"", ""},
                                                               {"refs", "refs"},
                                                               {"refs/heads", "refs/heads"},
                                                               {"info", "info"},
                                                               {"objects", "objects"},
                                                               {"objects/info", "objects/info"},
                                                               {"objects/pack", "objects/pack"},
                                                               {"index", "index"},
                                                               {"HEAD", "HEAD"},
                                                               {"config", "config"},
                                                               {"packed-refs", "packed-refs"},
                                                               {"hooks", "hooks"},
                                                               {"logs", "logs"}};
  for (const auto& [name, target] : links) {
    SCOPED_TRACE(name);
    Workplace place{scratch_.path()};
    place.go_to(ids()[1]);
    const fs::path where = name.empty() ? place.git_dir() : place.git_dir() / name;
    std::error_code ignored;
    fs::rename(where, place.tree().parent_path() / "away", ignored);
    fs::create_symlink(target.empty() ? user : user / target, where);
    place.go_to(ids()[0]);
    place.expect_clean();
    EXPECT_EQ(place.git({"rev-parse", "HEAD"}), ids()[0]);
    EXPECT_EQ(Facts{scratch_.path()}.all, before);
  }
}

TEST_F(PrivateGitDirTest, TheUsersDirectoryInItsPlaceIsNotTouched) {
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  const fs::path copy = place.tree().parent_path() / "copy";
  fs::copy(scratch_.path() / ".git", copy, fs::copy_options::recursive);
  const auto before = Facts{copy}.all;
  fs::rename(place.git_dir(), place.tree().parent_path() / "away");
  fs::rename(copy, place.git_dir());
  place.go_to(ids()[0]);
  place.expect_clean();
  fs::rename(place.tree().parent_path() / ".git.replaced-1", copy);
  EXPECT_EQ(Facts{copy}.all, before);
}

TEST_F(PrivateGitDirTest, WorkersShareTheRefsFileUntilOneChangesIt) {
  Workplace first{scratch_.path()};
  Workplace second{scratch_.path(), first};
  first.go_to(ids()[0]);
  second.go_to(ids()[1]);
  EXPECT_TRUE(fs::equivalent(first.git_dir() / "packed-refs", second.git_dir() / "packed-refs"));
  second.git({"tag", "--delete", "light"});
  EXPECT_EQ(first.git({"rev-parse", "light"}), ids()[1]);
  second.go_to(ids()[0]);
  EXPECT_EQ(second.git({"rev-parse", "light"}), ids()[1]);
  EXPECT_TRUE(fs::equivalent(first.git_dir() / "packed-refs", second.git_dir() / "packed-refs"));
}

TEST_F(PrivateGitDirTest, IndexIsWhatGitWouldWrite) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    ScratchRepository scratch;
    support::HistoryShape shape = support::random_shape(seed, 15);
    shape.paths = 12;
    scratch.add(support::random_history(seed, shape));
    Workplace place{scratch.path()};
    for (int step = 0; step < 6; ++step) {
      const std::string commit = scratch.ids()[random() % 15];
      if (random() % 4 == 0) {
        place.start_over();
      }
      place.go_to(commit);
      place.expect_clean();
      EXPECT_EQ(place.git({"ls-files", "--format=%(objectmode) %(objectname) %(path)"}),
                place.git({"ls-tree", "-r", "--format=%(objectmode) %(objectname) %(path)", commit}));
    }
  }
}

/// With ctime left out of account, git does not notice a file of the same size and mtime: it has not read it.
TEST_F(PrivateGitDirTest, StatusReadsNoContents) {
  scratch_.git({"config", "core.checkStat", "minimal"});
  scratch_.git({"config", "core.trustctime", "false"});
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  const fs::path file = place.tree() / "a";
  const timespec old[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
  // The layout happened long ago.
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), old, 0), 0);
  TreeRequest request;
  ObjectReader reader = ObjectReader::open(Repository::open(scratch_.path()).value()).value();
  request.to = id_of(ids()[1]);
  const TreeStream stream = TreeStream::open(reader, request).value();
  PrivateGitDir git = PrivateGitDir::create(place.git_dirs(), reader, place.tree()).value();
  ASSERT_TRUE(git.update(reader, request.to, stream, true).has_value());
  support::write_file(file, "X\n");
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), old, 0), 0);
  place.expect_clean();
}

TEST_F(PrivateGitDirTest, SubmodulesLeaveTheStatusClean) {
  ScratchRepository sub{{}, "sub"};
  sub.add({{{}, {{"s", "0\n"}}}});
  scratch_.add_and_checkout(
      {{{2},
        {{".gitmodules", fmt::format("[submodule \"sub\"]\n\tpath = sub\n\turl = {}\n", sub.path().string())},
         {"sub", {"160000", sub.ids()[0]}}}}});
  for (const bool present : {false, true}) {
    if (present) {
      scratch_.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"});
    }
    Workplace place{scratch_.path()};
    place.go_to(ids()[3]);
    EXPECT_EQ(fs::exists(place.tree() / "sub/s"), present);
    place.expect_clean();
    EXPECT_THAT(place.git({"submodule", "status"}), HasSubstr(sub.ids()[0] + " sub"));
    place.go_to(ids()[2]);
    place.expect_clean();
  }
}

/// What a patch has changed, or is today's, is not the commit's, however long it has been there.
TEST_F(PrivateGitDirTest, StatusLooksIntoWhatIsNotTheCommits) {
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  ObjectReader reader = ObjectReader::open(Repository::open(scratch_.path()).value()).value();
  TodaysFile other;
  other.path = "a";
  other.content = std::string(support::read_file(place.tree() / "a").size() - 1, 'Z') + '\n';
  TreeRequest patched;
  patched.to = id_of(ids()[1]);
  patched.patched = {other};
  TreeRequest todays;
  todays.to = patched.to;
  todays.today = std::make_shared<const std::vector<TodaysFile>>(std::vector<TodaysFile>{other});
  for (const TreeRequest& request : {patched, todays}) {
    const TreeStream stream = TreeStream::open(reader, request).value();
    support::write_file(place.tree() / "a", other.content);
    const timespec old[2] = {{1'500'000'000, 0}, {1'500'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (place.tree() / "a").c_str(), old, 0), 0);
    PrivateGitDir git = PrivateGitDir::create(place.git_dirs(), reader, place.tree()).value();
    ASSERT_TRUE(git.update(reader, request.to, stream, true).has_value());
    EXPECT_THAT(place.git({"status", "--porcelain"}), HasSubstr("M a"));
  }
}

/// A library with ten commits, of which a superproject has some; both are cloned, and their origins go away.
class PrivateSubmoduleTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }
  void SetUp() override {
    inner_.add({{{}, {{"deep", "0\n"}}}});
    const auto inner = [&](const std::string& commit) {
      return support::ScratchCommit{
          {}, {{".gitmodules", gitmodules("in/ner", inner_.path())}, {"in/ner", {"160000", commit}}, {"s", "0\n"}}};
    };
    library_.add({inner(inner_.ids()[0]), {{0}, {{"s", "1\n"}, {"d/t", "1\n"}}}, {{1}, {{"s", "2\n"}, {"d/t", {}}}}});
    library_.git({"tag", "v1", library_.ids()[1]});
    const auto link = [&](std::size_t commit) {
      return std::pair<std::string, support::ScratchFile>{"lib/sub", {"160000", library_.ids()[commit]}};
    };
    origin_.add({{{}, {{"a", "0\n"}}},
                 {{0}, {{".gitmodules", gitmodules("lib/sub", library_.path())}, link(0)}},
                 {{1}, {link(1)}},
                 {{2}, {link(2), {"a", "3\n"}}}});
    const fs::path parent = directory_.path();
    ScratchRepository::git_in(parent, {"-c", "protocol.file.allow=always", "clone", "--quiet", "--recursive",
                                       origin_.path().string(), "user"});
    fs::rename(library_.path(), library_.path().string() + "-away");
    fs::rename(inner_.path(), inner_.path().string() + "-away");
  }
  static std::string gitmodules(const std::string& path, const fs::path& url) {
    return fmt::format("[submodule \"{0}\"]\n\tpath = {0}\n\turl = {1}\n", path, url.string());
  }
  [[nodiscard]] fs::path user() const { return directory_.path() / "user"; }
  void expect_as_checked_out(const Workplace& place, std::size_t commit) const {
    place.expect_clean();
    EXPECT_THAT(place.git({"submodule", "status", "--recursive"}),
                AllOf(StartsWith(" " + library_.ids()[commit] + " lib/sub"),
                      HasSubstr("\n " + inner_.ids()[0] + " lib/sub/in/ner")));
    EXPECT_EQ(place.git({"-C", "lib/sub", "status", "--porcelain", "--ignored"}), "");
    EXPECT_EQ(place.git({"-C", "lib/sub", "rev-parse", "HEAD"}), library_.ids()[commit]);
    EXPECT_EQ(place.git({"-C", "lib/sub", "rev-parse", "--show-superproject-working-tree"}), place.tree().string());
    place.git({"submodule", "--quiet", "update", "--init", "--recursive"});
    place.expect_clean();
  }

  support::TempDirectory directory_;
  ScratchRepository inner_{{}, "inner"};
  ScratchRepository library_{{}, "library"};
  ScratchRepository origin_;
};

TEST_F(PrivateSubmoduleTest, AreAsGitChecksThemOut) {
  const Facts before{user()};
  Workplace place{user()};
  for (const std::size_t commit : {2U, 1U, 3U, 0U, 3U}) {
    SCOPED_TRACE(commit);
    place.go_to(origin_.ids()[commit]);
    if (commit == 0) {
      place.expect_clean();
      EXPECT_FALSE(fs::exists(place.tree() / "lib"));
    } else {
      expect_as_checked_out(place, commit - 1);
    }
  }
  EXPECT_THAT(place.git({"-C", "lib/sub", "describe", "--tags"}), StartsWith("v1-1-g"));
  const auto after = Facts{user()}.all;
  EXPECT_EQ(after, before.all);
}

TEST_F(PrivateSubmoduleTest, WhatATestDoesInOneIsPutRightAndStaysThere) {
  const Facts before{user()};
  Workplace place{user()};
  place.go_to(origin_.ids()[3]);
  const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> deeds{
      {{"checkout", "--quiet", "v1"}, {"lib/sub/s", "lib/sub/d/t"}},
      {{"commit", "--quiet", "--allow-empty", "-m", "mine"}, {}},
      {{"tag", "--delete", "v1"}, {}},
      {{"rm", "--quiet", "--cached", "s"}, {}},
      {{"rm", "--quiet", "s"}, {"lib/sub/s"}},
      {{"config", "core.worktree", "/"}, {}},
      {{"gc", "--quiet", "--prune=now"}, {}},
      {{"submodule", "deinit", "--all", "--force"}, {"lib/sub/in/ner/deep"}}};
  for (const auto& [deed, changed] : deeds) {
    SCOPED_TRACE(deed[0]);
    ScratchRepository::git_in(place.tree() / "lib/sub", deed);
    place.go_to(origin_.ids()[3], changed);
    expect_as_checked_out(place, 2);
    EXPECT_THAT(place.git({"-C", "lib/sub", "describe", "--tags"}), StartsWith("v1-1-g"));
  }
  fs::remove_all(place.tree() / ".git/modules");
  fs::remove(place.tree() / "lib/sub/.git");
  place.go_to(origin_.ids()[3]);
  expect_as_checked_out(place, 2);
  const auto after = Facts{user()}.all;
  EXPECT_EQ(after, before.all);
}

/// Where the worker's tree stands at the user's path, the user's git directory is seen at the stand-in alone.
TEST_F(PrivateSubmoduleTest, GitNeedsNothingOfTheUsersButTheStandIn) {
  Workplace place{user()};
  place.go_to(origin_.ids()[3]);
  const fs::path away = directory_.path() / "away";
  fs::rename(user(), away);
  fs::remove_all(place.git_dirs().stand_in());
  fs::create_symlink(away / ".git", place.git_dirs().stand_in());
  expect_as_checked_out(place, 2);
  EXPECT_EQ(place.git({"rev-list", "--count", "HEAD"}), "4");
  EXPECT_EQ(place.git({"config", "remote.origin.url"}), origin_.path().string());
  place.git({"commit", "--quiet", "--allow-empty", "-m", "mine"});
  place.git({"gc", "--quiet", "--prune=now"});
  place.git({"fsck"});
  EXPECT_EQ(place.git({"rev-list", "--count", "HEAD"}), "5");
}

TEST_F(PrivateGitDirTest, IsADirectoryWithAllThatTheUsersHas) {
  const fs::path user = scratch_.path() / ".git";
  support::write_file(user / "hooks/post-commit", "#!/bin/sh\necho ran > $0.ran\n");
  fs::permissions(user / "hooks/post-commit", fs::perms{0755});
  support::write_file(user / "git-crypt/keys/default", std::string{"\0key", 4});
  support::write_file(user / "lfs/objects/ab/cd/abcd", "content\n");
  support::write_file(user / "annex/objects/large", std::string(std::size_t{5} << 20, 'x'));
  support::write_file(user / "local.conf", "[user]\n\tname = From The Include\n");
  scratch_.git({"config", "include.path", "local.conf"});
  support::write_file(user / "info/exclude", "ignored-here\n");
  support::write_file(user / "info/sparse-checkout", "/nothing\n");
  support::write_file(user / "MERGE_HEAD", ids()[0] + "\n");
  support::write_file(user / "index.lock", "");
  const auto before = Facts{scratch_.path()}.all;
  for (const bool hooks : {false, true}) {
    Workplace place{scratch_.path(), hooks};
    place.go_to(ids()[1]);
    place.expect_clean();
    const fs::path git = place.tree() / ".git";
    EXPECT_EQ(support::read_file(git / "HEAD"), ids()[1] + "\n");
    for (const char* same : {"hooks/post-commit", "git-crypt/keys/default", "lfs/objects/ab/cd/abcd",
                             "annex/objects/large", "local.conf"}) {
      EXPECT_EQ(support::read_file(git / same), support::read_file(user / same)) << same;
    }
    EXPECT_FALSE(fs::exists(git / "MERGE_HEAD") || fs::exists(git / "index.lock"));
    EXPECT_FALSE(fs::exists(git / "info/sparse-checkout")) << "the whole commit is laid out";
    support::write_file(place.tree() / "ignored-here", "");
    EXPECT_EQ(place.git({"status", "--porcelain"}), "");
    fs::remove(place.tree() / "ignored-here");
    EXPECT_EQ(place.git({"config", "user.name"}), "From The Include");
    place.git({"config", "core.hooksPath", hooks ? ".git/hooks" : "/dev/null"});
    support::write_file(git / "git-crypt/keys/default", "overwritten");
    support::write_file(git / "hooks/pre-commit", "exit 1\n");
    place.go_to(ids()[2]);
    EXPECT_EQ(support::read_file(git / "git-crypt/keys/default"), support::read_file(user / "git-crypt/keys/default"));
    EXPECT_FALSE(fs::exists(git / "hooks/pre-commit"));
    place.git({"commit", "--quiet", "--allow-empty", "-m", "mine"});
    EXPECT_EQ(fs::exists(git / "hooks/post-commit.ran"), hooks);
    EXPECT_EQ(Facts{scratch_.path()}.all, before);
  }
}

TEST_F(PrivateGitDirTest, UnusualRepositories) {
  // A linked work tree with its own configuration, sparse, in a bisection of its own.
  scratch_.git({"worktree", "add", "--quiet", "--detach", "../linked"});
  const fs::path linked = scratch_.parent() / "linked";
  ScratchRepository::git_in(linked, {"sparse-checkout", "set", "--no-cone", "/d"});
  ScratchRepository::git_in(linked, {"config", "--worktree", "user.name", "Of The Work Tree"});
  ScratchRepository::git_in(linked, {"bisect", "start", "HEAD", "HEAD~2"});
  Workplace place{linked};
  place.go_to(ids()[2]);
  place.expect_clean();
  EXPECT_TRUE(fs::is_regular_file(place.tree() / ".git")) << "as in the user's checkout";
  EXPECT_EQ(place.git({"config", "user.name"}), "Of The Work Tree");
  EXPECT_EQ(place.git({"for-each-ref", "refs/bisect"}), "");
  EXPECT_TRUE(fs::exists(place.tree() / "a"));

  // Shallow, with line ends converted, its objects borrowed from elsewhere, in a directory with an odd name.
  const std::string odd = "odd \"name\" \\ \xc3\xa4";
  ScratchRepository::git_in(scratch_.parent(),
                            {"clone", "--quiet", "--depth=2", "file://" + scratch_.path().string(), odd});
  ScratchRepository::git_in(scratch_.parent() / odd, {"config", "core.autocrlf", "true"});
  Workplace shallow{scratch_.parent() / odd};
  shallow.go_to(ids()[2]);
  shallow.expect_clean();
  EXPECT_EQ(shallow.git({"rev-list", "--count", "HEAD"}), "2");
  EXPECT_EQ(support::read_file(shallow.tree() / "a"), "2\r\n");

  ScratchRepository::git_in(scratch_.parent(), {"clone", "--quiet", "--bare", "--shared", "repo", "bare"});
  Workplace bare{scratch_.parent() / "bare"};
  bare.go_to(ids()[1]);
  bare.expect_clean();
  EXPECT_EQ(bare.git({"describe", "--tags"}), "light");
}

TEST_F(PrivateGitDirTest, BrokenRefIsNoObstacle) {
  support::write_file(scratch_.path() / ".git/refs/heads/broken", std::string(40, '1') + "\n");
  Workplace place{scratch_.path()};
  place.go_to(ids()[1]);
  place.expect_clean();
  EXPECT_EQ(place.git({"describe", "--tags"}), "light");
}

}  // namespace
}  // namespace nmz::git
