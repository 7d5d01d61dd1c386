#include "nmz/files/contents.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.hpp"

namespace nmz::files {
namespace {

TEST(ContentsTest, AreAllOfARegularFile) {
  const support::TempDirectory temp;
  const std::filesystem::path file = temp.path() / "file";
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{16} << 10, std::size_t{100'000}}) {
    const std::string bytes(size, '\0');
    support::write_file(file, bytes);
    EXPECT_EQ(contents(file), bytes);
  }
  std::filesystem::create_symlink("file", temp.path() / "link");
  EXPECT_EQ(contents(temp.path() / "link")->size(), 100'000U);
  EXPECT_NE(contents("/proc/self/mountinfo").value_or(""), "") << "its size is 0";
}

TEST(ContentsTest, OfWhatIsNoFileAreNone) {
  const support::TempDirectory temp;
  EXPECT_FALSE(contents(temp.path() / "nothing"));
  EXPECT_FALSE(contents(temp.path()));
  EXPECT_FALSE(contents("/dev/zero"));
  ASSERT_EQ(::mkfifo((temp.path() / "fifo").c_str(), 0600), 0);
  EXPECT_FALSE(contents(temp.path() / "fifo")) << "and nobody has to write to it";
}

}  // namespace
}  // namespace nmz::files
