// Where patched files are made: never in the user's directories.
#include "nmz/git/patches.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/git/repository.hpp"

#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PatchesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  PatchesTest() {
    scratch_.add_and_checkout({support::ScratchCommit{{}, {{"file", "one\n"}}}});
    support::write_file(scratch_.path() / "patches" / "mine", "of the user");
    support::write_file(scratch_.path() / "a.patch", "--- a/file\n+++ b/file\n@@ -1 +1 @@\n-one\n+two\n");
    const char* temporary = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
    temporary_ = temporary == nullptr ? "" : temporary;
    fs::current_path(scratch_.path());
  }
  ~PatchesTest() override {
    fs::current_path(before_);
    temporary_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", temporary_.c_str(), 1);
  }
  PatchesTest(const PatchesTest&) = delete;
  PatchesTest& operator=(const PatchesTest&) = delete;
  PatchesTest(PatchesTest&&) = delete;
  PatchesTest& operator=(PatchesTest&&) = delete;

  [[nodiscard]] Result<std::shared_ptr<const Patches>> create(const fs::path& place) const {
    return Patches::create(Repository::open(scratch_.path().string()).value(), {{"a.patch", ""}}, place);
  }
  [[nodiscard]] std::vector<std::string> users_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator{scratch_.path()}) names.push_back(entry.path().filename());
    return names;
  }

  fs::path before_ = fs::current_path();
  std::string temporary_;
  support::ScratchRepository scratch_;
};

TEST_F(PatchesTest, WithoutAPlaceForTemporaryFilesTheCurrentDirectoryIsNone) {
  for (const char* nowhere : {"/nonexistent", "/proc", "relative"}) {
    ::setenv("TMPDIR", nowhere, 1);
    const auto before = users_files();
    const auto made = create({});
    ASSERT_FALSE(made) << nowhere;
    EXPECT_THAT(made.error().message, HasSubstr("cannot make a directory for patched files"));
    EXPECT_THAT(users_files(), testing::UnorderedElementsAreArray(before)) << nowhere;
    EXPECT_EQ(support::read_file(scratch_.path() / "patches" / "mine"), "of the user");
  }
}

TEST_F(PatchesTest, WhatItMadeGoesWithItAndNothingElse) {
  const support::TempDirectory place;
  support::write_file(place.path() / "patches" / "other", "stays");
  {
    const auto made = create(place.path());
    ASSERT_TRUE(made) << made.error().message;
    const auto files = (*made)->files(CommitId::parse(scratch_.ids().front()).value());
    ASSERT_TRUE(files) << files.error().message;
    ASSERT_EQ(files->size(), 1U);
    EXPECT_EQ(files->front().content, "two\n");
  }
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator{place.path()}) left.push_back(entry.path().filename());
  EXPECT_THAT(left, testing::ElementsAre("patches"));
  EXPECT_EQ(support::read_file(place.path() / "patches" / "other"), "stays");
}

}  // namespace
}  // namespace nmz::git
