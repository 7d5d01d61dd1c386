#include "mask.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.hpp"

namespace nmz::sandbox {
namespace {

namespace fs = std::filesystem;
using support::write_file;

/// "w" for a whiteout, "d" for a directory, of all that is in the layer.
std::map<std::string, std::string> layer(const fs::path& mask) {
  std::map<std::string, std::string> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{mask}) {
    struct stat status {};
    EXPECT_EQ(::lstat(entry.path().c_str(), &status), 0);
    const bool whiteout = S_ISCHR(status.st_mode) && status.st_rdev == 0;
    found[entry.path().lexically_relative(mask).string()] = whiteout ? "w" : entry.is_directory() ? "d" : "?";
  }
  return found;
}

TEST(MaskTest, HidesAllThatIsNotUntracked) {
  const support::TempDirectory place{"mask"};
  const fs::path checkout = place.path() / "checkout";
  for (const char* file : {".git/HEAD", "a", "src/a.c", "src/a.o", "src/deep/b.c", "src/deep/new/c", "docs/x/y",
                           "node_modules/m/index.js", ".env"}) {
    write_file(checkout / file, "x");
  }
  fs::create_directory(place.path() / "mask");
  const auto made = make_mask(checkout, {"src/a.o", "src/deep/new/", "node_modules/", ".env"}, place.path() / "mask");
  ASSERT_TRUE(made) << made.error().message;
  const std::map<std::string, std::string> expected{{".git", "w"},        {"a", "w"},       {"docs", "w"},
                                                    {"src", "d"},         {"src/a.c", "w"}, {"src/deep", "d"},
                                                    {"src/deep/b.c", "w"}};
  EXPECT_EQ(layer(place.path() / "mask"), expected);
}

/// git tells of none, and can track none.
TEST(MaskTest, FifosAndTheLikeAreSeen) {
  const support::TempDirectory place{"mask"};
  const fs::path checkout = place.path() / "checkout";
  for (const char* file : {"a", "src/a.c", "docs/x/y", "build/out"}) write_file(checkout / file, "x");
  fs::create_directories(checkout / "only/deep");
  for (const char* fifo : {"top", "docs/x/fifo", "only/deep/fifo", "build/fifo"}) {
    ASSERT_EQ(::mkfifo((checkout / fifo).c_str(), 0600), 0);
  }
  fs::create_directory(place.path() / "mask");
  ASSERT_TRUE(make_mask(checkout, {"build/"}, place.path() / "mask"));
  const std::map<std::string, std::string> expected{
      {"a", "w"}, {"src", "w"}, {"docs", "d"}, {"docs/x", "d"}, {"docs/x/y", "w"}, {"only", "d"}, {"only/deep", "d"}};
  EXPECT_EQ(layer(place.path() / "mask"), expected);
}

TEST(MaskTest, NothingUntrackedIsOneLayerOfWhiteouts) {
  const support::TempDirectory place{"mask"};
  write_file(place.path() / "checkout/dir/file", "x");
  fs::create_directory(place.path() / "mask");
  ASSERT_TRUE(make_mask(place.path() / "checkout", {}, place.path() / "mask"));
  const std::map<std::string, std::string> expected{{"dir", "w"}};
  EXPECT_EQ(layer(place.path() / "mask"), expected);
}

}  // namespace
}  // namespace nmz::sandbox
