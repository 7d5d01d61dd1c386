// Old logs go, and nothing that could be somebody's.
#include "nmz/logs/pruning.hpp"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "nmz/logs/log_store.hpp"

#include "support/temp_directory.hpp"

namespace nmz::logs {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::system_clock;

constexpr hours day{24};

class PruningTest : public testing::Test {
 protected:
  PruningTest() { ::setenv("XDG_STATE_HOME", temp_.path().c_str(), 1); }

  static LogStore begin() {
    static int number = 0;
    return LogStore::open("", "run" + std::to_string(number++)).value();
  }
  /// A run that is over, and when its last file was written.
  static fs::path run(system_clock::duration age) {
    const LogStore store = begin();
    support::write_file(store.directory() / "one.log", "text");
    fs::create_directories(store.directory() / "deep/deeper");
    grow_old(store.directory(), age);
    return store.directory();
  }
  static void grow_old(const fs::path& directory, system_clock::duration age) {
    const auto when = system_clock::to_time_t(system_clock::now() - age);
    const timespec times[] = {{when, 0}, {when, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, directory.c_str(), static_cast<const timespec*>(times), 0), 0);
  }
  [[nodiscard]] fs::path place() const { return temp_.path() / "namazu-swarm"; }
  Pruned prune_to(std::size_t runs) {
    Retention retention;
    retention.runs = runs;
    return prune(place(), system_clock::now(), retention);
  }

  support::TempDirectory temp_{"pruning"};
};

TEST_F(PruningTest, OldRunsBeyondTheLastOnesGo) {
  const fs::path oldest = run(50 * day);
  const fs::path older = run(40 * day);
  const fs::path old = run(35 * day);
  EXPECT_EQ(prune_to(2).runs, 1U);
  EXPECT_FALSE(fs::exists(oldest));
  EXPECT_TRUE(fs::exists(older));
  EXPECT_TRUE(fs::exists(old));
}

TEST_F(PruningTest, FiftyAndThirtyDaysAreKept) {
  EXPECT_EQ(Retention{}.runs, 50U);
  EXPECT_EQ(Retention{}.age, 30 * day);
}

TEST_F(PruningTest, YoungRunsStayHoweverManyThereAre) {
  for (int i = 0; i < 5; ++i) run(i * day);
  const fs::path old = run(31 * day);
  EXPECT_EQ(prune_to(1).runs, 1U);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_EQ(kept_runs(place()).size(), 5U);
}

TEST_F(PruningTest, ARunThatGoesOnStays) {
  std::optional<LogStore> going_on{begin()};
  const fs::path directory = going_on->directory();
  grow_old(directory, 90 * day);
  ASSERT_EQ(kept_runs(place()).size(), 1U);
  EXPECT_TRUE(kept_runs(place())[0].going_on);
  EXPECT_EQ(prune_to(0).runs, 0U);
  EXPECT_TRUE(fs::exists(directory));
  going_on.reset();
  EXPECT_EQ(prune_to(0).runs, 1U);
  EXPECT_FALSE(fs::exists(directory));
}

TEST_F(PruningTest, WhatOnlyLooksLikeOneStays) {
  const fs::path ours = run(90 * day);
  const fs::path theirs = place() / "repo-20200101-120000-77";
  fs::create_directories(theirs);
  const fs::path copy = place() / "repo-20200101-120000-78";
  fs::copy(ours, copy, fs::copy_options::recursive);
  const fs::path renamed = place() / "precious";
  fs::rename(run(90 * day), renamed);
  const fs::path linked = place() / "linked";
  const fs::path elsewhere = temp_.path() / "elsewhere";
  fs::create_directories(elsewhere);
  support::write_file(elsewhere / "file", "text");
  fs::create_directory_symlink(elsewhere, linked);
  for (const fs::path& one : {theirs, copy, renamed}) grow_old(one, 90 * day);
  EXPECT_EQ(prune_to(0).runs, 1U);
  EXPECT_FALSE(fs::exists(ours));
  for (const fs::path& one : {theirs, copy / "one.log", renamed / "one.log", linked, elsewhere / "file"}) {
    EXPECT_TRUE(fs::exists(one)) << one;
  }
}

TEST_F(PruningTest, WhatTheUserNamesIsTheUsersFromThenOn) {
  const fs::path ours = run(90 * day);
  const fs::path named = temp_.path() / "named";
  { const auto store = LogStore::open(named.string(), ""); }
  { const auto again = LogStore::open(ours.string(), ""); }
  grow_old(ours, 90 * day);
  EXPECT_EQ(prune_to(0).runs, 0U);
  EXPECT_TRUE(fs::exists(ours / "one.log"));
  EXPECT_EQ(prune(temp_.path(), system_clock::now() + 90 * day, {0, hours{0}}).runs, 0U);
  EXPECT_TRUE(fs::exists(named));
}

TEST_F(PruningTest, TheNewestIsListedFirst) {
  run(2 * day);
  const std::string newest = run(1 * day).filename();
  EXPECT_EQ(kept_runs(place()).at(0).name, newest);
  EXPECT_EQ(kept_runs(place()).size(), 2U);
  EXPECT_TRUE(kept_runs(temp_.path() / "nothing").empty());
}

}  // namespace
}  // namespace nmz::logs
