// Where the program may be started and what it may be given: every kind of repository and directory, and a command
// whose arguments arrive as they were typed.
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
using testing::Each;
using testing::IsEmpty;
using testing::Not;

void write_script(const fs::path& file, const std::string& body) {
  support::write_file(file, "#!/bin/sh\n" + body + "\n");
  fs::permissions(file, fs::perms::owner_all);
}

class InvocationTest : public testing::Test {
 protected:
  [[nodiscard]] Ended search(const fs::path& directory, std::vector<std::string> options) const {
    return place.bisect(directory, arguments(std::move(options), fails_from(5)));
  }
  [[nodiscard]] const std::string& culprit() const { return repository.ids()[5]; }

  Workplace place;
  LineRepository repository{8};
};

TEST_F(InvocationTest, FromAnotherDirectory) {
  EXPECT_THAT(search(place.path(), {"-C", repository.path(), repository.range()}), Finds(culprit()));
  EXPECT_THAT(search(repository.parent(), {"-C", "repo", "main~7..main"}), Finds(culprit()));
}

TEST_F(InvocationTest, OptionsWithOneDashAndTheirOtherNames) {
  const std::string range = repository.range();
  EXPECT_THAT(search(repository.path(), {"-replicas", "2", range}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"-replicas=2", range}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"--replicas", "2", "-quiet", range}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"-j2", range}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"-jobs", "2", "-strategy=rounds", range}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"-good", "main~7", "-bad", "main"}), Finds(culprit()));
}

TEST_F(InvocationTest, FromASubdirectory) {
  repository.add_and_checkout({ScratchCommit{{7}, {{"sub/own", "1\n"}}}, ScratchCommit{{8}, {{"sub/own", "2\n"}}},
                               ScratchCommit{{9}, {{"number", "10\n"}}}});
  const fs::path sub = repository.path() / "sub";
  const std::string range = repository.ids()[0] + ".." + repository.ids()[10];
  const std::string script = "cd $(git rev-parse --show-toplevel) && ! grep -qs 2 sub/own";
  EXPECT_THAT(place.bisect(sub, arguments({range}, shell(script))), Finds(repository.ids()[9]));
  EXPECT_THAT(place.bisect(sub, arguments({"--path", "own", range}, shell(script))), Finds(repository.ids()[9]));
  write_script(sub / "mine.sh", "exec sh -c '" + script + "'");
  EXPECT_THAT(place.bisect(sub, arguments({range}, {"./mine.sh"})), Finds(repository.ids()[9]));
}

TEST_F(InvocationTest, ABareRepository) {
  const LineRepository bare{8, {"--bare"}, "bare.git"};
  EXPECT_THAT(search(bare.path(), {"main~7..main"}), Finds(bare.ids()[5]));
}

TEST_F(InvocationTest, ALinkedWorkTree) {
  const fs::path linked = place.path() / "linked";
  repository.git({"worktree", "add", "--quiet", "--detach", linked, "main~1"});
  EXPECT_THAT(search(linked, {"main~7..HEAD"}), Finds(culprit()));
}

TEST_F(InvocationTest, ADetachedAndAnUnbornHead) {
  repository.git({"checkout", "--quiet", "--detach", "main~1"});
  EXPECT_THAT(search(repository.path(), {"HEAD~6..HEAD"}), Finds(culprit()));
  repository.git({"symbolic-ref", "HEAD", "refs/heads/unborn"});
  EXPECT_THAT(search(repository.path(), {repository.range()}), Finds(culprit()));
}

TEST_F(InvocationTest, NamesWithBlanksQuotesAndUnicode) {
  const LineRepository odd{8, {}, "a 'repo' \"n\u00e4me\" $HOME \\"};
  EXPECT_THAT(search(odd.path(), {odd.range()}), Finds(odd.ids()[5]));
  const fs::path logs = place.path() / "l\u00f6g s";
  const fs::path work = place.path() / "w\u00f6rk 'trees'";
  EXPECT_THAT(search(odd.path(), {"--work-dir", work, "--log-dir", logs, odd.range()}), Finds(odd.ids()[5]));
  EXPECT_TRUE(fs::exists(logs / "bisect.log"));
}

TEST_F(InvocationTest, AsASubcommandOfGit) {
  fs::create_directory(place.path() / "bin");
  fs::create_symlink(NMZ_NMZBISECT, place.path() / "bin/git-nmzbisect");
  support::Program program = place.bisect_program(repository.path(), arguments({repository.range()}, fails_from(5)));
  program.argv[0] = "nmzbisect";
  program.argv.insert(program.argv.begin(), "git");
  program.env.push_back("PATH=" + (place.path() / "bin").string() + ":/usr/bin:/bin");
  EXPECT_THAT(support::run_program(program), Finds(culprit()));
}

TEST_F(InvocationTest, WithGitsVariablesSet) {
  support::Program program = place.bisect_program(
      place.path(),
      arguments({repository.range()}, shell("git status --porcelain >> $NOTES/status; "
                                            "test $(git show HEAD:number) -lt 5 -a $(cat number) -lt 5")));
  program.env.push_back("GIT_DIR=" + (repository.path() / ".git").string());
  program.env.push_back("GIT_WORK_TREE=" + repository.path().string());
  program.env.push_back("GIT_INDEX_FILE=" + (repository.path() / ".git/index").string());
  EXPECT_THAT(support::run_program(program), Finds(culprit()));
  EXPECT_THAT(lines_of(place.note("status")), IsEmpty());
}

TEST_F(InvocationTest, AnUntrackedScriptOfTheUsersCheckout) {
  write_script(repository.path() / "test.sh", "test $(cat number) -lt 5");
  EXPECT_THAT(place.bisect(repository.path(), arguments({repository.range()}, {"./test.sh"})), Finds(culprit()));
  write_script(repository.path() / "tools/test.sh", "test $(cat number) -lt 5");
  EXPECT_THAT(place.bisect(repository.path(), arguments({repository.range()}, {"tools/test.sh"})), Finds(culprit()));
  const std::string absolute = repository.path() / "test.sh";
  EXPECT_THAT(place.bisect(repository.path(), arguments({repository.range()}, {absolute})), Finds(culprit()));
}

TEST_F(InvocationTest, ATrackedScriptIsTheOneOfEachCommit) {
  ScratchRepository tracked;
  std::vector<ScratchCommit> history = line(8);
  for (std::size_t number = 0; number < history.size(); ++number) {
    history[number].files["test.sh"] = {"100755", number < 5 ? "#!/bin/sh\nexit 0\n" : "#!/bin/sh\nexit 1\n"};
  }
  tracked.add_and_checkout(history);
  EXPECT_THAT(place.bisect(tracked.path(), arguments({"main~7..main"}, {"./test.sh"})), Finds(tracked.ids()[5]));
}

TEST_F(InvocationTest, ArgumentsArriveUntouched) {
  const std::vector<std::string> given{
      "%s", "--log", "foo",       "a b",           "\"quoted\"", "'single'", "",       "$HOME", "`date`", "*", "\\n",
      "-j", "--",    "new\nline", "\u00fcn\u00ef", "\xff\xfe",   "--jobs",   "--help", "{}",    ";",      "-C"};
  std::string expected;
  for (const std::string& argument : given) {
    expected += argument + '\0';
  }
  write_script(place.path() / "record",
               R"(printf '%s\0' "$@" > ../args.$$ && mv ../args.$$ $NOTES; test $(cat number) -lt 5)");
  std::vector<std::string> command{place.path() / "record"};
  command.insert(command.end(), given.begin(), given.end());
  EXPECT_THAT(place.bisect(repository.path(), arguments({repository.range()}, command)), Finds(culprit()));
  std::size_t records = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{place.path() / "notes"}) {
    EXPECT_EQ(support::read_file(entry.path()), expected);
    ++records;
  }
  EXPECT_GE(records, 2U);
}

TEST_F(InvocationTest, MoreWorkersThanCandidatesAndOneWorker) {
  EXPECT_THAT(search(repository.path(), {"--jobs", "20", repository.range()}), Finds(culprit()));
  EXPECT_THAT(search(repository.path(), {"--jobs", "1", repository.range()}), Finds(culprit()));
}

TEST_F(InvocationTest, VariablesOfTheUserAndOfOurOwnReachTheTest) {
  const Ended ended = place.bisect(
      repository.path(),
      arguments(
          {"--env", "COLOUR=dark green", "--env", "EMPTY=", "--env", "SIGN=a=b", repository.range()},
          shell("echo \"$COLOUR|${EMPTY-unset}|$SIGN\" >> $NOTES/env; test $NMZ_COMMIT = $(git rev-parse HEAD) || "
                "exit 200; test -n \"$NMZ_WORKER\" -a \"$NMZ_ATTEMPT\" = 1 || exit 201; test $(cat number) -lt 5")));
  EXPECT_THAT(ended, Finds(culprit()));
  EXPECT_THAT(lines_of(place.note("env")), Each("dark green||a=b"));
}

TEST_F(InvocationTest, TheTestReadsNothingFromOurStdin) {
  support::Program program = place.bisect_program(
      repository.path(), arguments({repository.range()}, shell("wc -c >> $NOTES/stdin; test $(cat number) -lt 5")));
  program.input = "this is not for the test\n";
  EXPECT_THAT(support::run_program(program), Finds(culprit()));
  EXPECT_THAT(lines_of(place.note("stdin")), testing::AllOf(Not(IsEmpty()), Each("0")));
}

TEST_F(InvocationTest, APathOfManyDirectories) {
  fs::path deep = place.path();
  while (deep.string().size() < 3000) {
    deep /= std::string(100, 'd');
  }
  ScratchRepository::git_in(place.path(), {"clone", "--quiet", repository.path(), "original"});
  fs::create_directories(deep.parent_path());
  fs::rename(place.path() / "original", deep);
  EXPECT_THAT(search(deep, {repository.range()}), Finds(culprit()));
}

}  // namespace
}  // namespace nmz::conformance
