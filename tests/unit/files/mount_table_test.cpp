#include "nmz/files/mount_table.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace nmz::files {
namespace {

TEST(MountTableTest, PathsAndTypes) {
  const auto found = mount_points(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "40 22 0:35 /a\\040- /mnt/me/my\\040server\\134x rw - fuse.sshfs host:/ rw,user_id=1\n"
      "nonsense\n"
      "41 22 0:36 / /mnt rw - nfs4 host:/x rw\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].path, "/");
  EXPECT_EQ(found[0].type, "ext4");
  EXPECT_EQ(found[1].path, "/mnt/me/my server\\x");
  EXPECT_EQ(found[1].type, "fuse.sshfs");
  EXPECT_FALSE(may_never_answer(found[0]));
  EXPECT_TRUE(may_never_answer(found[1]));
  EXPECT_TRUE(may_never_answer(found[2]));
}

TEST(MountTableTest, OfThisProcess) {
  const auto found = mount_points();
  EXPECT_TRUE(std::ranges::any_of(found, [](const MountPoint& mount) { return mount.path == "/"; }));
}

}  // namespace
}  // namespace nmz::files
