// What stays in a work tree from one test to the next, what does not, and that none of it reaches the user's own
// checkout.
#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchRepository;
using testing::Each;
using testing::Ge;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<ScratchCommit> line_with_constants() {
  std::vector<ScratchCommit> result = line(10);
  result[0].files["constant"] = "constant\n";
  result[0].files["sub/dir/constant"] = "constant\n";
  result[0].files["run"] = {"100755", "#!/bin/sh\n"};
  result[0].files["link"] = {"120000", "constant"};
  result[0].files[".gitignore"] = "*.o\n";
  return result;
}

class WorkTreeTest : public testing::Test {
 protected:
  WorkTreeTest() { repository.add_and_checkout(line_with_constants()); }

  /// One worker, so that every test but the first meets what an earlier one left.
  Ended search(const std::string& script, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--jobs", "1", repository.ids().front() + ".." + repository.ids().back()});
    return place.bisect(repository.path(), arguments(std::move(options), shell("n=$(cat number); " + script)));
  }

  Workplace place;
  ScratchRepository repository;
};

TEST_F(WorkTreeTest, FilesThatDoNotChangeKeepTheirTimes) {
  EXPECT_THAT(search("stat -c %.9Y%i constant sub/dir/constant >> $NOTES/times; sleep 0.02; test $n -lt 6"),
              Finds(repository.ids()[6]));
  std::vector<std::string> times = lines_of(place.note("times"));
  ASSERT_THAT(times, SizeIs(Ge(6U)));
  std::ranges::sort(times);
  times.erase(std::unique(times.begin(), times.end()), times.end());
  EXPECT_THAT(times, SizeIs(2)) << "two files, one time each";
}

TEST_F(WorkTreeTest, FilesThatChangeAreNewerThanWhatWasBuiltFromThem) {
  EXPECT_THAT(search("test ! -e product -o number -nt product || echo $n >> $NOTES/stale; "
                     "sleep 0.02; touch product; test $n -lt 6"),
              Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("stale")), IsEmpty());
}

TEST_F(WorkTreeTest, UntrackedFilesAreKept) {
  EXPECT_THAT(search("ls -d left.* left/* left.o 2>/dev/null | wc -l >> $NOTES/seen; "
                     "mkdir -p left; touch left.$n left/$n left.o; test $n -lt 6"),
              Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("seen")), testing::AllOf(testing::Contains("0"), testing::Contains("6")));
}

TEST_F(WorkTreeTest, UntrackedFilesGoWithClean) {
  EXPECT_THAT(search("ls -A >> $NOTES/names; ls -A sub >> $NOTES/names; "
                     "mkdir -p left/deep sub/left nested; touch left.$n left/deep/$n left.o sub/left.o; "
                     "git init -q nested; ln -s / left/root; chmod 0 left/deep; test $n -lt 6",
                     {"--clean"}),
              Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("names")),
              Each(testing::AnyOf(".git", ".gitignore", "constant", "dir", "link", "number", "run", "sub")));
  EXPECT_THAT(place.leftovers(), IsEmpty());
}

TEST_F(WorkTreeTest, WhateverATestDoesTheNextOneFindsItsCommit) {
  const std::vector<std::string> sabotages{
      "echo more >> constant",
      "rm constant number",
      "rm -r sub",
      "chmod +x constant; chmod -x run",
      "rm link; ln -s elsewhere link",
      "rm constant; mkdir constant; touch constant/inside",
      "rm -r sub; touch sub",
      "rm -r sub; ln -s $NOTES sub",
      "touch -r constant stamp; printf X | dd conv=notrunc of=constant 2>/dev/null; touch -r stamp constant",
      "mv constant moved; cp moved constant; echo x > constant",
      "chmod 0 sub; chmod 0 constant",
      "git rm -q constant",
      "git reset -q --hard HEAD~1 2>/dev/null; git reset -q --hard main",
      "git checkout -q main",
      "git -c user.name=a -c user.email=b@c commit -q -a --allow-empty -m mine; git tag -f moved HEAD",
      "echo x > constant; git stash -q",
      "rm -f .git/index",
      "rm -rf .git",
      "rm -rf \"$(git rev-parse --git-dir)\"/refs",
      "git config core.bare true",
      "git update-ref -d refs/heads/main; git branch -f gone",
      "find . -mindepth 1 -delete",
  };
  for (const std::string& sabotage : sabotages) {
    SCOPED_TRACE(sabotage);
    fs::remove(place.note("state"));
    const Ended ended = search(
        "test \"$(git rev-parse HEAD)\" = $NMZ_COMMIT -a $(cat constant) = constant -a $(cat sub/dir/constant) = "
        "constant "
        "-a $(git rev-parse HEAD:number) = $(git hash-object number) -a -x run -a $(readlink link) = constant || "
        "echo commit $n >> $NOTES/state; git status --porcelain --untracked-files=no >> $NOTES/state 2>&1; " +
        sabotage + "; test $n -lt 6");
    EXPECT_THAT(ended, Finds(repository.ids()[6]));
    EXPECT_THAT(lines_of(place.note("state")), IsEmpty());
  }
  EXPECT_FALSE(fs::exists(place.path() / "notes/dir")) << "written through a link";
}

TEST_F(WorkTreeTest, BuildsRunOnceForEachCommitAndBeforeItsTest) {
  EXPECT_THAT(search("test $(cat built) = $n || exit 200; echo $n >> $NOTES/tested; test $n -lt 6",
                     {"--build", "cp number built && echo built && echo $(cat number) >> $NOTES/built"}),
              Finds(repository.ids()[6]));
  EXPECT_EQ(lines_of(place.note("built")), lines_of(place.note("tested")));
  EXPECT_THAT(support::read_file(place.log_dir() / (repository.ids()[6] + ".log")), testing::HasSubstr("built"));
}

TEST_F(WorkTreeTest, TestsInheritNoDescriptorsAndNoSignalsOfOurs) {
  EXPECT_THAT(search("ls /proc/self/fd | tr -d '\\n' >> $NOTES/fds; echo >> $NOTES/fds; "
                     "grep -E '^Sig(Blk|Ign)' /proc/self/status >> $NOTES/signals; test $n -lt 6"),
              Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("fds")), testing::AllOf(Not(IsEmpty()), Each("0123")));  // 3 is ls's own
  EXPECT_THAT(lines_of(place.note("signals")), Each(testing::MatchesRegex(".*\t0000000[01][08]0000000")))
      << "signals 32 and 33 are glibc's own, and ignored in what posix_spawn() starts";
}

TEST_F(WorkTreeTest, NothingOfTheUsersChanges) {
  repository.git({"worktree", "add", "--quiet", "--detach", place.path() / "linked", "main~1"});
  support::write_file(repository.path() / "constant", "stashed\n");
  repository.git({"stash", "--quiet"});
  support::write_file(repository.path() / "constant", "edited\n");
  support::write_file(repository.path() / "staged", "staged\n");
  repository.git({"add", "staged"});
  support::write_file(repository.path() / "untracked", "untracked\n");
  const Snapshot before{repository.path()};
  const std::string script =
      "git --git-dir \"$(dirname \"$(head -n 1 \"$(git rev-parse --git-path objects/info/alternates)\")\")\""
      " worktree list | wc -l >> $NOTES/trees; "
      "git -c user.name=a -c user.email=b@c commit -q --allow-empty -m mine; git tag mine-$n; git branch mine-$n; "
      "git config my.own value; echo x >> constant; git -c user.name=a -c user.email=b@c stash -q; git gc -q; "
      "git update-ref refs/heads/main HEAD; git pack-refs --all; test $n -lt 6";
  EXPECT_THAT(search(script), Finds(repository.ids()[6]));
  EXPECT_THAT(before.changes(), IsEmpty());
  EXPECT_THAT(lines_of(place.note("trees")), Each("2")) << "something was registered while the search ran";
  EXPECT_THAT(place.leftovers(), IsEmpty());
  EXPECT_THAT(place.processes(), IsEmpty());
}

TEST_F(WorkTreeTest, AReadOnlyRepositoryIsEnough) {
  ScratchRepository::git_in(place.path(), {"clone", "--quiet", repository.path(), "read-only"});
  const fs::path copy = place.path() / "read-only";
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{copy}) {
    if (!entry.is_symlink()) {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::remove);
    }
  }
  const Snapshot before{copy};
  const Ended ended = place.bisect(copy, arguments({"main~9..main"}, fails_from(6)));
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(before.changes(), IsEmpty());
}

}  // namespace
}  // namespace nmz::conformance
