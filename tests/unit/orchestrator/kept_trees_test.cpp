#include "nmz/orchestrator/kept_trees.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/orchestrator/run_directory.hpp"

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
