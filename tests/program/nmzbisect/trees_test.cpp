// Work trees that are kept from one search to the next: the next one begins with a difference, and nothing else of the
// earlier one, nor of what happened in between, can be seen in it.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "answers.hpp"
#include "line.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// What is there, compared with the commit: contents, kinds, permissions, what is too much, what git says. The user's
/// own untracked file is to be seen.
constexpr const char* look =
    "d=$(mktemp -d) && git archive $NMZ_COMMIT | tar -xC $d && cp mine $d/mine; cp sub/dir/mine $d/sub/dir/mine; "
    "diff -r --no-dereference --exclude=.git $d . >> $NOTES/strange 2>&1; "
    "find . -name .git -prune -o ! -type l -perm /111 -printf '%p %m\\n' | sort > $d.modes; "
    "printf '. 755\\n./run 755\\n./sub 755\\n./sub/dir 755\\n' | diff - $d.modes >> $NOTES/strange 2>&1; "
    "git diff-files >> $NOTES/strange 2>&1; git status --porcelain | grep -v mine >> $NOTES/strange 2>&1; "
    "git ls-files | wc -l >> $NOTES/tracked";

class TreesTest : public testing::Test {
 protected:
  TreesTest() {
    std::vector<support::ScratchCommit> history = line(10);
    history[0].files["constant"] = "constant\n";
    history[0].files["sub/dir/constant"] = "constant\n";
    history[0].files["run"] = {"100755", "#!/bin/sh\n"};
    history[0].files["link"] = {"120000", "constant"};
    history[5].files["later"] = "later\n";
    repository.add_and_checkout(history);
    write(repository.path() / "mine", "mine\n");
    write(repository.path() / "sub/dir/mine", "mine\n");
    ::umask(022);
  }

  static void write(const fs::path& file, const std::string& text) { std::ofstream{file} << text; }

  [[nodiscard]] support::Program program(std::vector<std::string> options, const std::string& script) const {
    std::vector<std::string> argv{NMZ_NMZBISECT, "--no-cache", "--debug-log", place.note("debug")};
    options.push_back(repository.ids().front() + ".." + repository.ids().back());
    for (std::string& word : arguments(std::move(options), shell("n=$(cat number); " + script + "; test $n -lt 6"))) {
      argv.push_back(std::move(word));
    }
    return place.program(repository.path(), std::move(argv));
  }
  Ended search(const std::string& script, const std::vector<std::string>& options = {"--jobs", "1"}) {
    fs::remove(place.note("debug"));
    return support::run_program(program(options, script));
  }
  [[nodiscard]] std::size_t taken_over() const {
    const std::vector<std::string> lines = lines_of(place.note("debug"));
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [](const std::string& line) { return line.find("tree of an earlier search") != std::string::npos; }));
  }
  [[nodiscard]] Ended trees(const std::vector<std::string>& words = {}) const {
    std::vector<std::string> argv{NMZ_NMZBISECT, "trees"};
    argv.insert(argv.end(), words.begin(), words.end());
    return support::run_program(place.program(repository.path(), argv));
  }
  [[nodiscard]] fs::path cache() const { return place.path() / "home/.cache/namazu-swarm"; }
  [[nodiscard]] std::vector<fs::path> runs() const {
    std::vector<fs::path> result;
    for (const fs::directory_entry& entry : fs::directory_iterator{cache()}) {
      if (entry.is_directory()) result.push_back(entry.path());
    }
    return result;
  }
  [[nodiscard]] fs::path worker() const { return runs().at(0) / "w0"; }

  Workplace place;
  ScratchRepository repository;
};

TEST_F(TreesTest, TheSecondSearchBeginsWithThem) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  EXPECT_EQ(taken_over(), 0U);
  EXPECT_THAT(trees().out, AllOf(HasSubstr(repository.path()), HasSubstr("1 tree,")));
  EXPECT_THAT(search(look), Finds(repository.ids()[6]));
  EXPECT_EQ(taken_over(), 1U);
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
  EXPECT_THAT(lines_of(place.note("tracked")), testing::Each(testing::AnyOf("5", "6")));
  EXPECT_THAT(place.processes(), IsEmpty());
}

/// The repository, the commit of each, whether a search uses them.
TEST_F(TreesTest, TheListSaysWhatIsInThem) {
  ASSERT_THAT(search("git rev-parse HEAD > $NOTES/last", {"--jobs", "1", "--strategy", "rounds"}),
              Finds(repository.ids()[6]));
  const std::string commit = lines_of(place.note("last")).at(0);
  EXPECT_THAT(trees().out, HasSubstr("\n    w0  " + commit + "\n"));
  const Ended json = trees({"--json"});
  const std::string begin = R"({"repository":")" + repository.path().string() + R"(","directory":")" +
                            runs().at(0).string() + R"(","in_use":false,"last_used":)";
  EXPECT_THAT(json.out, testing::StartsWith(begin));
  EXPECT_THAT(json.out, testing::EndsWith(R"("trees":[{"worker":"w0","commit":")" + commit + "\"}]}\n"));
  const support::Program meanwhile = program({"--jobs", "1"}, NMZ_NMZBISECT " trees --json >> $NOTES/meanwhile");
  EXPECT_THAT(support::run_program(meanwhile), Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("meanwhile")),
              testing::Contains(R"({"repository":")" + repository.path().string() + R"(","directory":")" +
                                runs().at(0).string() + R"(","in_use":true})"));
  EXPECT_EQ(trees({"prune", "--json"}).exit_code, 128);
}

/// SIGUSR1: w1 was kept, and is not needed until the user wants one more.
TEST_F(TreesTest, AWorkerThatJoinsLaterBeginsWithOneToo) {
  ASSERT_THAT(search("true", {"--jobs", "2"}), Finds(repository.ids()[6]));
  const std::string wait =
      "echo $NMZ_WORKER >> $NOTES/begun; until test -e $NOTES/go; do sleep 0.01; done; echo $NMZ_WORKER >> "
      "$NOTES/who; ";
  fs::remove(place.note("debug"));
  auto second = std::async(std::launch::async, support::run_program, program({"--jobs", "1"}, wait + look));
  ASSERT_TRUE(wait_until([&] { return !lines_of(place.note("begun")).empty(); }));
  for (const pid_t pid : place.bisect_processes()) ::kill(pid, SIGUSR1);
  EXPECT_TRUE(wait_until([&] { return lines_of(place.note("begun")).size() > 1; }));
  write(place.note("go"), "");
  EXPECT_THAT(second.get(), Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("who")), testing::Contains("1"));
  EXPECT_EQ(taken_over(), 2U);
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
}

TEST_F(TreesTest, UnchangedFilesAreNotWrittenAgain) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  ASSERT_THAT(search("stat -c %i.%z constant >> $NOTES/times"), Finds(repository.ids()[6]));
  ASSERT_THAT(search("stat -c %i.%z constant >> $NOTES/times"), Finds(repository.ids()[6]));
  std::vector<std::string> times = lines_of(place.note("times"));
  std::ranges::sort(times);
  EXPECT_EQ(std::ranges::unique(times).begin() - times.begin(), 1);
}

TEST_F(TreesTest, NothingIsLeftWithoutThem) {
  ASSERT_THAT(search("true", {"--jobs", "2", "--no-keep-trees"}), Finds(repository.ids()[6]));
  EXPECT_THAT(runs(), IsEmpty());
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  EXPECT_THAT(runs(), SizeIs(1));
  EXPECT_THAT(trees({"prune"}).out, HasSubstr("of 0 repositories"));
  EXPECT_THAT(trees({"prune", "--all"}).out, HasSubstr("of 1 repository\n"));
  EXPECT_THAT(runs(), IsEmpty());
  EXPECT_EQ(trees({"plum"}).exit_code, 128);
  EXPECT_EQ(trees({"--all"}).exit_code, 128);
}

class DamageTest : public TreesTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamageTest, IsNotSeenByTheNextSearch) {
  ASSERT_THAT(search(std::string{"("} + GetParam() + ") >/dev/null 2>&1"), Finds(repository.ids()[6]));
  EXPECT_THAT(search(look, {"--jobs", "2"}), Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Trees, DamageTest,
                         testing::Values("echo more >> constant; rm -r sub; mkdir sub; echo other > sub/dir",
                                         "rm -f run link; mkdir run link; touch run/in link/in",
                                         "touch -r constant t; echo CONSTANT > constant; touch -r t constant",
                                         "rm -rf sub/dir; mkdir sub/dir", "rm -rf sub; mkdir sub; mkdir sub/dir",
                                         "chmod 777 . sub run; chmod 600 constant; chmod 700 sub/dir",
                                         "chmod 500 sub/dir; chmod 0 sub", "mkdir n; echo gitdir: /none > n/.git",
                                         "mkdir n; git init -q n/repo; touch left.o; mkdir -p very/deep; chmod 0 very",
                                         "rm -rf .git; git init -q .; git add -A", "rm -rf .git; echo x > .git",
                                         "mv .git sub/.git", "ln constant hard; ln -f hard sub/dir/constant",
                                         "cd ..; mv tree away; mkdir tree; echo x > tree/constant",
                                         "cd ..; mv tree away; ln -s $NOTES tree", "chmod 0 .; chmod 0 ..",
                                         "echo forged > ../manifest; mkdir ../manifest.new",
                                         "mkdir -p ../manifest/x; ln -s / ../manifest.new", "rm -rf ..; rm -rf .",
                                         "rm -rf ./* ../../w1 ../../repository; touch ../../kept ../../kept.new"));

/// What happens to the kept directory between two searches.
class MeanwhileTest : public TreesTest, public testing::WithParamInterface<const char*> {};

TEST_P(MeanwhileTest, IsNotSeenByTheNextSearch) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  support::Program meanwhile = place.program(worker(), {"sh", "-c", GetParam()});
  static_cast<void>(support::run_program(meanwhile));
  EXPECT_THAT(search(look), Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Trees, MeanwhileTest,
                         testing::Values("truncate -s -1 manifest", ": > manifest", "truncate -s 200 manifest",
                                         "printf X | dd of=manifest bs=1 seek=300 conv=notrunc", "rm manifest",
                                         "rm manifest; mkfifo manifest", "ln -sf /etc/passwd manifest",
                                         "echo x > tree/constant; rm tree/run; touch tree/more",
                                         "cp -a tree copy; rm -r tree; mv copy tree; echo x > tree/constant",
                                         "mv tree ../other; ln -s ../other tree", "rm -r tree",
                                         "cd ..; cp -a w0 w1; echo x > w0/tree/constant; mv w1 w0/w1",
                                         "cd ..; mv w0 w; ln -s w w0", "cd ..; : > kept", "cd ..; echo more >> kept",
                                         "cd ..; rm lock",
                                         "cd ../..; cp -a run-* run-copy; echo x > run-copy/w0/tree/run",
                                         "cd ../..; mv run-* elsewhere; ln -s elsewhere run-link"));

TEST_F(TreesTest, AKilledSearchLeavesNone) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  support::Program second = program({"--jobs", "1"}, "echo x > constant; echo >> $NOTES/begun; sleep 100");
  auto running = std::async(std::launch::async, support::run_program, second);
  ASSERT_TRUE(wait_until([&] { return !lines_of(place.note("begun")).empty(); }));
  EXPECT_THAT(trees().out, HasSubstr("in use"));
  for (const pid_t pid : place.bisect_processes()) ::kill(pid, SIGKILL);
  running.get();
  ASSERT_TRUE(wait_until([&] { return place.processes().empty(); }));
  EXPECT_THAT(trees().out, IsEmpty());
  EXPECT_THAT(search(look), Finds(repository.ids()[6]));
  EXPECT_EQ(taken_over(), 0U);
  EXPECT_THAT(runs(), SizeIs(1));
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
}

TEST_F(TreesTest, TwoSearchesAtOnceHaveTheirOwn) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  const std::string wait = "echo >> $NOTES/begun; until test -e $NOTES/go; do sleep 0.01; done; ";
  auto first = std::async(std::launch::async, support::run_program,
                          program({"--jobs", "1", "--debug-log", place.note("other")}, wait + look));
  ASSERT_TRUE(wait_until([&] { return !lines_of(place.note("begun")).empty(); }));
  EXPECT_THAT(trees({"prune", "--all"}).out, HasSubstr("of 0 repositories"));
  EXPECT_THAT(search(look), Finds(repository.ids()[6]));
  write(place.note("go"), "");
  EXPECT_THAT(first.get(), Finds(repository.ids()[6]));
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
  EXPECT_THAT(runs(), SizeIs(2));
}

TEST_F(TreesTest, AnotherConfigurationMakesThemAnew) {
  const std::string count = "grep -c \"$(printf '\\r')\" constant >> $NOTES/returns; true";
  ASSERT_THAT(search(count), Finds(repository.ids()[6]));
  const auto before = lines_of(place.note("returns")).size();
  repository.git({"config", "core.autocrlf", "true"});
  ASSERT_THAT(search(count), Finds(repository.ids()[6]));
  fs::create_directories(repository.path() / ".git/info");
  write(repository.path() / ".git/info/attributes", "constant -text\n");
  ASSERT_THAT(search(count), Finds(repository.ids()[6]));
  std::vector<std::string> returns = lines_of(place.note("returns"));
  ASSERT_GT(returns.size(), before);
  EXPECT_EQ(returns.front(), "0");
  EXPECT_EQ(returns[before], "1");
  EXPECT_EQ(returns.back(), "0");
}

TEST_F(TreesTest, YesterdaysFilesDoNotStay) {
  write(repository.path() / "constant", "today\n");
  write(repository.path() / "script", "today\n");
  fs::remove(repository.path() / "run");
  ASSERT_THAT(search("grep -qx today constant script && test ! -e run || exit 200",
                     {"--jobs", "1", "--overlay", "constant", "--overlay", "run", "--overlay", "script"}),
              Finds(repository.ids()[6]));
  repository.git({"checkout", "-q", "--", "constant", "run"});
  fs::remove(repository.path() / "script");
  EXPECT_THAT(search(look), Finds(repository.ids()[6]));
  EXPECT_EQ(taken_over(), 1U);
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
  // and once more with others
  write(repository.path() / "link", "today\n");
  fs::remove(repository.path() / "sub/dir/constant");
  ASSERT_THAT(search("test \"$(cat constant)\" = constant -a ! -e sub/dir/constant || exit 200",
                     {"--jobs", "1", "--overlay", "sub/dir/constant"}),
              Finds(repository.ids()[6]));
}

TEST_F(TreesTest, TheCommitInThemMayBeGone) {
  ASSERT_THAT(search("true"), Finds(repository.ids()[6]));
  // All commits are others, and the old ones are no more.
  repository.git({"-c", "user.name=n", "-c", "user.email=e", "-c", "core.editor=true", "rebase", "-q", "--root",
                  "--no-ff", "--committer-date-is-author-date", "--exec",
                  "git -c user.name=n -c user.email=e commit -q --amend --reset-author -m other"});
  repository.git({"reflog", "expire", "--expire=all", "--all"});
  repository.git({"gc", "-q", "--prune=now"});
  support::Program second = place.program(
      repository.path(), {NMZ_NMZBISECT, "--no-cache", "--log-dir", place.log_dir(), "--jobs", "1", "HEAD~9..HEAD",
                          "--", "sh", "-c", std::string{look} + "; test $(cat number) -lt 6"});
  EXPECT_THAT(support::run_program(second), Finds(repository.git({"rev-parse", "HEAD~3"})));
  EXPECT_THAT(lines_of(place.note("strange")), IsEmpty());
}

TEST_F(TreesTest, ASubmoduleThatHasComeMeanwhileIsThere) {
  ScratchRepository library{{}, "library"};
  std::vector<support::ScratchCommit> one(1);
  one[0].files["code"] = "code\n";
  library.add_and_checkout(one);
  std::vector<support::ScratchCommit> more(2);
  more[0].parents = {9};
  more[0].files[".gitmodules"] = "[submodule \"lib\"]\n\tpath = sub/lib\n\turl = " + library.path().string() + "\n";
  more[0].files["sub/lib"] = {"160000", library.ids()[0]};
  more[1].parents = {10};
  more[1].files["number"] = "11\n";
  repository.add(more);
  repository.git({"reset", "-q", "--hard"});
  const auto once = [&](const std::string& script) {
    return support::run_program(place.program(
        repository.path(), {NMZ_NMZBISECT, "--log-dir", place.log_dir(), "--jobs", "1", "--no-cache",
                            repository.ids()[10] + ".." + repository.ids()[11], "--", "sh", "-c", script}));
  };
  ASSERT_THAT(once("ls sub/lib | wc -l >> $NOTES/absent; test $(cat number) -lt 11"), Finds(repository.ids()[11]));
  repository.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"});
  for (int i = 0; i < 2; ++i) {
    ASSERT_THAT(once("cat sub/lib/code >> $NOTES/code; test $(cat number) -lt 11"), Finds(repository.ids()[11]));
  }
  EXPECT_THAT(lines_of(place.note("absent")), testing::Each("0"));
  EXPECT_THAT(lines_of(place.note("code")), testing::AllOf(SizeIs(4), testing::Each("code")));
}

}  // namespace
}  // namespace nmz::conformance
