// What of the agent cannot be seen from outside on this machine: a file system that takes two names for one.
#include "manifest.hpp"

#include <algorithm>
#include <filesystem>
#include <random>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "support/temp_directory.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

TEST(ManifestTest, TheSameFileUnderAnotherTrackedNameIsACollision) {
  const support::TempDirectory temp;
  support::write_file(temp.path() / "d/README", "");
  support::write_file(temp.path() / "untracked", "");
  const UniqueFd tree{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat readme {};
  struct stat untracked {};
  ASSERT_EQ(::fstatat(tree.get(), "d/README", &readme, 0), 0);
  ASSERT_EQ(::fstatat(tree.get(), "untracked", &untracked, 0), 0);
  Manifest manifest;
  manifest.record_file("d/README", Signature{readme, 0});
  EXPECT_TRUE(manifest.collides("d/readme", readme, tree.get())) << "as if 'readme' had led to 'README'";
  EXPECT_TRUE(manifest.collides("D/README", readme, tree.get())) << "the directories may be one as well";
  EXPECT_FALSE(manifest.collides("d/README", readme, tree.get())) << "it is the file itself";
  EXPECT_FALSE(manifest.collides("d/readme", untracked, tree.get()));
  readme.st_nlink = 2;
  EXPECT_FALSE(manifest.collides("d/readme", readme, tree.get())) << "a hard link that a test made";
  readme.st_nlink = 1;
  std::filesystem::rename(temp.path() / "d/README", temp.path() / "moved");
  EXPECT_FALSE(manifest.collides("moved", readme, tree.get())) << "moved there by a test";
}

TEST(ManifestTest, ADirectoryThatDiffersInCaseCollidesOnlyIfItIsTheSameOnDisk) {
  const support::TempDirectory temp;
  support::write_file(temp.path() / "Dir/f", "");
  support::write_file(temp.path() / "dir/f", "");
  const UniqueFd tree{::open(temp.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  Manifest manifest;
  manifest.record_file("Dir/f", Signature{});
  struct stat status {};
  ASSERT_EQ(::fstatat(tree.get(), "dir", &status, 0), 0);
  EXPECT_FALSE(manifest.collides("dir", status, tree.get()));
  ASSERT_EQ(::fstatat(tree.get(), "Dir", &status, 0), 0);
  EXPECT_TRUE(manifest.collides("dir", status, tree.get())) << "as if 'dir' had led to 'Dir'";
}

TEST(ManifestTest, ANameIsAFileOrADirectory) {
  Manifest manifest;
  manifest.record_file("a/b/c", Signature{});
  manifest.record_file("a/b", Signature{});
  EXPECT_EQ(manifest.find_file("a/b/c"), nullptr);
  EXPECT_NE(manifest.find_file("a/b"), nullptr);
  manifest.record_file("a/b/d", Signature{});
  EXPECT_EQ(manifest.find_file("a/b"), nullptr);
  EXPECT_NE(manifest.find_file("a/b/d"), nullptr);
}

TEST(ManifestTest, ForgettingTheLastFileForgetsItsDirectoriesUnlessTheyAreWanted) {
  Manifest manifest;
  manifest.record_directory("keep");
  manifest.record_file("keep/a/b", Signature{});
  manifest.record_file("go/a/b", Signature{});
  manifest.erase("keep/a/b");
  manifest.erase("go/a/b");
  manifest.erase("not/there");
  EXPECT_NE(manifest.find_directory("keep"), nullptr);
  EXPECT_EQ(manifest.find_directory("keep/a"), nullptr);
  EXPECT_EQ(manifest.find_directory("go"), nullptr);
}

TEST(ContentHashTest, DependsOnTheBytesAndNotOnHowTheyAreCut) {
  std::mt19937 random{1};  // NOLINT(cert-msc32-c,cert-msc51-cpp): repeatable on purpose
  std::string bytes(1000, '\0');
  for (char& byte : bytes) {
    byte = static_cast<char>(static_cast<unsigned char>(random()));
  }
  const auto hash = [](std::string_view whole, std::size_t longest_piece, std::mt19937& cut) {
    ContentHash result;
    while (!whole.empty()) {
      const std::size_t piece = std::min(1 + cut() % longest_piece, whole.size());
      result.add(whole.substr(0, piece));
      whole.remove_prefix(piece);
    }
    return result.value();
  };
  for (std::size_t size = 0; size < 40; ++size) {
    const auto whole = std::string_view{bytes}.substr(0, size);
    EXPECT_EQ(hash(whole, 1000, random), hash(whole, 3, random)) << size;
    EXPECT_NE(hash(whole, 1000, random), hash(std::string{whole} + '\0', 1000, random)) << size;
  }
  const auto original = hash(bytes, 100, random);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string other = bytes;
    other[i] = static_cast<char>(other[i] ^ 1);
    ASSERT_NE(hash(other, 100, random), original) << "byte " << i;
  }
}

}  // namespace
}  // namespace nmz::agent
