// What tests leave in a work tree, and that it neither hides changes nor leads out of the tree.
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using job::OutcomeKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using wire::FileMode;

TEST(ObstacleTest, NothingIsWrittenThroughSymlinks) {
  Worker worker;
  for (const char* name : {"file", "d/file", "removed"}) {
    support::write_file(worker.outside() / name, "sentinel");
  }
  ASSERT_EQ(worker.lay_out({{"p/file", "1"}, {"q/d/file", "1"}, {"r/removed", "1"}, {"s", "1"}}, {}, replace_all).kind,
            OutcomeKind::exited);
  const std::string outside = worker.outside().string();
  auto attack = worker.shell("rm -rf p q/d r s && ln -s " + outside + " p && ln -s " + outside + "/d q/d && ln -s " +
                             outside + " r && ln -s " + outside + "/file s");
  EXPECT_THAT(worker.run(attack).changed, ElementsAre("p/file", "q/d/file", "r/removed", "s"));
  ASSERT_EQ(worker.lay_out({{"p/file", "2"}, {"q/d/file", "2"}, {"s", "2"}}, {"r/removed"}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.tree() / "p/file"), "2");
  EXPECT_EQ(support::read_file(worker.tree() / "q/d/file"), "2");
  EXPECT_EQ(support::read_file(worker.tree() / "s"), "2");
  EXPECT_THAT(snapshot(worker.outside()),
              UnorderedElementsAre(Pair("file", "file sentinel"), Pair("d", "directory"),
                                   Pair("d/file", "file sentinel"), Pair("removed", "file sentinel")));
}

TEST(ObstacleTest, ACommitCannotWriteThroughASymlinkOfItsOwn) {
  Worker worker;
  support::write_file(worker.outside() / "file", "sentinel");
  const auto outcome =
      worker.lay_out({{"p", worker.outside().string(), FileMode::symlink}, {"p/file", "attack"}, {"p/new", "attack"}},
                     {}, replace_all);
  EXPECT_EQ(outcome.kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.outside()), ElementsAre(Pair("file", "file sentinel")));
  EXPECT_EQ(support::read_file(worker.tree() / "p/file"), "attack");
}

TEST(ObstacleTest, SweepingDoesNotFollowSymlinks) {
  Worker worker;
  support::write_file(worker.outside() / "precious", "sentinel");
  ASSERT_EQ(worker.lay_out({{"d/f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  fs::remove_all(worker.tree() / "d");
  fs::create_directory_symlink(worker.outside(), worker.tree() / "d");
  fs::create_directory_symlink(worker.outside(), worker.tree() / "e");
  ASSERT_EQ(worker.lay_out({}, {}, clean).kind, OutcomeKind::exited);
  fs::create_directory_symlink(worker.outside(), worker.tree() / "e");
  ASSERT_EQ(worker.lay_out({}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.outside() / "precious"), "sentinel");
}

TEST(ObstacleTest, EveryKindOfChangeToATrackedFileIsReported) {
  Worker worker;
  const std::vector<File> files{{"same", "1"},
                                {"edited", "1"},
                                {"inplace", "1"},
                                {"removed", "1"},
                                {"mode", "1"},
                                {"dir", "1"},
                                {"link", "1"},
                                {"fifo", "1"},
                                {"d/moved", "1"},
                                {"e/f", "1"},
                                {"e/g/h", "1"},
                                {"touched", "1"},
                                {"l", "t", FileMode::symlink}};
  const std::vector<std::string> all_changed{"d/moved", "dir", "e/f",  "e/g/h", "edited",  "fifo",
                                             "inplace", "l",   "link", "mode",  "removed", "touched"};
  ASSERT_EQ(worker.lay_out(files, {}, replace_all).kind, OutcomeKind::exited);
  // Immediately after the laying out, so in the same clock tick of most file systems.
  const auto result = worker.run(
      worker.shell("printf 2 > inplace; rm edited && printf 2 > edited; rm removed; chmod +x mode; rm dir; mkdir dir;"
                   "rm link; ln -s same link; rm fifo; mkfifo fifo; mv d d2; ln -s d2 d; rm -r e; ln -sfn u l;"
                   "sleep 0.02; touch touched"));
  EXPECT_THAT(result.changed, ::testing::ElementsAreArray(all_changed));
  EXPECT_THAT(worker.run(worker.job({"true"})).changed, ::testing::ElementsAreArray(all_changed))
      << "what was not laid out again is still not as it was";
  ASSERT_EQ(worker.lay_out(files, {}, clean).kind, OutcomeKind::exited);
  EXPECT_THAT(worker.run(worker.job({"true"})).changed, IsEmpty());
  EXPECT_FALSE(fs::exists(worker.tree() / "d2"));
}

// The hole of comparing times: same size, same inode, same tick of the clock. Repeated, to hit the tick.
TEST(ObstacleTest, AChangeInTheSameClockTickIsSeen) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"other", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  for (int i = 0; i < 30; ++i) {
    ASSERT_EQ(worker.lay_out({{"f", "aaaa"}, {"g", "aaaa"}}).kind, OutcomeKind::exited);
    ASSERT_THAT(worker.run(worker.shell("printf bbbb 1<>f")).changed, ElementsAre("f")) << "round " << i;
  }
}

TEST(ObstacleTest, AMissingWantedDirectoryIsReported) {
  Worker worker;
  worker.send(replace_all);
  worker.send(wire::TreeDirectory{"module"});
  worker.send(wire::TreeEnd{});
  ASSERT_EQ(worker.expect<wire::TreeReady>().outcome.kind, OutcomeKind::exited);
  EXPECT_THAT(worker.run(worker.job({"true"})).changed, IsEmpty());
  EXPECT_THAT(worker.run(worker.job({"rmdir", "module"})).changed, ElementsAre("module"));
}

TEST(ObstacleTest, ManyChangesComeInSeveralBoundedMessages) {
  Worker worker;
  constexpr int count = 1000;
  std::vector<File> files;
  files.reserve(count);
  for (int i = 0; i < count; ++i) {
    files.emplace_back(std::string(220, 'x') + std::to_string(i), "1");
  }
  ASSERT_EQ(worker.lay_out(files, {}, replace_all).kind, OutcomeKind::exited);
  worker.send(worker.shell("rm -f x*"));
  worker.await_started();
  static_cast<void>(worker.expect<wire::Finished>());
  std::size_t reported = 0;
  std::size_t messages = 0;
  for (bool last = false; !last; ++messages) {
    const auto state = worker.expect<wire::TreeState>();
    std::string bytes;
    wire::encode(state, bytes);
    EXPECT_LT(bytes.size(), wire::data_chunk + 8192);
    reported += state.changed.size();
    last = state.last;
  }
  EXPECT_EQ(reported, files.size());
  EXPECT_GT(messages, 3U);
}

TEST(ObstacleTest, TheWholeTreeMayBeGone) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "1"}, {"d/g", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(worker.run(worker.shell("cd / && rm -rf " + worker.tree().string())).changed, ElementsAre("d/g", "f"));
  ASSERT_EQ(worker.lay_out({{"f", "2"}, {"d/g", "2"}}).kind, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.tree() / "d/g"), "2");
}

TEST(ObstacleTest, ASymlinkInPlaceOfTheTreeIsNotFollowed) {
  Worker worker;
  support::write_file(worker.outside() / "precious", "sentinel");
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const std::string tree = worker.tree().string();
  const auto result =
      worker.run(worker.shell("cd / && rm -rf " + tree + " && ln -s " + worker.outside().string() + " " + tree));
  EXPECT_THAT(result.changed, ElementsAre("f"));
  EXPECT_EQ(worker.lay_out({{"f", "2"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.outside()), ElementsAre(Pair("precious", "file sentinel")));
  EXPECT_FALSE(fs::is_symlink(worker.tree()));
  EXPECT_THAT(snapshot(worker.tree()), ElementsAre(Pair("f", "file 2")));
}

TEST(ObstacleTest, ADirectoryInPlaceOfTheTreeIsNotEmptied) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.outside() / "precious", "sentinel");
  fs::rename(worker.tree(), worker.tree().string() + ".old");
  fs::rename(worker.outside(), worker.tree());
  EXPECT_EQ(worker.lay_out({{"f", "2"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), ElementsAre(Pair("f", "file 2")));
  EXPECT_EQ(support::read_file(worker.tree().string() + ".replaced-1/precious"), "sentinel");
}

/// Two places to choose from, of which the second may be mounted into many containers.
class SharedPlace : public testing::Test {
 protected:
  SharedPlace() { options_.arguments = {"--tree", "/proc/nowhere", "--tree", place().string()}; }
  fs::path place() const { return temp_.path() / "nmz-tree"; }
  static std::string laid_out(Worker& worker, const std::string& content) {
    EXPECT_EQ(worker.lay_out({{"f", content}}, {}, replace_all).kind, OutcomeKind::exited);
    return worker.run(worker.shell("pwd")).log;
  }

  support::TempDirectory temp_{"shared"};
  WorkerOptions options_;
};

TEST_F(SharedPlace, EachAgentHasATreeOfItsOwn) {
  const std::string base = place().string();
  {
    Worker one{options_};
    Worker two{options_};
    EXPECT_EQ(laid_out(one, "1"), base + "\n");
    EXPECT_EQ(laid_out(two, "2"), base + "-2\n");
    EXPECT_EQ(one.run(one.shell("cat f")).log, "1");
    EXPECT_EQ(two.run(two.shell("cat f")).log, "2");
  }
  Worker next{options_};
  EXPECT_EQ(laid_out(next, "3"), base + "\n") << "what is left of ended ones is used again";
}

TEST_F(SharedPlace, WhatSomebodyElseHasThereIsLeftAlone) {
  support::write_file(temp_.path() / "victim/precious", "sentinel");
  fs::create_directory_symlink(temp_.path() / "victim", place());
  fs::create_directories(place().string() + "-2");
  ASSERT_EQ(::geteuid(), 0U) << "giving a directory away needs root";
  ASSERT_EQ(::chown((place().string() + "-2").c_str(), 12345, 12345), 0);
  Worker worker{options_};
  EXPECT_EQ(laid_out(worker, "1"), place().string() + "-3\n");
  EXPECT_THAT(snapshot(temp_.path() / "victim"), ElementsAre(Pair("precious", "file sentinel")));
}

/// The place of an agent that is started for a tree that another one had before.
class Successor : public testing::Test {
 protected:
  Successor() {
    support::write_file(temp_.path() / "victim/precious", "sentinel");
    fs::create_directories(tree());
    place_ = ::open(temp_.path().c_str(), O_PATH | O_DIRECTORY);  // NOLINT: the agent inherits it
    made_ = ::open(tree().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat status {};
    ::fstat(made_, &status);
    options_.tree = tree();
    options_.arguments = {
        "--tree", tree().string(), "--made",
        std::to_string(place_) + ':' + std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino)};
  }
  ~Successor() override {
    ::close(place_);
    ::close(made_);
  }
  fs::path tree() const { return temp_.path() / "tree"; }
  void expect_victim_unharmed() const {
    EXPECT_THAT(snapshot(temp_.path() / "victim"), ElementsAre(Pair("precious", "file sentinel")));
  }

  support::TempDirectory temp_{"successor"};
  WorkerOptions options_;
  int place_ = -1;
  int made_ = -1;
};

TEST_F(Successor, GoesOnInTheTreeThatWasMade) {
  support::write_file(tree() / "rest", "of the one before");
  Worker worker{options_};
  EXPECT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(tree()), ElementsAre(Pair("f", "file 1")));
  EXPECT_FALSE(fs::exists(tree().string() + ".replaced-1"));
}

TEST_F(Successor, DoesNotFollowALinkInPlaceOfTheTree) {
  fs::rename(tree(), tree().string() + ".old");
  fs::create_directory_symlink(temp_.path() / "victim", tree());
  Worker worker{options_};
  EXPECT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(tree()), ElementsAre(Pair("f", "file 1")));
  expect_victim_unharmed();
}

TEST_F(Successor, DoesNotUseAMountInPlaceOfTheTree) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  ASSERT_EQ(::mount((temp_.path() / "victim").c_str(), tree().c_str(), nullptr, MS_BIND, nullptr), 0);
  Worker worker{options_};
  const auto kind = worker.lay_out({{"f", "1"}}, {}, replace_all).kind;
  ::umount2(tree().c_str(), MNT_DETACH);
  EXPECT_EQ(kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(tree()), ElementsAre(Pair("f", "file 1")));
  expect_victim_unharmed();
}

TEST_F(Successor, DoesNotRunWhereThePathLeadsElsewhere) {
  const fs::path moved = temp_.path().string() + ".old";
  Worker worker{options_};
  fs::rename(temp_.path(), moved);
  fs::create_directories(temp_.path() / "tree");
  support::write_file(tree() / "precious", "sentinel");
  EXPECT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::unprepared);
  EXPECT_THAT(snapshot(tree()), ElementsAre(Pair("precious", "file sentinel")));
  fs::remove_all(moved);
}

TEST(ObstacleTest, NothingIsWrittenIntoMounts) {
  ASSERT_EQ(::geteuid(), 0U) << "these tests set file attributes and mount: run them as root";
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"d/f", "1"}, {"g", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.outside() / "f", "sentinel");
  ASSERT_EQ(::mount(worker.outside().c_str(), (worker.tree() / "d").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount((worker.outside() / "f").c_str(), (worker.tree() / "g").c_str(), nullptr, MS_BIND, nullptr), 0);
  const auto changed = worker.lay_out({{"d/f", "2"}, {"d/new", "2"}, {"g", "2"}}).kind;
  ::umount2((worker.tree() / "d").c_str(), MNT_DETACH);
  ::umount2((worker.tree() / "g").c_str(), MNT_DETACH);
  EXPECT_EQ(changed, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.outside()), ElementsAre(Pair("f", "file sentinel")));
  EXPECT_EQ(support::read_file(worker.tree() / "d/new"), "2");
  EXPECT_EQ(support::read_file(worker.tree() / "g"), "2");
}

TEST(ObstacleTest, LockedDirectoriesDoNotStopAnUnprivilegedWorker) {
  WorkerOptions options;
  options.unprivileged = true;
  Worker worker{options};
  ASSERT_EQ(worker.lay_out({{"a/b/f", "1"}, {"c/f", "1"}, {"g", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const auto lock = worker.shell(
      "mkdir -p u/v/w && touch u/v/w/x && ln -s /etc u/l && chmod 000 u/v/w && chmod 555 u/v && chmod 000 u;"
      "chmod 000 g; chmod 555 a/b; chmod 000 a; chmod 555 c; chmod 555 .");
  ASSERT_EQ(worker.run(lock).finished.outcome.code, 0);
  ASSERT_EQ(worker.lay_out({{"a/b/f", "2"}, {"c/new", "2"}, {"g", "2"}}, {"c/f"}, clean).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()),
              UnorderedElementsAre(Pair("a", "directory"), Pair("a/b", "directory"), Pair("a/b/f", "file 2"),
                                   Pair("c", "directory"), Pair("c/new", "file 2"), Pair("g", "file 2")));
  ASSERT_EQ(worker.run(lock).finished.outcome.kind, OutcomeKind::exited);
  EXPECT_EQ(worker.lay_out({}, {}, replace_all).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), IsEmpty());
}

TEST(ObstacleTest, ImmutableFilesAreRemoved) {
  ASSERT_EQ(::geteuid(), 0U) << "these tests set file attributes and mount: run them as root";
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.tree() / "d/fixed", "u");
  bool supported = true;
  for (const char* name : {"f", "d/fixed", "d"}) {
    const int fd = ::open((worker.tree() / name).c_str(), O_RDONLY | O_CLOEXEC);
    unsigned int flags = FS_IMMUTABLE_FL;
    supported = ::ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0 && supported;
    ::close(fd);
  }
  if (!supported) {
    GTEST_LOG_(INFO) << "this file system has no immutable files; only the removal is checked";
  }
  ASSERT_EQ(worker.lay_out({{"f", "2"}}, {}, clean).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), ElementsAre(Pair("f", "file 2")));
}

TEST(ObstacleTest, ADirectoryChainDeeperThanAnyPathIsRemoved) {
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  const fs::path here = fs::current_path();
  fs::current_path(worker.tree());
  for (int depth = 0; depth < 1200; ++depth) {
    ASSERT_EQ(::mkdir("deep", 0777), 0);
    ASSERT_EQ(::chdir("deep"), 0);
  }
  fs::current_path(here);
  ASSERT_EQ(worker.lay_out({}, {}, clean).kind, OutcomeKind::exited);
  EXPECT_THAT(snapshot(worker.tree()), ElementsAre(Pair("f", "file 1")));
}

TEST(ObstacleTest, WhatIsMountedInTheTreeIsNotSwept) {
  ASSERT_EQ(::geteuid(), 0U) << "these tests set file attributes and mount: run them as root";
  Worker worker;
  ASSERT_EQ(worker.lay_out({{"f", "1"}}, {}, replace_all).kind, OutcomeKind::exited);
  support::write_file(worker.outside() / "precious", "sentinel");
  const fs::path inside = worker.tree() / "d/volume";
  fs::create_directories(inside);
  ASSERT_EQ(::mount(worker.outside().c_str(), inside.c_str(), nullptr, MS_BIND, nullptr), 0);
  const auto cleaned = worker.lay_out({}, {}, clean).kind;
  const auto replaced = worker.lay_out({{"f", "1"}}, {}, replace_all).kind;
  ::umount2(inside.c_str(), MNT_DETACH);
  EXPECT_EQ(cleaned, OutcomeKind::exited);
  EXPECT_EQ(replaced, OutcomeKind::exited);
  EXPECT_EQ(support::read_file(worker.outside() / "precious"), "sentinel");
}

}  // namespace
}  // namespace nmz::agent
