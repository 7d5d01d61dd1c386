// Objects that were cut off by a crash or a full disk: an error that names the file, never an endless reading.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/git/tree_stream.hpp"

#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using support::ScratchRepository;
using testing::AllOf;
using testing::HasSubstr;

class DamagedObjectTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  DamagedObjectTest() {
    scratch.add({support::ScratchCommit{{}, {{"file", std::string(5000, 'x') + "end\n"}, {"empty", ""}}}});
    const fs::path packs = scratch.path() / ".git/objects/pack";
    const fs::path aside = scratch.parent() / "aside";
    if (fs::exists(packs)) fs::rename(packs, aside);
    for (const auto& entry : fs::directory_iterator{aside}) {
      if (entry.path().extension() == ".pack") unpack(entry.path());
    }
  }

  void unpack(const fs::path& pack) const {
    support::Program program = support::git_program(scratch.path(), {"unpack-objects", "-q"});
    program.argv = {"sh", "-c", "exec git unpack-objects -q <\"$1\"", "sh", pack.string()};
    ASSERT_EQ(support::run_program(program).exit_code, 0);
  }

  [[nodiscard]] fs::path file_of(const std::string& revision) const {
    const std::string id = scratch.git({"rev-parse", revision});
    return scratch.path() / ".git/objects" / id.substr(0, 2) / id.substr(2);
  }

  /// The stream of the commit's tree, or why there is none.
  static Result<std::string> read(const fs::path& repository, const std::string& commit) {
    auto reader = ObjectReader::open(Repository::open(repository).value());
    if (!reader) return tl::unexpected{reader.error()};
    TreeRequest request;
    request.to = CommitId::parse(commit).value();
    auto stream = TreeStream::open(*reader, request);
    if (!stream) return tl::unexpected{stream.error()};
    std::string bytes;
    constexpr std::size_t all = 1U << 30U;
    if (const auto done = stream->next(bytes, all); !done) return tl::unexpected{done.error()};
    return bytes;
  }

  /// Cut at every length, and with one byte changed or too many.
  void expect_refused(const std::string& revision, const fs::path& repository) {
    const std::string commit = scratch.git({"rev-parse", "HEAD"});
    const fs::path object = file_of(revision);
    ASSERT_TRUE(fs::exists(object)) << "it is loose";
    const std::string whole = support::read_file(object);
    fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
    std::vector<std::string> damaged{whole + "x"};
    for (std::size_t length = 0; length < whole.size(); length += 1 + length / 4) {
      damaged.push_back(whole.substr(0, length));
    }
    damaged.push_back(whole);
    damaged.back().back() = static_cast<char>(~damaged.back().back());
    for (const std::string& bytes : damaged) {
      support::write_file(object, bytes);
      const auto text = read(repository, commit);
      ASSERT_FALSE(text) << bytes.size() << " of " << whole.size();
      EXPECT_THAT(text.error().message, AllOf(HasSubstr(object.string()), HasSubstr("is cut off or damaged")));
    }
    support::write_file(object, whole);
    EXPECT_TRUE(read(repository, commit));
  }

  ScratchRepository scratch;
};

TEST_F(DamagedObjectTest, OfAFile) { expect_refused("HEAD:file", scratch.path()); }
TEST_F(DamagedObjectTest, OfAnEmptyFile) { expect_refused("HEAD:empty", scratch.path()); }
TEST_F(DamagedObjectTest, OfATree) { expect_refused("HEAD^{tree}", scratch.path()); }

TEST_F(DamagedObjectTest, InAnAlternate) {
  const fs::path borrower = scratch.parent() / "borrower";
  ScratchRepository::git_in(scratch.parent(), {"clone", "--quiet", "--shared", scratch.path().string(), "borrower"});
  expect_refused("HEAD:file", borrower);
}

}  // namespace
}  // namespace nmz::git
