// Whole runs whose tests, or whose surroundings, lead to files of the user's own: none of them is removed or changed.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "support/scratch_repository.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class UsersFilesTest : public testing::Test {
 protected:
  UsersFilesTest() { support::write_file(victim() / "precious", "sentinel"); }

  /// Tests do the deed once, and end their agent if `then` says so.
  Ended search(const std::string& deed) {
    const std::string script = "n=$(cat number); tree=$(pwd); victim=" + victim().string() +
                               "; if ! test -e $NOTES/done; then : > $NOTES/done; " + deed + "; fi; test $n -lt 6";
    return place.bisect(repository.path(), arguments({"--jobs", "1", repository.range()}, shell(script)));
  }
  [[nodiscard]] fs::path victim() const { return place.path() / "victim"; }
  void expect_victim_unharmed() const {
    EXPECT_EQ(support::read_file(victim() / "precious"), "sentinel");
    EXPECT_EQ(std::distance(fs::directory_iterator{victim()}, fs::directory_iterator{}), 1);
  }

  Workplace place;
  LineRepository repository{10};
};

constexpr const char* kill_agent = "kill -KILL $PPID; sleep 10";

TEST_F(UsersFilesTest, ADirectoryWithTheNameOfARun) {
  support::write_file(place.work_dir() / "run-42/thesis", "years of work");
  const Ended ended = search("true");
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(ended.err, Not(HasSubstr("removed")));
  EXPECT_EQ(support::read_file(place.work_dir() / "run-42/thesis"), "years of work");
}

TEST_F(UsersFilesTest, ATreeThatBecomesALink) {
  for (const std::string& end : {std::string{"true"}, std::string{kill_agent}}) {
    EXPECT_THAT(search("mv $tree $tree.old; ln -s $victim $tree; " + end), Finds(repository.ids()[6])) << end;
    expect_victim_unharmed();
    fs::remove(place.note("done"));
  }
}

TEST_F(UsersFilesTest, AGitDirectoryThatBecomesALinkToTheRepository) {
  const Snapshot before{repository.path()};
  const std::string swap = "git=$(git rev-parse --absolute-git-dir); mv $git $git.old; ln -s " +
                           (repository.path() / ".git").string() + " $git; ";
  for (const std::string& end : {std::string{"true"}, std::string{kill_agent}}) {
    EXPECT_THAT(search(swap + end), Finds(repository.ids()[6])) << end;
    EXPECT_THAT(before.changes(), IsEmpty()) << end;
    fs::remove(place.note("done"));
  }
}

TEST_F(UsersFilesTest, WithoutHomeOnlyADirectoryOfOnesOwnIsUsed) {
  const fs::path guessed = place.path() / "tmp" / ("namazu-swarm-" + std::to_string(::geteuid()));
  support::Program program =
      place.program(repository.path(), arguments({NMZ_NMZBISECT, "--jobs", "1", repository.range()}, fails_from(6)));
  std::erase_if(program.env, [](const std::string& one) { return one.starts_with("HOME="); });
  program.unset.emplace_back("HOME");
  fs::create_directory_symlink(victim(), guessed);
  const Ended linked = support::run_program(program);
  EXPECT_EQ(linked.exit_code, 128);
  EXPECT_THAT(linked.err, HasSubstr(guessed.string()));
  fs::remove(guessed);
  fs::create_directory(guessed);
  fs::permissions(guessed, fs::perms{0777});
  EXPECT_EQ(support::run_program(program).exit_code, 128);
  fs::remove(guessed);
  EXPECT_THAT(support::run_program(program), Finds(repository.ids()[6]));
  EXPECT_EQ(fs::status(guessed).permissions(), fs::perms{0700});
  expect_victim_unharmed();
}

TEST_F(UsersFilesTest, WithoutHomeAndATemporaryDirectoryOneLineNamesBoth) {
  support::Program program =
      place.program(repository.path(), arguments({NMZ_NMZBISECT, "--jobs", "1", repository.range()}, fails_from(6)));
  std::erase_if(program.env,
                [](const std::string& one) { return one.starts_with("HOME=") || one.starts_with("TMPDIR="); });
  program.unset.emplace_back("HOME");
  program.env.push_back("TMPDIR=" + (place.path() / "nowhere").string());
  const Ended ended = support::run_program(program);
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(split_lines(ended.err), testing::ElementsAre(testing::AllOf(HasSubstr("HOME"), HasSubstr("TMPDIR"))));
}

constexpr uid_t user = 65534;
constexpr uid_t attacker = 65533;

/// Two users of one machine, neither of them root: one has no home, the other guesses the name that is used instead, is
/// there first, and swaps what he has put there.
class TwoUsersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
    fs::create_directories(shared());
    ASSERT_EQ(::chmod(shared().c_str(), 01777), 0);
    for (const char* program : {"nmzbisect", "nmzagent"}) {
      fs::create_directories(place.path() / "bin");
      fs::copy_file(fs::path{NMZ_NMZBISECT}.parent_path() / program, place.path() / "bin" / program);
    }
    support::write_file(victim() / "precious", "sentinel");
    support::write_file(place.path() / "his/bait", "bait");
    for (const fs::path& root : {repository.parent(), victim(), place.path() / "notes"}) give(root, user);
    give(place.path() / "his", attacker);
    for (const fs::path& way : {place.path(), repository.parent()}) ASSERT_EQ(::chmod(way.c_str(), 0755), 0);
  }

  static void give(const fs::path& root, uid_t to) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root}) {
      EXPECT_EQ(::lchown(entry.path().c_str(), to, to), 0);
    }
    EXPECT_EQ(::chown(root.c_str(), to, to), 0);
  }
  static std::vector<std::string> as(uid_t who, const std::vector<std::string>& command) {
    const std::string id = std::to_string(who);
    std::vector<std::string> words{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  [[nodiscard]] fs::path shared() const { return place.path() / "shared"; }
  [[nodiscard]] fs::path victim() const { return place.path() / "victim"; }
  [[nodiscard]] fs::path guessed() const { return shared() / ("namazu-swarm-" + std::to_string(user)); }

  [[nodiscard]] Ended search() const {
    support::Program program = place.program(
        repository.path(),
        as(user, arguments({place.path() / "bin/nmzbisect", "--jobs", "1", repository.range()}, fails_from(6))));
    std::erase_if(program.env,
                  [](const std::string& one) { return one.starts_with("HOME=") || one.starts_with("TMPDIR="); });
    program.unset.emplace_back("HOME");
    program.env.push_back("TMPDIR=" + shared().string());
    return support::run_program(program);
  }
  [[nodiscard]] Ended does(const std::string& script) const {
    return support::run_program(place.program(place.path(), as(attacker, {"sh", "-c", script, "sh", guessed()})));
  }

  /// It worked in a directory of the user's own that nobody else can enter, or said in one line why not.
  void expect_his_own_or_refused(const Ended& ended) const {
    EXPECT_THAT(ended, testing::AnyOf(Finds(repository.ids()[6]), FailsWith(128)));
    if (ended.exit_code == 128) {
      EXPECT_THAT(split_lines(ended.err), testing::ElementsAre(HasSubstr(guessed().string())));
    }
    EXPECT_EQ(support::read_file(victim() / "precious"), "sentinel");
    EXPECT_EQ(std::distance(fs::directory_iterator{victim()}, fs::directory_iterator{}), 1);
    EXPECT_EQ(std::distance(fs::directory_iterator{place.path() / "his"}, fs::directory_iterator{}), 1);
    struct stat status {};
    if (ended.exit_code == 0 && ::lstat(guessed().c_str(), &status) == 0) {
      EXPECT_EQ(status.st_uid, user);
      EXPECT_EQ(status.st_mode, S_IFDIR | 0700);
    }
  }

  Workplace place;
  LineRepository repository{10};
};

TEST_F(TwoUsersTest, TheOtherIsThereFirst) {
  const std::string his = (place.path() / "his").string();
  for (const std::string& deed :
       {std::string{"mkdir -m 777 $1"}, "ln -s " + victim().string() + " $1", "ln -s " + his + " $1",
        std::string{"mkfifo $1"}, std::string{"mkdir $1; mkdir -m 777 $1/run-x $1/nmzbisect"}}) {
    SCOPED_TRACE(deed);
    ASSERT_EQ(does(deed).exit_code, 0);
    const Ended ended = search();
    EXPECT_EQ(ended.exit_code, 128);
    expect_his_own_or_refused(ended);
    ASSERT_EQ(does("rm -rf $1").exit_code, 0);
  }
  EXPECT_THAT(search(), Finds(repository.ids()[6]));
  EXPECT_NE(does("rmdir $1 || mv $1 $1.away || ls $1").exit_code, 0) << "nobody takes it away";
}

TEST_F(TwoUsersTest, WhereOthersCanRenameItNothingIsKept) {
  ASSERT_EQ(::chmod(shared().c_str(), 0777), 0);
  const Ended ended = search();
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, HasSubstr("others can rename"));
  expect_his_own_or_refused(ended);
}

TEST_F(TwoUsersTest, TheOtherSwapsItAllTheTime) {
  support::Program swapping = place.program(
      place.path(), as(attacker, {"sh", "-c",
                                  "while ! test -e " + (shared() / "enough").string() +
                                      "; do mkdir -m 777 $1; rmdir $1; ln -s " + victim().string() + " $1; ln -sfn " +
                                      (place.path() / "his").string() + " $1; rm -f $1; done 2>/dev/null",
                                  "sh", guessed()}));
  auto attack = std::async(std::launch::async, [&swapping] { return support::run_program(swapping); });
  int refused = 0;
  for (int i = 0; i < 20; ++i) {
    const Ended ended = search();
    refused += ended.exit_code == 128 ? 1 : 0;
    expect_his_own_or_refused(ended);
    struct stat status {};
    if (::lstat(guessed().c_str(), &status) == 0 && status.st_uid == user) fs::remove_all(guessed());
  }
  support::write_file(shared() / "enough", "");
  attack.get();
  EXPECT_GT(refused, 0) << "the other was never quick enough, and this told nothing";
}

}  // namespace
}  // namespace nmz::conformance
