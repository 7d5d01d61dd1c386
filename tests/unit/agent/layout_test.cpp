// Laying out commits: contents, modes, what stays, what goes, and what is refused.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using job::OutcomeKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using wire::FileMode;

struct stat status_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

bool same_mtime(const struct stat& a, const struct stat& b) {
  return a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

TEST(LayoutTest, FilesModesSymlinksAndDirectoriesComeOutAsGitMakesThem) {
  Worker worker;
  std::string large(300'000, 'x');
  large[200'000] = '\0';
  worker.send(replace_all);
  worker.send_file({"a", "content\n"});
  worker.send_file({"bin/run", "#!/bin/sh\n", FileMode::executable});
  worker.send_file({"d/e/f/large", large});
  worker.send_file({"empty", ""});
  worker.send_file({"link", "../not/there", FileMode::symlink});
  worker.send_file({"names/\xff\n\"strange", "bytes"});
  worker.send(wire::TreeDirectory{"sub/module"});
  worker.send(wire::TreeEnd{});
  EXPECT_EQ(worker.expect<wire::TreeReady>().outcome.kind, OutcomeKind::exited);

  EXPECT_THAT(snapshot(worker.tree()),
              UnorderedElementsAre(
                  Pair("a", "file content\n"), Pair("bin", "directory"), Pair("bin/run", "executable #!/bin/sh\n"),
                  Pair("d", "directory"), Pair("d/e", "directory"), Pair("d/e/f", "directory"),
                  Pair("d/e/f/large", "file " + large), Pair("empty", "file "), Pair("link", "link ../not/there"),
                  Pair("names", "directory"), Pair("names/\xff\n\"strange", "file bytes"), Pair("sub", "directory"),
                  Pair("sub/module", "directory")));
  const mode_t mask = ::umask(022);
  ::umask(mask);
  EXPECT_EQ(status_of(worker.tree() / "a").st_mode & 07777U, 0666U & ~mask);
  EXPECT_EQ(status_of(worker.tree() / "bin/run").st_mode & 07777U, 0777U & ~mask);
}

TEST(LayoutTest, OnlyTheDifferenceIsTouched) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"same", "1"}, {"changed", "1"}, {"gone", "1"}}, {}, replace_all).kind,
            OutcomeKind::exited);
  const auto before = status_of(worker.tree() / "same");
  ASSERT_EQ(worker.lay_out({{"changed", "2"}, {"new", "2"}}, {"gone"}).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()),
              UnorderedElementsAre(Pair("same", "file 1"), Pair("changed", "file 2"), Pair("new", "file 2")));
  const auto after = status_of(worker.tree() / "same");
  EXPECT_TRUE(same_mtime(before, after));
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST(LayoutTest, AHardLinkToATrackedFileKeepsItsContents) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "old"}}, {}, replace_all).kind, OutcomeKind::exited);
  fs::create_hard_link(worker.tree() / "f", worker.outside() / "copy");
  ASSERT_EQ(worker.lay_out({{"f", "new"}}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.outside() / "copy"), "old");
  EXPECT_EQ(support::read_file(worker.tree() / "f"), "new");
}

TEST(LayoutTest, KeepIfSameKeepsTheMtimeOnlyOfWhatIsTheSame) {
  Worker worker;
  const std::string large(200'000, 'x');
  std::string late = large;
  late.back() = 'y';
  std::vector<File> files{{"same", "1"},
                          {"content", "1"},
                          {"mode", "1"},
                          {"size", "1"},
                          {"large", large},
                          {"late", large},
                          {"link", "t", FileMode::symlink},
                          {"retarget", "t", FileMode::symlink}};
  ASSERT_EQ(worker.lay_out(files, {}, replace_all).kind, OutcomeKind::exited);
  std::map<std::string, struct stat> before;
  for (const File& file : files) {
    before[file.path] = status_of(worker.tree() / file.path);
  }
  files[1].content = "2";
  files[2].mode = FileMode::executable;
  files[3].content = "12";
  files[5].content = late;
  files[7].content = "u";
  for (File& file : files) {
    file.keep_if_same = true;
  }
  // A clock tick, so that rewriting shows.
  ASSERT_EQ(worker.run(worker.job({"sleep", "0.02"})).finished.outcome.kind, OutcomeKind::exited);
  ASSERT_EQ(worker.lay_out(files).kind, OutcomeKind::exited);
  for (const File& file : files) {
    const bool is_same = file.path == "same" || file.path == "large" || file.path == "link";
    EXPECT_EQ(same_mtime(before[file.path], status_of(worker.tree() / file.path)), is_same) << file.path;
  }
  EXPECT_EQ(support::read_file(worker.tree() / "late"), late);
  EXPECT_EQ(support::read_file(worker.tree() / "size"), "12");
  EXPECT_EQ(support::read_file(worker.tree() / "content"), "2");
  EXPECT_EQ(fs::read_symlink(worker.tree() / "retarget"), "u");
  EXPECT_THAT(worker.run(worker.job({"true"})).changed, IsEmpty());
}

TEST(LayoutTest, RemovingTheLastFileRemovesItsDirectories) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"a/b/c/f", "1"}, {"a/g", "1"}, {"h/i", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.tree() / "h/untracked", "u");
  ASSERT_EQ(worker.lay_out({}, {"a/b/c/f", "h/i"}).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), UnorderedElementsAre(Pair("a", "directory"), Pair("a/g", "file 1"),
                                                            Pair("h", "directory"), Pair("h/untracked", "file u")));
}

TEST(LayoutTest, AnEmptyDirectoryThatIsWantedStaysWhenItsSiblingsGo) {
  Worker worker;
  worker.send(replace_all);
  worker.send(wire::TreeDirectory{"d/module"});
  worker.send_file({"d/f", "1"});
  worker.send(wire::TreeEnd{});
  ASSERT_EQ(worker.expect<wire::TreeReady>().outcome.kind, OutcomeKind::exited);
  ASSERT_EQ(worker.lay_out({}, {"d/f"}).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), UnorderedElementsAre(Pair("d", "directory"), Pair("d/module", "directory")));
  ASSERT_EQ(worker.lay_out({}, {"d/module"}).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), IsEmpty());
}

TEST(LayoutTest, FilesAndDirectoriesTakeEachOthersPlace) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"x/y", "1"}, {"z", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.tree() / "x/built.o", "u");
  ASSERT_EQ(worker.lay_out({{"x", "2"}, {"z/y", "2"}}, {"x/y", "z"}).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()),
              UnorderedElementsAre(Pair("x", "file 2"), Pair("z", "directory"), Pair("z/y", "file 2")));
  // The same when the stream does not say that the old ones go.
  ASSERT_EQ(worker.lay_out({{"x/y", "3"}, {"z", "3"}}).kind, OutcomeKind::exited);
  EXPECT_THAT(worker.run(worker.job({"true"})).changed, IsEmpty());
  EXPECT_EQ(worker.lay_out({}, {}, clean).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()),
              UnorderedElementsAre(Pair("x", "directory"), Pair("x/y", "file 3"), Pair("z", "file 3")));
}

TEST(LayoutTest, CleanRemovesWhatIsUntrackedAndReplaceEverything) {
  Worker worker;
  support::write_file(worker.tree() / ".git", "gitdir: /elsewhere\n");
  support::write_file(worker.tree() / "old/rest", "of an earlier run");
  support::write_file(worker.tree() / "module/.git", "gitdir: /elsewhere/module\n");
  ASSERT_EQ(worker.lay_out({{"d/tracked", "1"}, {"module/f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_FALSE(fs::exists(worker.tree() / "old"));
  const auto laid_out = snapshot(worker.tree());

  const auto add_untracked = [&] {
    support::write_file(worker.tree() / "d/built/deep/file.o", "u");
    support::write_file(worker.tree() / "d/tracked.o", "u");
    support::write_file(worker.tree() / "made/.git/HEAD", "a repository that a test made");
    fs::create_directory_symlink("/", worker.tree() / "root");
    fs::create_directories(worker.tree() / "hollow");
  };
  add_untracked();
  ASSERT_EQ(worker.lay_out({}).kind, OutcomeKind::exited);
  EXPECT_TRUE(fs::exists(worker.tree() / "d/built/deep/file.o")) << "without clean, builds stay incremental";
  ASSERT_EQ(worker.lay_out({}, {}, clean).kind, OutcomeKind::exited);
  EXPECT_EQ(snapshot(worker.tree()), laid_out);

  add_untracked();
  ASSERT_EQ(worker.lay_out({{"other", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), UnorderedElementsAre(Pair("other", "file 1"), Pair("module", "directory"),
                                                            Pair("module/.git", "file gitdir: /elsewhere/module\n")));
  EXPECT_EQ(support::read_file(worker.tree() / ".git"), "gitdir: /elsewhere\n");
}

struct PathCase {
  const char* path;
  bool allowed;
};

TEST(LayoutTest, PathsThatGitRefusesMakeTheCommitUntestable) {
  const std::vector<PathCase> cases = {
      {"", false},
      {"/etc/passwd", false},
      {"a//b", false},
      {"a/", false},
      {".", false},
      {"a/./b", false},
      {"..", false},
      {"../outside/f", false},
      {"a/../../outside/f", false},
      {".git", false},
      {".git/config", false},
      {"a/.git/hooks/post-checkout", false},
      {".GIT/config", false},
      {".gIt", false},
      {"git~1/config", false},
      {"GIT~1", false},
      {".git /config", false},
      {".git./config", false},
      {".git . ./config", false},
      {".git::$INDEX_ALLOCATION/config", false},
      {".git:stream", false},
      {"git~1 .", false},
      {"git~1:x", false},
      {".git\\config", false},
      {"a\\.git\\config", false},
      {"a\\GIT~1", false},
      {".g\u200cit/config", false},
      {"\u200e.git", false},
      {".git\ufeff", false},
      {".\u202aG\u206fI\u200dT", false},  // NOLINT(misc-misleading-bidirectional): misleading is the point
      // What only looks like it.
      {".gitignore", true},
      {".gitmodules", true},
      {".github/workflows/ci.yml", true},
      {"git", true},
      {"git~2", true},
      {"git~10", true},
      {"x.git/f", true},
      {".git-", true},
      {".git~1", true},
      {"..git", true},
      {"...", true},
      {"..a", true},
      {" .git", true},
      {".g\u200bit", true},
      {".g\xe2\x40\x4cit", true},
      {"a\\b", true},
      {"~", true},
      {"-rf", true},
      {".git\xff", true},
  };
  Worker worker;
  support::write_file(worker.outside() / "f", "sentinel");
  support::write_file(worker.tree() / ".git", "gitdir: /elsewhere\n");
  for (const auto& [path, allowed] : cases) {
    const auto outcome = worker.lay_out({{"first", "1"}, {path, "bad"}, {"later", "1"}}, {}, replace_all);
    EXPECT_EQ(outcome.kind, allowed ? OutcomeKind::exited : OutcomeKind::untestable) << '"' << path << '"';
    EXPECT_EQ(fs::exists(worker.tree() / "later"), allowed) << '"' << path << '"';
    if (!allowed) {
      EXPECT_THAT(outcome.detail, HasSubstr(path));
      EXPECT_EQ(worker.lay_out({}, {path}, replace_all).kind, OutcomeKind::untestable) << "removing " << path;
      EXPECT_EQ(worker.run(worker.job({"true"})).finished.outcome.kind, OutcomeKind::untestable)
          << "nothing may run in a tree that was refused";
    }
  }
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(worker.lay_out({{with_nul, "bad"}}, {}, replace_all).kind, OutcomeKind::untestable);
  EXPECT_EQ(support::read_file(worker.outside() / "f"), "sentinel");
  EXPECT_EQ(support::read_file(worker.tree() / ".git"), "gitdir: /elsewhere\n");
}

File of_git(const std::string& path) {
  File file{path, "the coordinator's"};
  file.git = true;
  return file;
}

/// Only as its own, spelled so, and where one can be.
TEST(LayoutTest, TheCoordinatorMayPutAGitDirectoryIntoTheTree) {
  const std::vector<PathCase> cases = {{".git/config", true},     {".git/modules/a/b/HEAD", true},
                                       {"a/b/.git", true},        {".git", true},
                                       {"a/.git/hooks/x", false}, {".GIT/config", false},
                                       {".git/../../f", false},   {".git/a/.git/x", false},
                                       {"../.git", false},        {".git//x", false},
                                       {".git/", false},          {".git./x", false}};
  for (const auto& [path, allowed] : cases) {
    Worker worker;
    EXPECT_EQ(worker.lay_out({of_git(path)}, {}, replace_all).kind,
              allowed ? OutcomeKind::exited : OutcomeKind::untestable)
        << path;
    if (allowed) {
      EXPECT_EQ(support::read_file(worker.tree() / path), "the coordinator's");
      EXPECT_EQ(worker.lay_out({}, {path}).kind, OutcomeKind::exited);
      EXPECT_FALSE(fs::exists(worker.tree() / path)) << path;
    }
  }
}

TEST(LayoutTest, WhatTestsLeaveInTheCoordinatorsGitDirectoryGoes) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({of_git(".git/HEAD"), of_git(".git/index"), {"f", "1"}}, {}, replace_all).kind,
            OutcomeKind::exited);
  const JobResult result = worker.run(worker.job(
      {"sh", "-c", "mkdir -p .git/refs/heads untracked; echo x | tee .git/index .git/index.lock .git/refs/heads/x"}));
  EXPECT_THAT(result.changed, ElementsAre(".git/index"));
  ASSERT_EQ(worker.lay_out({of_git(".git/index"), {"f", "2"}}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.tree() / ".git/index"), "the coordinator's");
  EXPECT_FALSE(fs::exists(worker.tree() / ".git/index.lock"));
  EXPECT_FALSE(fs::exists(worker.tree() / ".git/refs"));
  EXPECT_TRUE(fs::exists(worker.tree() / "untracked"));
}

TEST(LayoutTest, NamesThatNoFileSystemHoldsMakeTheCommitUntestable) {
  Worker worker;
  EXPECT_EQ(worker.lay_out({{std::string(300, 'x'), "1"}}, {}, replace_all).kind, OutcomeKind::untestable);
  EXPECT_EQ(worker.lay_out({{"l", std::string(5000, 'x'), FileMode::symlink}}, {}, replace_all).kind,
            OutcomeKind::untestable);
}

TEST(LayoutTest, AfterAFailedTreeOnlyAReplacementIsAccepted) {
  Worker worker;
  EXPECT_EQ(worker.lay_out({{"f", "1"}}, {}, change).kind, OutcomeKind::unprepared) << "nothing is known yet";
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  ASSERT_EQ(worker.lay_out({{"../f", "1"}}).kind, OutcomeKind::untestable);
  EXPECT_EQ(worker.lay_out({{"g", "1"}}).kind, OutcomeKind::unprepared);
  EXPECT_EQ(worker.lay_out({{"h", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), ElementsAre(Pair("h", "file 1")));
}

TEST(LayoutTest, WithoutATreeNothingIsLaidOut) {
  WorkerOptions options;
  options.with_tree = false;
  Worker worker{options};
  EXPECT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::unprepared);
}

}  // namespace
}  // namespace nmz::agent
