#include "nmz/logs/log_store.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/temp_directory.hpp"

namespace nmz::logs {
namespace {

namespace fs = std::filesystem;
using support::read_file;

const std::string commit(40, 'a');

class LogStoreTest : public testing::Test {
 protected:
  support::TempDirectory temp_;
  Result<LogStore> logs_ = LogStore::open((temp_.path() / "made here").string(), "title");
};

TEST_F(LogStoreTest, KeepsOneFileAnAttempt) {
  logs_->append(job::JobId{1}, commit, 1, "first ");
  logs_->append(job::JobId{1}, commit, 1, "attempt");
  logs_->append(job::JobId{2}, commit, 2, "second");
  const std::string first = logs_->close(job::JobId{1}, commit, 1, true);
  const std::string second = logs_->close(job::JobId{2}, commit, 2, true);
  EXPECT_EQ(read_file(first), "first attempt");
  EXPECT_EQ(read_file(second), "second");
  EXPECT_EQ(fs::path{first}.filename(), commit + ".log");
}

TEST_F(LogStoreTest, AnEmptyLogExistsToo) {
  const std::string path = logs_->close(job::JobId{1}, commit, 1, true);
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(read_file(path), "");
}

TEST_F(LogStoreTest, TheLogOfACancelledExecutionIsRemoved) {
  logs_->append(job::JobId{1}, commit, 1, "half");
  EXPECT_EQ(logs_->close(job::JobId{1}, commit, 1, false), "");
  EXPECT_FALSE(fs::exists(logs_->directory() / (commit + ".log")));
}

TEST_F(LogStoreTest, TroubleIsToldOnceAndCostsNothingElse) {
  fs::create_directories(logs_->directory() / (commit + ".log"));  // in the way
  logs_->append(job::JobId{1}, commit, 1, "text");
  logs_->append(job::JobId{1}, commit, 1, "text");
  EXPECT_THAT(logs_->take_trouble(), testing::HasSubstr("cannot write logs"));
  EXPECT_EQ(logs_->take_trouble(), "");
  EXPECT_EQ(logs_->close(job::JobId{1}, commit, 1, true), "");
}

TEST_F(LogStoreTest, WritesAWholeFileAtOnce) {
  ASSERT_TRUE(logs_->write("bisect.log", "one\n"));
  ASSERT_TRUE(logs_->write("bisect.log", "two\n"));
  EXPECT_EQ(read_file(logs_->directory() / "bisect.log"), "two\n");
  EXPECT_FALSE(fs::exists(logs_->directory() / "bisect.log.new"));
}

TEST_F(LogStoreTest, WhatIsNamedLikeADraftIsSomebodys) {
  support::write_file(logs_->directory() / "bisect.log.new", "theirs");
  ASSERT_TRUE(logs_->write("bisect.log", "one\n"));
  EXPECT_EQ(read_file(logs_->directory() / "bisect.log"), "one\n");
  EXPECT_EQ(read_file(logs_->directory() / "bisect.log.new"), "theirs");
}

TEST_F(LogStoreTest, ADirectoryIsOneRunsForAsLongAsItLasts) {
  const std::string place = logs_->directory().string();
  const auto second = LogStore::open(place, "title");
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message,
              testing::AllOf(testing::HasSubstr("another run"), testing::HasSubstr("--log-dir")));
  logs_ = LogStore::open((temp_.path() / "elsewhere").string(), "title");
  EXPECT_TRUE(LogStore::open(place, "title"));
}

// Two runs in worlds of their own have one process id.
TEST_F(LogStoreTest, RunsOfOneMomentHaveDirectoriesOfTheirOwn) {
  ::setenv("XDG_STATE_HOME", temp_.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  const auto one = LogStore::open("", "title");
  const auto other = LogStore::open("", "title");
  ::unsetenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe)
  ASSERT_TRUE(one && other);
  EXPECT_NE(one->directory(), other->directory());
}

TEST_F(LogStoreTest, APlaceThatCannotBeUsedIsNamed) {
  std::ofstream{temp_.path() / "file"} << "in the way";
  const auto logs = LogStore::open((temp_.path() / "file" / "logs").string(), "title");
  ASSERT_FALSE(logs);
  EXPECT_THAT(logs.error().message, testing::HasSubstr("--log-dir"));
}

TEST_F(LogStoreTest, APlaceThatTakesNoFilesIsRefusedBeforeAnythingRuns) {
  const auto logs = LogStore::open("/proc", "title");
  ASSERT_FALSE(logs);
  EXPECT_THAT(logs.error().message, testing::StartsWith("cannot keep logs in '/proc': "));
}

TEST_F(LogStoreTest, APlaceThatTakesNoBytesIsRefusedAndLeftAsItWas) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit nothing{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &nothing), 0);
  const fs::path place = temp_.path() / "full";
  const auto logs = LogStore::open(place.string(), "title");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  static_cast<void>(std::signal(SIGXFSZ, handler));
  ASSERT_FALSE(logs);
  EXPECT_THAT(logs.error().message, testing::HasSubstr("--log-dir"));
  EXPECT_TRUE(fs::is_empty(place));
}

}  // namespace
}  // namespace nmz::logs
