#include "nmz/sandbox/watch.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::sandbox {
namespace {

namespace fs = std::filesystem;
using support::write_file;
using testing::ElementsAre;
using testing::IsEmpty;

class WatchTest : public testing::Test {
 protected:
  WatchTest() {
    for (const char* file : {"tracked", "src/tracked", "src/object", "build/deep/object"}) {
      write_file(checkout / file, "x");
    }
    fs::create_directories(mask / "src");
    // The file systems' clock goes in steps of some milliseconds.
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }

  support::TempDirectory place{"watch"};
  fs::path checkout = place.path() / "checkout";
  fs::path mask = place.path() / "mask";
};

TEST_F(WatchTest, WhatDoesNotChangeIsNotTold) {
  Watch watch{checkout, {"src/object", "build/"}, mask};
  write_file(checkout / "tracked", "edited");
  EXPECT_THAT(watch.changes(), IsEmpty());
}

TEST_F(WatchTest, NamesThatComeAreHidden) {
  Watch watch{checkout, {"src/object", "build/"}, mask};
  write_file(checkout / "stranger", "x");
  write_file(checkout / "src/stranger", "x");
  watch.hide_new_names();
  EXPECT_TRUE(fs::is_character_file(mask / "stranger"));
  EXPECT_TRUE(fs::is_character_file(mask / "src/stranger"));
  EXPECT_FALSE(fs::exists(fs::symlink_status(mask / "src/object")));
  EXPECT_THAT(watch.changes(), ElementsAre("src/stranger", "stranger"));
}

TEST_F(WatchTest, UntrackedFilesThatChangeAreTold) {
  Watch watch{checkout, {"src/object", "build/"}, mask};
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  write_file(checkout / "build/deep/object", "y");
  fs::remove(checkout / "src/object");
  EXPECT_THAT(watch.changes(), ElementsAre("src/object", "build/"));
}

}  // namespace
}  // namespace nmz::sandbox
