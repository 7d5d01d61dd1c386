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

}  // namespace
}  // namespace nmz::conformance
