// Tests that use git themselves: what works with `git bisect run` works in a worker's tree, and nothing of it reaches
// the user's repository.
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
using support::ScratchRepository;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(GitCommandsTest, WorkInTheTree) {
  const Workplace place;
  const LineRepository repository{10};
  repository.git({"config", "user.name", "a"});
  repository.git({"config", "user.email", "a@example.org"});
  const Snapshot before{repository.path()};
  const std::string script =
      "set -e; n=$(cat number); test -d .git; test $(cat .git/HEAD) = $NMZ_COMMIT; "
      "git worktree add -q --detach other HEAD; test $(cat other/number) = $n; git worktree remove other; "
      "echo x > number; git stash -q; test $(cat number) = $n; git stash pop -q; git commit -q -a -m mine; "
      "git checkout -q main; git gc -q --prune=now; git config my.own value; git checkout -q -f $NMZ_COMMIT; "
      "git clean -q -d -f -x; git fsck 2>&1; test -z \"$(git status --porcelain)\"; echo $n >> $NOTES/passed; "
      "test $n -lt 6";
  const Ended ended = place.bisect(repository.path(), arguments({repository.range()}, shell(script)));
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  // Those that decide; what is running when they have is cancelled.
  EXPECT_THAT(lines_of(place.note("passed")), AllOf(Contains("5"), Contains("6")));
  EXPECT_THAT(before.changes(), IsEmpty());
  EXPECT_THAT(place.leftovers(), IsEmpty());
}

TEST(GitCommandsTest, UpdateSubmodulesAsWithGitBisectRun) {
  const Workplace place;
  const LineRepository library{6, {}, "library"};
  ScratchRepository origin;
  std::vector<support::ScratchCommit> commits;
  for (std::size_t i = 0; i < 6; ++i) {
    commits.push_back({i == 0 ? std::vector<std::size_t>{} : std::vector{i - 1},
                       {{".gitmodules", "[submodule \"lib\"]\n\tpath = sub\n\turl = " + library.path().string() + "\n"},
                        {"sub", {"160000", library.ids()[i]}}}});
  }
  origin.add(commits);
  const auto clone = [&](const std::string& name) {
    ScratchRepository::git_in(place.path(), {"-c", "protocol.file.allow=always", "clone", "--quiet", "--recursive",
                                             origin.path().string(), name});
    return place.path() / name;
  };
  const fs::path user = clone("user");
  const fs::path peer = clone("peer");
  fs::rename(library.path(), library.path().string() + "-away");
  const std::string script =
      "git submodule update --init --recursive || exit 125; test -z \"$(git status --porcelain)\" || exit 125; "
      "git submodule status | grep -q \"^ $(git -C sub rev-parse HEAD) sub\" || exit 125; "
      "git -C sub tag -f here && git -C sub describe --tags || exit 125; test $(cat sub/number) -lt 4";
  ScratchRepository::git_in(peer, {"bisect", "start", origin.ids()[5], origin.ids()[0]});
  const Ended git = support::run_program(support::git_program(peer, {"bisect", "run", "sh", "-c", script}));
  const Snapshot before{user};
  const Ended ours = place.bisect(user, arguments({origin.ids()[0] + ".." + origin.ids()[5]}, shell(script)));
  EXPECT_EQ(culprit_of(git.out), origin.ids()[4]) << git.out << git.err;
  EXPECT_THAT(ours, Finds(origin.ids()[4]));
  EXPECT_THAT(before.changes(), IsEmpty());
}

class HooksTest : public testing::Test {
 protected:
  HooksTest() { write_hook("echo $1 $2 $3 $(git rev-parse HEAD) $(pwd -P) >> $NOTES/hook; cp number prepared"); }
  void write_hook(const std::string& commands) {
    const fs::path hook = repository.path() / ".git/hooks/post-checkout";
    support::write_file(hook, "#!/bin/sh\n" + commands + "\n");
    fs::permissions(hook, fs::perms{0755});
  }
  Ended search(std::vector<std::string> options, const std::string& script) {
    options.insert(options.end(), {"--jobs", "1", repository.range()});
    return place.bisect(repository.path(), arguments(std::move(options), shell(script)));
  }

  Workplace place;
  LineRepository repository{10};
};

TEST_F(HooksTest, DoNotRunAndALineSaysSo) {
  const Ended ended = search({}, "test ! -e prepared || exit 125; test $(cat number) -lt 6");
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(ended.err, HasSubstr("post-checkout hook does not run"));
  EXPECT_THAT(lines_of(place.note("hook")), IsEmpty());
  fs::remove(repository.path() / ".git/hooks/post-checkout");
  EXPECT_THAT(search({}, "test $(cat number) -lt 6").err, Not(HasSubstr("hook")));
}

TEST_F(HooksTest, RunBeforeEachTestWhenAskedFor) {
  const Ended ended = search({"--hooks", "--build", "cp prepared built"},
                             "echo $NMZ_COMMIT $(pwd -P) >> $NOTES/tests; test $(cat built) -lt 6");
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(ended.err, Not(HasSubstr("hook")));
  const std::vector<std::string> hooks = lines_of(place.note("hook"));
  const std::vector<std::string> tests = lines_of(place.note("tests"));
  ASSERT_EQ(hooks.size(), tests.size());
  std::string before(40, '0');
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const std::string commit = tests[i].substr(0, 40);
    EXPECT_EQ(hooks[i], before + " " + commit + " 1 " + tests[i]);
    before = commit;
  }
}

TEST_F(HooksTest, ThatFailSkipTheCommit) {
  write_hook("test $(cat number) != 6");
  EXPECT_THAT(search({"--hooks"}, "test $(cat number) -lt 6"), FailsWith(2));
}

}  // namespace
}  // namespace nmz::conformance
