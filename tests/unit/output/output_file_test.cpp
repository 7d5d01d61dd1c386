#include "nmz/output/output_file.hpp"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.hpp"

namespace nmz::output {
namespace {

namespace fs = std::filesystem;
using support::read_file;
using support::write_file;
using Way = OutputFile::Way;

class OutputFileTest : public testing::Test {
 protected:
  [[nodiscard]] const fs::path& directory() const { return temp_.path(); }
  [[nodiscard]] fs::path file() const { return directory() / "report.xml"; }
  static void write(const fs::path& file, const std::string& text) {
    auto out = OutputFile::open(file, Way::replaced);
    ASSERT_TRUE(out) << out.error().message;
    out->write(text);
    const auto done = out->commit();
    ASSERT_TRUE(done) << done.error().message;
  }

 private:
  support::TempDirectory temp_{"replaced"};
};

TEST_F(OutputFileTest, TheOldFileIsThereUntilTheNewOneIsComplete) {
  write_file(file(), "old");
  auto out = OutputFile::open(file(), Way::replaced);
  ASSERT_TRUE(out);
  out->write(std::string(1'000'000, 'x'));
  EXPECT_EQ(read_file(file()), "old");
  ASSERT_TRUE(out->commit());
  EXPECT_EQ(read_file(file()), std::string(1'000'000, 'x'));
  EXPECT_FALSE(fs::exists(file().string() + ".new"));
}

TEST_F(OutputFileTest, WithoutCommitNothingChanges) {
  {
    auto out = OutputFile::open(file(), Way::replaced);
    ASSERT_TRUE(out);
    out->write("half");
  }
  EXPECT_TRUE(fs::is_empty(directory()));
}

TEST_F(OutputFileTest, ALinkIsFollowed) {
  fs::create_directory(directory() / "other");
  write_file(directory() / "other" / "real.xml", "old");
  fs::create_symlink("other/real.xml", file());
  write(file(), "new");
  EXPECT_TRUE(fs::is_symlink(file()));
  EXPECT_EQ(read_file(directory() / "other" / "real.xml"), "new");
}

TEST_F(OutputFileTest, ADeviceIsWrittenNotReplaced) {
  write("/dev/null", "text");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_FALSE(fs::exists("/dev/null.new"));
}

TEST_F(OutputFileTest, AFullDiskIsTold) {
  auto out = OutputFile::open("/dev/full", Way::replaced);
  ASSERT_TRUE(out);
  out->write("text");
  const auto done = out->commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::retryable);
  EXPECT_THAT(done.error().message, testing::HasSubstr("'/dev/full'"));
}

TEST_F(OutputFileTest, WhatCannotBeMadeIsTold) {
  write_file(directory() / "plain", "");
  for (const fs::path& place : {directory() / "plain" / "report.xml", directory()}) {
    EXPECT_FALSE(check_output(place));
    const auto out = OutputFile::open(place, Way::replaced);
    ASSERT_FALSE(out);
    EXPECT_EQ(out.error().kind, ErrorKind::misconfigured);
    EXPECT_THAT(out.error().message, testing::HasSubstr("'" + place.string() + "'"));
  }
}

TEST_F(OutputFileTest, MissingFoldersAreMade) {
  const fs::path deep = directory() / "a" / "b" / "report.xml";
  EXPECT_TRUE(check_output(deep));
  EXPECT_TRUE(fs::is_empty(deep.parent_path())) << "nothing is left of the trial";
  fs::remove_all(directory() / "a");
  write(deep, "text");
  EXPECT_EQ(read_file(deep), "text");
}

TEST_F(OutputFileTest, WhatIsNamedLikeADraftIsSomebodys) {
  const fs::path other = directory() / "other";
  write_file(other, "theirs");
  fs::create_symlink("other", file().string() + ".new");
  write_file(file().string() + ".new2", "theirs");
  EXPECT_TRUE(check_output(file()));
  write(file(), "text");
  EXPECT_EQ(read_file(file()), "text");
  EXPECT_TRUE(fs::is_symlink(file().string() + ".new"));
  EXPECT_EQ(read_file(other), "theirs");
  EXPECT_EQ(read_file(file().string() + ".new2"), "theirs");
  EXPECT_FALSE(fs::exists(file().string() + ".new3"));
}

TEST_F(OutputFileTest, TheTrialLeavesAnEarlierReport) {
  write_file(file(), "old");
  EXPECT_TRUE(check_output(file()));
  EXPECT_EQ(read_file(file()), "old");
}

TEST_F(OutputFileTest, APipeIsNotOpenedForTheTrial) {
  ASSERT_EQ(::mkfifo(file().c_str(), 0600), 0);
  EXPECT_TRUE(check_output(file()));
}

TEST_F(OutputFileTest, WhatHappensCanBeFollowed) {
  auto out = OutputFile::open(file(), Way::straight);
  ASSERT_TRUE(out);
  out->write("line\n");
  out->flush();
  EXPECT_EQ(read_file(file()), "line\n");
  ASSERT_TRUE(out->commit());
  auto full = OutputFile::open("/dev/full", Way::straight);
  ASSERT_TRUE(full);
  full->write("line\n");
  full->flush();
  EXPECT_FALSE(full->commit());
}

TEST_F(OutputFileTest, TwoReportsCannotBeOneFile) {
  write_file(file(), "old");
  fs::create_symlink(file(), directory() / "link");
  const std::string plain = file();
  const std::string around = (directory() / "." / "report.xml").string();
  const std::string link = (directory() / "link").string();
  const std::string none;
  for (const std::string& other : {plain, around, link}) {
    const auto apart = check_apart({{"--json", plain}, {"--trace", none}, {"--junit", other}});
    ASSERT_FALSE(apart) << other;
    EXPECT_THAT(apart.error().message, testing::HasSubstr("--json and --junit name the same file"));
  }
  const std::string missing = (directory() / "missing").string();
  EXPECT_FALSE(check_apart({{"--json", missing}, {"--junit", missing}}));
  EXPECT_FALSE(check_apart({{"--json", standard_output}, {"--junit", standard_output}}));
  const std::string device = "/dev/null";
  EXPECT_TRUE(check_apart({{"--json", device}, {"--junit", device}, {"--trace", plain}, {"--debug-log", none}}));
}

}  // namespace
}  // namespace nmz::output
