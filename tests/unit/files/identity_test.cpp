#include "nmz/files/identity.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "nmz/files/unique_fd.hpp"

#include "support/temp_directory.hpp"

namespace nmz::files {
namespace {

TEST(IdentityTest, IsWhatStatSays) {
  const support::TempDirectory temp;
  support::write_file(temp.path() / "file", "");
  support::write_file(temp.path() / "other", "");
  const UniqueFd file{::open((temp.path() / "file").c_str(), O_RDONLY | O_CLOEXEC)};
  const UniqueFd again{::open((temp.path() / "file").c_str(), O_PATH | O_CLOEXEC)};
  const UniqueFd other{::open((temp.path() / "other").c_str(), O_PATH | O_CLOEXEC)};
  struct stat status {};
  ASSERT_EQ(::fstat(file.get(), &status), 0);
  EXPECT_EQ(Identity::of(file.get()), (Identity{status.st_dev, status.st_ino}));
  EXPECT_TRUE(is_same(file.get(), again.get()));
  EXPECT_FALSE(is_same(file.get(), other.get()));
}

TEST(IdentityTest, WhatIsNotOpenHasNone) {
  EXPECT_FALSE(Identity::of(-1));
  EXPECT_FALSE(is_same(-1, -1));
}

}  // namespace
}  // namespace nmz::files
