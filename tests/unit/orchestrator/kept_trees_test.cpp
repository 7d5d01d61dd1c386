#include "nmz/orchestrator/kept_trees.hpp"

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/orchestrator/run_directory.hpp"

#include "mounts.hpp"
#include "support/temp_directory.hpp"

namespace nmz::orchestrator {
namespace {

namespace fs = std::filesystem;
using support::TempDirectory;
using testing::ElementsAre;
using testing::IsEmpty;

KeptTrees of(const std::string& owner) {
  KeptTrees trees;
  trees.owner = owner;
  trees.title = owner;
  trees.words = {"a\nb", ""};
  return trees;
}

Result<RunDirectory> run_of(const fs::path& base, const std::string& owner, const std::string& name = "repo") {
  return RunDirectory::create(base, "", name, owner);
}

void fill(const RunDirectory& run, std::size_t bytes = 1) {
  fs::create_directories(run.path() / "w0/tree");
  fs::create_directories(run.path() / "w0/world");
  fs::create_directories(run.path() / "w1/tree");
  std::ofstream{run.path() / "w0/manifest"} << "what the agent knew";
  std::ofstream{run.path() / "w0/tree/file"} << std::string(bytes, 'x');
}

/// A run that is kept. Its path.
fs::path keep(const fs::path& base, const std::string& owner, const std::string& name = "repo", std::size_t bytes = 1,
              const KeptLimits& limits = {}) {
  auto run = run_of(base, owner, name);
  fill(*run, bytes);
  const fs::path path = run->path();
  EXPECT_THAT(run->keep_beside(of(owner), limits), IsEmpty());
  return path;
}

std::vector<std::string> owners(const fs::path& base) {
  std::vector<std::string> result;
  for (const KeptDirectory& one : kept_directories(base)) result.push_back(one.in_use ? "in use" : one.trees.owner);
  return result;
}

TEST(KeptTreesTest, TheNextRunOfTheOwnerTakesThem) {
  const TempDirectory temp;
  const fs::path path = keep(temp.path(), "me");
  EXPECT_FALSE(fs::exists(path / "w0/world")) << "what is not a tree";
  EXPECT_FALSE(fs::exists(path / "w1")) << "a tree of which nothing is known";
  const auto next = run_of(temp.path(), "me");
  EXPECT_EQ(next->path(), path);
  ASSERT_TRUE(next->inherited());
  EXPECT_EQ(next->inherited()->words, of("me").words);
  EXPECT_THAT(next->inherited()->workers, ElementsAre("w0"));
  EXPECT_TRUE(fs::exists(path / "w0/tree/file"));
  EXPECT_FALSE(fs::exists(path / "kept")) << "a run that is killed now leaves a dead directory";
}

bool mount_on(const fs::path& what, const fs::path& where) {
  return ::mount(what.c_str(), where.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

std::string mounts() {
  std::ifstream file{"/proc/self/mountinfo"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// For the child process alone.
bool have_own_mounts() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// As somebody to whom the mounts do not belong.
bool forget_how_to_unmount() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  sets[0].effective &= ~(1U << CAP_SYS_ADMIN);
  return ::syscall(SYS_capset, &header, sets.data()) == 0;
}

/// Runs it in a process of its own, in which a failed expectation is one.
void apart(const std::function<void()>& test) {
  const pid_t child = ::fork();
  if (child == 0) {
    test();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(KeptTreesTest, KeepNothingThatIsMounted) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  const TempDirectory temp;
  support::write_file(temp.path() / "victim" / "precious", "sentinel");
  apart([&] {
    ASSERT_TRUE(have_own_mounts());
    auto run = run_of(temp.path() / "base", "me");
    fill(*run);
    fs::create_directory(run->path() / "w0/tree/a b");
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(mount_on(temp.path() / "victim", run->path() / "w0/tree/a b"));
    EXPECT_TRUE(mount_on(temp.path() / "victim", run->path() / "w0/tree"));
    const fs::path path = run->path();
    EXPECT_THAT(run->keep_beside(of("me")), IsEmpty());
    EXPECT_THAT(mounts(), testing::Not(testing::HasSubstr(path.string())));
    EXPECT_TRUE(fs::exists(path / "w0/tree/file"));
    EXPECT_THAT(owners(temp.path() / "base"), ElementsAre("me"));
  });
  EXPECT_EQ(support::read_file(temp.path() / "victim" / "precious"), "sentinel");
}

TEST(KeptTreesTest, NobodyGoesOnWithWhatIsMountedOverATree) {
  ASSERT_EQ(::geteuid(), 0U) << "mounting needs root";
  for (const char* const where : {"", "w0", "w0/tree", "w0/tree/below"}) {
    const TempDirectory temp;
    const fs::path path = keep(temp.path(), "me");
    fs::create_directories(temp.path() / "victim/tree");
    fs::create_directories(path / "w0/tree/below");
    apart([&] {
      ASSERT_TRUE(have_own_mounts());
      ASSERT_TRUE(mount_on(temp.path() / "victim", path / where));
      ASSERT_TRUE(forget_how_to_unmount());
      auto next = run_of(temp.path(), "me");
      ASSERT_TRUE(next) << where << next.error().message;
      EXPECT_NE(next->path(), path) << where;
      EXPECT_FALSE(next->inherited()) << where;
      const bool told = *where != '\0';  // otherwise it is not seen whose it is
      EXPECT_EQ(next->swept().left.size(), told ? 1U : 0U) << where;
    });
    EXPECT_TRUE(fs::exists(path / "w0/tree/file")) << where;
  }
}

TEST(KeptTreesTest, AMountIsAtTheDirectoryOrBelow) {
  const std::string text =
      "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
      "31 27 8:1 /a\\040b /base/run-1/w0/a\\040\\134b rw - ext4 /dev/x rw\n"
      "32 27 8:1 / /base/run-1 rw shared:1 - ext4 /dev/x rw\n"
      "33 27 8:1 / /base/run-12 rw - ext4 /dev/x rw\n"
      "cut";
  const auto found = mounts_below(text, "/base/run-1");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].id, 31);
  EXPECT_EQ(found[0].path, "/base/run-1/w0/a \\b");
  EXPECT_EQ(found[1].id, 32);
}

TEST(KeptTreesTest, NobodyElseTakesThem) {
  const TempDirectory temp;
  const fs::path path = keep(temp.path(), "me");
  {
    const auto other = run_of(temp.path(), "other");
    EXPECT_NE(other->path(), path);
    EXPECT_FALSE(other->inherited());
    const auto anybody = RunDirectory::create(temp.path(), "", "repo");
    EXPECT_FALSE(anybody->inherited());
  }
  EXPECT_THAT(owners(temp.path()), ElementsAre("me"));
}

TEST(KeptTreesTest, TwoRunsAtOnceHaveTheirOwnAndBothAreKept) {
  const TempDirectory temp;
  keep(temp.path(), "me");
  auto first = run_of(temp.path(), "me");
  auto second = run_of(temp.path(), "me");
  EXPECT_TRUE(first->inherited());
  EXPECT_FALSE(second->inherited());
  EXPECT_THAT(owners(temp.path()), ElementsAre("in use", "in use"));
  KeptLimits none;
  none.directories = 0;
  EXPECT_EQ(prune_kept(temp.path(), none).directories, 0U);
  fill(*second);
  second->keep_beside(of("me"));
  first->keep_beside(of("me"));
  EXPECT_THAT(owners(temp.path()), ElementsAre("me", "me"));
}

TEST(KeptTreesTest, ADirectoryThatWasTakenAndNotMarkedAgainIsADeadOne) {
  const TempDirectory temp;
  const fs::path path = keep(temp.path(), "me");
  fs::rename(path / "kept", path / "kept.new");
  const auto next = run_of(temp.path(), "me");
  EXPECT_EQ(next->swept().directories, 1U);
  EXPECT_FALSE(next->inherited());
}

TEST(KeptTreesTest, AMarkThatIsNotWholeIsNone) {
  const TempDirectory temp;
  const fs::path path = keep(temp.path(), "me");
  const auto size = fs::file_size(path / "kept");
  for (std::uintmax_t shorter = 1; shorter <= size; shorter += 7) {
    fs::resize_file(path / "kept", size - shorter);
    EXPECT_THAT(owners(temp.path()), IsEmpty()) << shorter;
  }
}

TEST(KeptTreesTest, TheLeastRecentlyUsedGoFirst) {
  const TempDirectory temp;
  KeptLimits limits;
  limits.directories = 3;
  for (const char* owner : {"a", "b", "c"}) keep(temp.path(), owner, owner, 1, limits);
  keep(temp.path(), "a", "a", 1, limits);
  keep(temp.path(), "d", "d", 1, limits);
  EXPECT_THAT(owners(temp.path()), ElementsAre("d", "a", "c"));
  limits.directories = 1;
  EXPECT_EQ(prune_kept(temp.path(), limits).directories, 2U);
  EXPECT_THAT(owners(temp.path()), ElementsAre("d"));
}

TEST(KeptTreesTest, NoMoreBytesAreKeptThanTheLimit) {
  const TempDirectory temp;
  KeptLimits limits;
  limits.bytes = 300'000;
  keep(temp.path(), "a", "a", 200'000, limits);
  keep(temp.path(), "b", "b", 1, limits);
  EXPECT_THAT(owners(temp.path()), ElementsAre("b", "a"));
  keep(temp.path(), "c", "c", 200'000, limits);
  EXPECT_THAT(owners(temp.path()), ElementsAre("c", "b"));
  keep(temp.path(), "d", "d", 400'000, limits);
  EXPECT_THAT(owners(temp.path()), ElementsAre("c", "b"));
}

TEST(KeptTreesTest, NothingIsKeptOnAFullDisk) {
  const TempDirectory temp;
  KeptLimits limits;
  limits.share_of_free = ~0U;
  keep(temp.path(), "a", "a", 1'000'000, limits);
  EXPECT_THAT(owners(temp.path()), IsEmpty());
  for (const fs::directory_entry& entry : fs::directory_iterator{temp.path()}) EXPECT_FALSE(entry.is_directory());
}

}  // namespace
}  // namespace nmz::orchestrator
