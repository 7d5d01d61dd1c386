#include "replaced_file.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.hpp"

namespace nmz::report {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::write_file;

class ReplacedFileTest : public testing::Test {
 protected:
  [[nodiscard]] const fs::path& directory() const { return temp_.path(); }
  [[nodiscard]] fs::path file() const { return directory() / "report.xml"; }
  static void write(const fs::path& file, const std::string& text) {
    auto out = ReplacedFile::open(file);
    ASSERT_TRUE(out) << out.error().message;
    out->write(text);
    const auto done = out->commit();
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  support::TempDirectory temp_{"replaced"};
};

TEST_F(ReplacedFileTest, TheOldFileIsThereUntilTheNewOneIsComplete) {
  write_file(file(), "old");
  auto out = ReplacedFile::open(file());
  ASSERT_TRUE(out);
  out->write(std::string(1'000'000, 'x'));
  EXPECT_EQ(read_file(file()), "old");
  ASSERT_TRUE(out->commit());
  EXPECT_EQ(read_file(file()), std::string(1'000'000, 'x'));
  EXPECT_FALSE(fs::exists(file().string() + ".new"));
}

TEST_F(ReplacedFileTest, WithoutCommitNothingChanges) {
  {
    auto out = ReplacedFile::open(file());
    ASSERT_TRUE(out);
    out->write("half");
  }
  EXPECT_TRUE(fs::is_empty(directory()));
}

TEST_F(ReplacedFileTest, ALinkIsFollowed) {
  fs::create_directory(directory() / "other");
  write_file(directory() / "other" / "real.xml", "old");
  fs::create_symlink("other/real.xml", file());
  write(file(), "new");
  EXPECT_TRUE(fs::is_symlink(file()));
  EXPECT_EQ(read_file(directory() / "other" / "real.xml"), "new");
}

TEST_F(ReplacedFileTest, ADeviceIsWrittenNotReplaced) {
  write("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(fs::exists("/dev/null.new"));
}

TEST_F(ReplacedFileTest, AFullDiskIsTold) {
  auto out = ReplacedFile::open("/dev/full");
  ASSERT_TRUE(out);
  out->write("text");
  const auto done = out->commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::retryable);
  EXPECT_THAT(done.error().message, testing::HasSubstr("'/dev/full'"));
}

TEST_F(ReplacedFileTest, WhatCannotBeMadeIsTold) {
  for (const fs::path& place : {directory() / "missing" / "report.xml", directory()}) {
    const auto out = ReplacedFile::open(place);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(out.error().message, testing::HasSubstr("'" + place.string() + "'"));
  }
}

}  // namespace
}  // namespace nmz::report
