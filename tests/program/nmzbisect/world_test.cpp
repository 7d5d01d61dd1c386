// The world that local tests live in: what they see of the user's checkout and of the machine, what of it they can
// change (nothing), and that the world itself never decides a verdict. Each as whoever runs this, and where that is
// root as a plain user as well: the kernel makes the two worlds in different ways.
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "answers.hpp"
#include "line.hpp"
#include "snapshot.hpp"
#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr uid_t plain_user = 65534;

void give_away(const fs::path& root) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root}) {
    EXPECT_EQ(::lchown(entry.path().c_str(), plain_user, plain_user), 0) << entry.path();
  }
  EXPECT_EQ(::chown(root.c_str(), plain_user, plain_user), 0) << root;
}

/// And has not done so without a world in the end.
MATCHER_P(FindsInAWorld, id, "finds " + std::string{id} + " in a world") {
  return arg.exit_code == 0 && culprit_of(arg.out) == std::string{id} &&
         arg.err.find("once more without") == std::string::npos &&
         arg.err.find("do not see untracked") == std::string::npos;
}

enum class Who { whoever_runs_this, plain };

class WorldTest : public testing::TestWithParam<Who> {
 protected:
  void SetUp() override {
    if (GetParam() == Who::plain) {
      for (const fs::path& program : {fs::path{NMZ_NMZBISECT}, fs::path{NMZ_NMZBISECT}.parent_path() / "nmzagent"}) {
        fs::create_directories(place.path() / "bin");
        fs::copy_file(program, place.path() / "bin" / program.filename());
      }
    }
  }

  [[nodiscard]] bool changes_user() const { return GetParam() == Who::plain && ::geteuid() == 0; }

  /// The script is a file elsewhere: what a command names is taken from the checkout also where there is no world.
  [[nodiscard]] support::Program program(const std::vector<std::string>& options, const std::string& script) {
    support::write_file(place.path() / "script", script);
    return program_of(options, {"sh", place.path() / "script"});
  }
  [[nodiscard]] support::Program program_of(const std::vector<std::string>& options,
                                            const std::vector<std::string>& command) {
    support::Program result = place.bisect_program(repository.path(), arguments(options, command));
    if (changes_user()) {
      give_away(repository.parent());
      give_away(place.path());
      result.argv[0] = place.path() / "bin/nmzbisect";
      const std::string id = std::to_string(plain_user);
      const std::vector<std::string> as_user{"setpriv", "--reuid", id, "--regid", id, "--clear-groups"};
      result.argv.insert(result.argv.begin(), as_user.begin(), as_user.end());
    }
    return result;
  }
  [[nodiscard]] Ended search(const std::string& script, std::vector<std::string> options = {}) {
    options.push_back(repository.range());
    return support::run_program(program(options, "n=$(cat number); " + script));
  }
  void untracked(const std::string& path, const std::string& content) const {
    support::write_file(repository.path() / path, content);
  }
  /// All that is left of the worlds: nothing.
  void expect_nothing_left() const {
    EXPECT_THAT(place.leftovers(), IsEmpty());
    EXPECT_THAT(place.processes(), IsEmpty());
    std::ifstream mounts{"/proc/self/mountinfo"};
    const std::string text{std::istreambuf_iterator<char>{mounts}, {}};
    EXPECT_THAT(text, Not(HasSubstr(place.path().string())));
  }

  Workplace place;
  LineRepository repository{10};
};

INSTANTIATE_TEST_SUITE_P(Users, WorldTest, testing::Values(Who::whoever_runs_this, Who::plain),
                         [](const auto& param) { return param.param == Who::plain ? "Plain" : "Whoever"; });

TEST_P(WorldTest, TheCommitStandsAtThePathOfTheCheckout) {
  const std::string there = repository.path().string();
  EXPECT_THAT(search("test $n = $(cat " + there +
                     "/number) && test \"$PWD\" = \"$(pwd -P)\" && test \"$PWD\" != " + there + " && test $n -lt 6"),
              FindsInAWorld(repository.ids()[6]));
  EXPECT_EQ(support::read_file(repository.path() / "number"), "9\n");
  expect_nothing_left();
}

TEST_P(WorldTest, WhatIsUntrackedIsThereAndStaysAsItIs) {
  support::write_file(repository.path() / ".git/info/exclude", "modules\n.env\n");
  untracked("modules/dependency", "1\n");
  untracked(".env", "KEY=1\n");
  untracked("build/deep/object", "old\n");
  ScratchRepository::git_in(repository.path(), {"config", "advice.addIgnoredFile", "false"});
  const Snapshot before{repository.path()};
  const std::string uses = ". ./.env && test \"$KEY\" = 1 && test -f modules/dependency && ";
  const std::string changes =
      "echo x >> modules/dependency && mv modules moved && mv moved modules && rm -rf build && mkdir build && "
      "echo new > build/object && test \"$(ls build)\" = object && echo KEY=1 > .env.new && mv .env.new .env && ";
  const Ended ended = search(uses + changes + "test $n -lt 6");
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(ended.err, Not(HasSubstr("changed in the checkout")));
  EXPECT_THAT(before.changes(), IsEmpty());
  expect_nothing_left();
}

TEST_P(WorldTest, WhatATestDoesToTheCheckoutStaysInside) {
  untracked("build/object", "old\n");
  untracked(".env", "KEY=1\n");
  const std::string there = repository.path().string();
  support::Program searching = program(
      {repository.range()},
      "n=$(cat number); user=$(dirname \"$(head -n 1 .git/objects/info/alternates)\"); echo x 2> /dev/null >> "
      "\"$user/config\"; "
      "rm -rf \"$user/refs\" 2> /dev/null; cd " +
          there +
          " && rm -rf build .env && echo x > number && "
          "git config my.own value && git update-ref refs/heads/main HEAD && git tag mine && rm -rf .git/hooks; "
          "rm -rf " +
          there + "/* 2> /dev/null; test $n -lt 6");
  const Snapshot before{repository.path()};
  EXPECT_THAT(support::run_program(searching), FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(before.changes(), IsEmpty());
  expect_nothing_left();
}

TEST_P(WorldTest, NoProcessStandsInTheCheckoutThatIsCovered) {
  const Snapshot before{repository.path()};
  EXPECT_THAT(search("for p in /proc/[0-9]*; do mkdir $p/cwd/.git/mine-$n 2> /dev/null; done; test $n -lt 6"),
              FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(before.changes(), IsEmpty());
}

TEST_P(WorldTest, ACommandThatNamesTheCheckoutIsNotRunInItself) {
  untracked("notes", "precious\n");
  const std::string there = repository.path().string();
  const Snapshot before{repository.path()};
  const Ended ended = support::run_program(
      program_of({repository.range()}, {"sh", "-c", "cd " + there + " && git clean -fdxq; exit 1"}));
  EXPECT_THAT(ended, FailsWith(1));
  EXPECT_THAT(ended.err, HasSubstr("--isolate none"));
  EXPECT_THAT(search("rm " + there + "/notes; exit 1"), FailsWith(1));
  EXPECT_THAT(before.changes(), IsEmpty());
}

TEST_P(WorldTest, AMountBelowTmpIsNoReasonToDoWithout) {
  const support::TempDirectory mounted{"mounted"};
  ASSERT_EQ(::mount("none", mounted.path().c_str(), "tmpfs", 0, "size=1m"), 0) << "mounting needs root";
  const Ended ended = search("echo > /tmp/nmz-world-test-mine && test $n -lt 6");
  ::umount2(mounted.path().c_str(), MNT_DETACH);
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
  EXPECT_FALSE(std::filesystem::exists("/tmp/nmz-world-test-mine"));
}

TEST_P(WorldTest, TheWorkTreeHasTheSameNameEachTime) {
  const std::string note =
      "test -e $NOTES/first && test \"$(cat $NOTES/first)\" != \"$PWD\" && exit 1; echo \"$PWD\" > "
      "$NOTES/first; ";
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(search(note + "test $n -lt 6", {"--jobs", "1"}), FindsInAWorld(repository.ids()[6]));
  }
}

TEST_P(WorldTest, OfTrackedFilesOnlyTheCommitsAreSeen) {
  repository.add_and_checkout({{{9}, {{"src/later", "tracked\n"}, {"later", "tracked\n"}}}});
  untracked("src/object", "built\n");
  const std::string sees = "test -f src/object && ! test -e src/later && ! test -e later";
  const Ended ended = support::run_program(
      program({repository.ids()[0] + ".." + repository.ids()[9]}, sees + " && test $(cat number) -lt 6"));
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
}

TEST_P(WorldTest, WhatACommandNamesIsTakenAsItIs) {
  untracked("check.sh", "test $(cat number) -lt 6\n");
  const Ended ended = support::run_program(program_of({repository.range()}, {"sh", "check.sh"}));
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(ended.err, HasSubstr("'check.sh' is not committed"));
  EXPECT_THAT(search("test -e check.sh && test $n -lt 6"), FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(search("! test -e check.sh && test $n -lt 6", {"--pristine"}), FindsInAWorld(repository.ids()[6]));
}

TEST_P(WorldTest, WhatWasTrackedOnceIsTheCommitsOwn) {
  // The file that the commits differ in is ignored by now, and still lies there.
  repository.git({"rm", "-q", "--cached", "number"});
  repository.git({"commit", "-q", "-m", "ignored"});
  const Ended ended = support::run_program(
      program_of({repository.ids()[0] + ".." + repository.ids()[9]}, {"sh", "-c", "test $(cat number) -lt 6"}));
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
}

TEST_P(WorldTest, OtherChangesAreLeftOutUnlessAskedFor) {
  repository.add_and_checkout({{{9}, {{"limit", "3\n"}}}});
  untracked("limit", "5\n");
  const std::string test = "test $n -lt $(cat limit 2> /dev/null || echo 7)";
  const Ended without = search(test);
  EXPECT_THAT(without, FindsInAWorld(repository.ids()[7]));
  EXPECT_THAT(without.err, HasSubstr("uncommitted changes to 'limit' are not part of the test"));
  const Ended with = search(test, {"--overlay", "limit"});
  EXPECT_THAT(with, FindsInAWorld(repository.ids()[5]));
  EXPECT_THAT(with.err, Not(HasSubstr("not part")));
  EXPECT_THAT(search(test, {"--overlay", "limi"}), FailsWith(128));
}

TEST_P(WorldTest, IdsAreWhatTheyAreAndPrivilegesNone) {
  const std::string user = std::to_string(changes_user() ? plain_user : ::geteuid());
  const std::string powers = user == "0" ? "true" : "grep -q '^CapEff:.0000000000000000$' /proc/self/status";
  EXPECT_THAT(
      search("test $(id -u) = " + user + " && test $(stat -c %u .) = " + user + " && " + powers + " && test $n -lt 6"),
      FindsInAWorld(repository.ids()[6]));
}

TEST_P(WorldTest, TmpCanBeReadAndWritesStayInside) {
  const support::TempDirectory outside{"outside", "/tmp"};
  fs::permissions(outside.path(), fs::perms::all);
  support::write_file(outside.path() / "given", "7\n");
  if (changes_user()) give_away(outside.path());
  const std::string file = outside.path() / "written";
  const std::string id = std::to_string(::getpid());
  const std::string fixed = "/tmp/nmz-world-test-" + id;
  const std::string collides = "echo $n > " + fixed + " && sleep 0.05 && test $(cat " + fixed + ") = $n && ";
  EXPECT_THAT(search("test $(head -n 1 " + outside.path().string() + "/given) = 7 && echo 8 >> " +
                         outside.path().string() + "/given && echo 1 > " + file + " && echo 1 > /var" + fixed +
                         " && echo 1 > /dev/shm/" + id + " && " + collides + "test $n -lt 6",
                     {"--jobs", "4"}),
              FindsInAWorld(repository.ids()[6]));
  EXPECT_EQ(support::read_file(outside.path() / "given"), "7\n");
  for (const fs::path path : {file, fixed, std::string{"/var"} + fixed, std::string{"/dev/shm/"} + id}) {
    EXPECT_FALSE(fs::exists(path)) << path;
  }
}

TEST_P(WorldTest, ASocketInTmpAnswers) {
  const support::TempDirectory outside{"agent", "/tmp"};
  fs::permissions(outside.path(), fs::perms::all);
  const std::string path = outside.path() / "agent.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);  // NOLINT
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);  // NOLINT
  ASSERT_EQ(::listen(listener, 100), 0);
  fs::permissions(path, fs::perms::all);
  EXPECT_THAT(
      search("python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"" + path + "\")' && test $n -lt 6"),
      FindsInAWorld(repository.ids()[6]));
  ::close(listener);
}

TEST_P(WorldTest, WhatGitDoesNotKnowInTheCheckoutIsThere) {
  fs::create_directories(repository.path() / "only/deep");
  ASSERT_EQ(::mkfifo((repository.path() / "only/deep/fifo").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((repository.path() / "fifo").c_str(), 0600), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int directory = ::open((repository.path() / "only").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  // The path of the checkout may be too long for an address.
  const std::string path = "/proc/self/fd/" + std::to_string(directory) + "/sock";
  path.copy(address.sun_path, sizeof address.sun_path - 1);  // NOLINT
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);  // NOLINT
  ASSERT_EQ(::listen(listener, 100), 0);
  fs::permissions(repository.path() / "only/sock", fs::perms::all);
  EXPECT_THAT(search("test -p fifo -a -p only/deep/fifo || exit 200; python3 -c 'import socket; "
                     "socket.socket(socket.AF_UNIX).connect(\"only/sock\")' || exit 201; test $n -lt 6"),
              FindsInAWorld(repository.ids()[6]));
  ::close(listener);
  ::close(directory);
}

/// Tests that no longer see the user's files may fail for that: no answer is given.
TEST_P(WorldTest, ACheckoutThatGoesAwayEndsTheSearch) {
  untracked("needed", "x");
  support::Program searching =
      program({"--jobs", "2", repository.range()},
              "echo >> $NOTES/begun; until test -e $NOTES/go; do sleep 0.01; done; test -e needed");
  auto search = std::async(std::launch::async, support::run_program, searching);
  ASSERT_TRUE(wait_until([&] { return lines_of(place.note("begun")).size() > 1; }));
  fs::rename(repository.path(), repository.path().string() + "-away");
  support::write_file(place.note("go"), "");
  const Ended ended = search.get();
  EXPECT_NE(ended.exit_code, 0);
  EXPECT_THAT(ended.out, Not(HasSubstr("is the first bad commit")));
  EXPECT_THAT(ended.err, HasSubstr("has gone while the search ran"));
}

// A container with -v $PWD, or a build daemon that was started before: what it is told the path of is the commit.
TEST_P(WorldTest, WhoeverIsOutsideFindsTheCommitAtTheTestsDirectory) {
  const fs::path ask = place.note("ask");
  const fs::path answer = place.note("answer");
  support::Program searching = program(
      {"--jobs", "1", repository.range()},
      "echo \"$PWD\" > $NOTES/new && mv $NOTES/new $NOTES/ask; until test -e $NOTES/answer; do sleep 0.01; done; "
      "n=$(cat $NOTES/answer); rm $NOTES/answer; test $n -lt 6");
  auto search = std::async(std::launch::async, support::run_program, searching);
  while (search.wait_for(std::chrono::milliseconds{1}) != std::future_status::ready) {
    if (!fs::exists(ask)) continue;
    const std::string directory = lines_of(ask).front();
    fs::remove(ask);
    support::write_file(place.note("being written"), support::read_file(fs::path{directory} / "number"));
    fs::permissions(place.note("being written"), fs::perms::all);
    fs::rename(place.note("being written"), answer);
  }
  EXPECT_THAT(search.get(), FindsInAWorld(repository.ids()[6]));
}

TEST_P(WorldTest, AKilledAgentLeavesNothing) {
  const std::string sleeps = "98765" + std::to_string(::getpid());
  EXPECT_THAT(search("if ! test -e $NOTES/done; then : > $NOTES/done; env -i setsid sleep " + sleeps +
                     " & kill -KILL $PPID; sleep 10; fi; test $n -lt 6"),
              FindsInAWorld(repository.ids()[6]));
  EXPECT_TRUE(fs::exists(place.note("done")));
  for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
    std::ifstream command{entry.path() / "cmdline"};
    const std::string line{std::istreambuf_iterator<char>{command}, {}};
    EXPECT_FALSE(line.starts_with("sleep") && line.find(sleeps) != std::string::npos) << entry.path();
  }
  expect_nothing_left();
}

TEST_P(WorldTest, TheWorldIsNeverTheCause) {
  // A process outside cannot be seen in a world.
  const Ended ended = search("kill -0 " + std::to_string(::getpid()) + " 2> /dev/null || test -d /proc/" +
                             std::to_string(::getpid()) + " && test $n -lt 6");
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(ended.err, HasSubstr("works only without a world"));
  EXPECT_THAT(search("exit 1"), FailsWith(1));
}

TEST_P(WorldTest, AProgramThatGivesPrivilegesIsNoCulprit) {
  if (!changes_user()) return;  // there is nobody whose privileges could be given
  const fs::path gives = repository.parent() / "gives";
  support::Program searching =
      program({repository.range()}, gives.string() + " -u | grep -qx 0 && test $(cat number) -lt 6");
  fs::copy_file("/usr/bin/id", gives);
  ASSERT_EQ(::chown(gives.c_str(), 0, 0), 0);
  ASSERT_EQ(::chmod(gives.c_str(), 04755), 0);
  EXPECT_THAT(support::run_program(searching), Finds(repository.ids()[6]));
}

// Its content can be read and it can be removed; a change of it fails (EOVERFLOW), since it can belong to nobody.
TEST_P(WorldTest, AnotherUsersFileAmongTheUntracked) {
  untracked("data/foreign", "x\n");
  untracked("data/own", "x\n");
  support::Program searching =
      program({repository.range()},
              "test $(cat number) -lt 6 && { test -e data/changed || { grep -q x data/foreign && "
              "rm -f data/foreign && echo y > data/foreign && echo y >> data/own && : > data/changed; }; }");
  if (changes_user()) {
    EXPECT_EQ(::chown((repository.path() / "data/foreign").c_str(), 0, 0), 0);
  }
  const Snapshot before{repository.path()};
  EXPECT_THAT(support::run_program(searching), FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(before.changes(), IsEmpty());
}

TEST_P(WorldTest, AnotherBranchInTheCheckoutMeanwhileIsNotTested) {
  untracked("object", "built\n");
  repository.git({"switch", "-q", "-c", "other"});
  untracked("stranger", "of another branch\n");
  repository.git({"add", "stranger"});
  repository.git({"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "other"});
  repository.git({"switch", "-q", "main"});
  support::Program searching =
      program({"--jobs", "1", repository.range()},
              ": > $NOTES/running; until test -e $NOTES/go; do sleep 0.01; done; n=$(cat number); "
              "if test -e $NOTES/first; then ! test -e stranger || exit 1; else : > $NOTES/first; fi; test $n -lt 6");
  auto search = std::async(std::launch::async, support::run_program, searching);
  EXPECT_TRUE(wait_until([&] { return fs::exists(place.note("running")); }));
  ScratchRepository::git_in(repository.path(), {"-c", "safe.directory=*", "switch", "-q", "other"});
  support::write_file(place.note("go"), "");
  const Ended ended = search.get();
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
  EXPECT_THAT(ended.err, HasSubstr("'stranger' changed in the checkout"));
}

TEST_P(WorldTest, ANetworkOfItsOwn) {
  const std::string binds =
      "python3 -c 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 18097)); s.listen(); "
      "socket.create_connection((\"127.0.0.1\", 18097)); time.sleep(0.1)' && ";
  EXPECT_THAT(search(binds + "test $(readlink /proc/self/ns/net) != " + fs::read_symlink("/proc/self/ns/net").string() +
                         " && test $n -lt 6",
                     {"--jobs", "4", "--isolate", "network"}),
              FindsInAWorld(repository.ids()[6]));
}

/// Whether this user's pasta could make an interface.
bool may_have_a_way_out(bool plain) {
  struct stat device {};
  if (::stat("/dev/net/tun", &device) != 0) return false;
  return plain ? (device.st_mode & S_IRWXO) == (S_IROTH | S_IWOTH) : ::access("/dev/net/tun", R_OK | W_OK) == 0;
}

TEST_P(WorldTest, ANetworkOfItsOwnHasAWayOut) {
  const std::string asks =
      "python3 -c 'import socket; socket.create_connection((\"10.77.0.1\", 18099), 5)' 2>/dev/null; echo $? >> "
      "$NOTES/way; ";
  support::Program searching =
      program({"--isolate", "network", repository.range()}, "n=$(cat number); " + asks + "test $n -lt 6");
  // A machine with a default route, and a server behind it.
  const std::string machine = R"(
ip link set lo up && ip link add v0 type veth peer name v1 && ip address add 10.9.9.1/24 dev v0 &&
  ip link set v0 up && ip link set v1 up && ip route add default via 10.9.9.254 &&
  ip address add 10.77.0.1/32 dev lo || exit
python3 -c 'import os, socket
s = socket.create_server(("10.77.0.1", 18099)); open(os.environ["NOTES"] + "/up", "w")
while True: s.accept()' &
server=$!
until [ -e "$NOTES/up" ]; do kill -0 $server && sleep 0.01 || exit; done
"$@"; status=$?
kill $server; wait $server; exit $status)";
  std::vector<std::string> inside{"unshare", "--net"};
  if (::geteuid() != 0) inside.insert(inside.end(), {"--user", "--map-root-user"});
  inside.insert(inside.end(), {"sh", "-c", machine, "sh"});
  searching.argv.insert(searching.argv.begin(), inside.begin(), inside.end());
  const Ended ended = support::run_program(searching);
  EXPECT_THAT(ended, FindsInAWorld(repository.ids()[6]));
  const bool way_out = may_have_a_way_out(changes_user());
  EXPECT_THAT(lines_of(place.note("way")), Each(way_out ? "0" : "1"));
  EXPECT_EQ(ended.err.find("reach nothing outside: pasta") == std::string::npos, way_out) << ended.err;
  expect_nothing_left();
}

TEST_P(WorldTest, WithoutOneTheCommitIsElsewhereOnly) {
  untracked("object", "built\n");
  const Ended ended = search("! test -e object && test $(cat " + repository.path().string() +
                                 "/number) = 9 && echo $n > $NOTES/seen && test $n -lt 6",
                             {"--isolate", "none"});
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_TRUE(fs::exists(place.note("seen")));
}

// As in a container without rights, or with user.max_user_namespaces=0.
TEST_P(WorldTest, WhereNamespacesAreRefusedALineSaysSo) {
  untracked("check.sh", "test $(cat number) -lt 6\n");
  support::Program searching = program_of({repository.range()}, {"sh", "./check.sh"});
  const auto command = std::ranges::find_if(
      searching.argv, [](const std::string& word) { return fs::path{word}.filename() == "nmzbisect"; });
  searching.argv.insert(command, {"unshare", "--user", "--map-root-user", "sh", "-c",
                                  "echo 0 > /proc/sys/user/max_mnt_namespaces && exec \"$@\"", "sh"});
  const Ended ended = support::run_program(searching);
  EXPECT_THAT(ended, Finds(repository.ids()[6]));
  EXPECT_THAT(ended.err, HasSubstr("do not see untracked files"));
}

}  // namespace
}  // namespace nmz::conformance
