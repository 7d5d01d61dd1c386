// What a repository says of itself counts when the user has seen it and said so, and until it changes.
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/temp_directory.hpp"
#include "user.hpp"

namespace nmz::configured {
namespace {

namespace fs = std::filesystem;
using support::Ended;
using support::write_file;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class TrustTest : public testing::Test {
 protected:
  void SetUp() override { write_file(file(), says("6")); }
  [[nodiscard]] fs::path file() const { return user.top() / ".nmzconfig"; }
  static std::string says(const std::string& limit) {
    return "[nmz]\n command = test $(cat number) -lt " + limit + "\n timeout = 50s\n";
  }
  void is_used(const fs::path& directory = {}) const {
    const Ended ended = user.bisect({"v0.."}, directory);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, StartsWith(user.ids()[6])) << ended.err;
    EXPECT_THAT(ended.err, Not(HasSubstr("is not used")));
  }
  /// `why`: with its reason.
  void is_not_used(const std::string& why = "see nmzbisect trust") const {
    const Ended ended = user.bisect({"v0.."});
    EXPECT_EQ(ended.exit_code, 128);
    EXPECT_THAT(ended.err, AllOf(StartsWith("nmzbisect: " + file().string() + " is not used: " + why + "\n"),
                                 HasSubstr("the command is missing")));
  }
  /// On a terminal where `answer` is typed.
  [[nodiscard]] Ended on_terminal(const std::string& answer) const {
    return user.run({"script", "-qec", std::string{NMZ_NMZBISECT} + " trust", "/dev/null"}, {}, answer);
  }

  User user;
};

TEST_F(TrustTest, NothingOfItCountsBefore) {
  is_not_used();
  const Ended other = user.bisect({"v0..", "--", "sh", "-c", "test $(cat number) -lt 3"});
  EXPECT_EQ(other.exit_code, 0) << "and the search goes on: " << other.err;
  EXPECT_THAT(user.bisect({"config"}).out, Not(HasSubstr("timeout")));
  EXPECT_THAT(user.swarm({"--", "true"}, "a\n").err, HasSubstr("is not used"));
}

TEST_F(TrustTest, ItIsShownAndAskedForOnATerminal) {
  const Ended no = on_terminal("n\n");
  EXPECT_EQ(no.exit_code, 1);
  EXPECT_THAT(no.out, AllOf(HasSubstr("command = test $(cat number) -lt 6"), HasSubstr("[y/N]")));
  is_not_used();
  EXPECT_EQ(on_terminal("\n").exit_code, 1);
  is_not_used();
  EXPECT_EQ(on_terminal("y\n").exit_code, 0);
  is_used();
  const Ended piped = user.bisect({"trust"});
  EXPECT_THAT(piped.out, HasSubstr("is used already"));
}

TEST_F(TrustTest, WithoutATerminalOnlyWithTheWord) {
  const Ended asked = user.bisect({"trust"});
  EXPECT_EQ(asked.exit_code, 128);
  EXPECT_THAT(asked.err, HasSubstr("trust --yes"));
  is_not_used();
  EXPECT_EQ(user.bisect({"trust", "--yes"}, user.top() / "deep").exit_code, 0);
  is_used();
  is_used(user.top() / "deep");
}

TEST_F(TrustTest, AChangeEndsItAndSoDoesTheUser) {
  ASSERT_EQ(user.bisect({"trust", "--yes"}).exit_code, 0);
  write_file(file(), says("3"));
  is_not_used();
  write_file(file(), says("6"));
  is_used();
  ASSERT_EQ(user.bisect({"trust", "--revoke"}).exit_code, 0);
  is_not_used();
}

TEST_F(TrustTest, ItCountsForThisWorkTreeOnly) {
  ASSERT_EQ(user.bisect({"trust", "--yes"}).exit_code, 0);
  const fs::path clone = user.home() / "clone";
  user.git({"clone", "-q", user.top().string(), clone.string()});
  fs::copy_file(file(), clone / ".nmzconfig");
  EXPECT_THAT(user.bisect({"--dry-run", "v0.."}, clone).err, HasSubstr("is not used"));
}

TEST_F(TrustTest, ItStandsBetweenTheUserAndTheRepositorysOwnConfiguration) {
  ASSERT_EQ(user.bisect({"trust", "--yes"}).exit_code, 0);
  write_file(user.home() / ".gitconfig", "[nmz]\n timeout = 10s\n");
  EXPECT_EQ(user.bisect({"config", "timeout"}).out, "50s\n");
  EXPECT_THAT(user.bisect({"config"}).out, HasSubstr("tracked  " + file().string()));
  user.config({"nmz.timeout", "20s"});
  EXPECT_EQ(user.bisect({"config", "timeout"}).out, "20s\n");
}

TEST_F(TrustTest, NothingElseIsReadFromIt) {
  write_file(user.home() / "more", "[nmz]\n build = false\n");
  write_file(file(),
             says("6") + "[include]\n path = " + (user.home() / "more").string() + "\n[core]\n pager = false\n");
  ASSERT_EQ(user.bisect({"trust", "--yes"}).exit_code, 0);
  EXPECT_EQ(user.bisect({"config", "build"}).exit_code, 1);
  is_used();
}

TEST_F(TrustTest, WhatIsNoPlainFileIsNeverUsed) {
  fs::rename(file(), user.home() / "elsewhere");
  fs::create_symlink(user.home() / "elsewhere", file());
  is_not_used("it is a symbolic link");
  EXPECT_EQ(user.bisect({"trust", "--yes"}).exit_code, 128);
  fs::remove(file());
  write_file(file(), std::string(100'000, '#'));
  is_not_used("it is larger than 64 KiB");
  write_file(file(), "[nmz\n");
  const Ended broken = user.bisect({"trust", "--yes"});
  EXPECT_EQ(broken.exit_code, 128);
  EXPECT_THAT(broken.err, HasSubstr("bad config line 1"));
}

TEST_F(TrustTest, ARecordThatOthersCanWriteIsNone) {
  ASSERT_EQ(user.bisect({"trust", "--yes"}).exit_code, 0);
  is_used();
  for (const auto& record : fs::directory_iterator{user.home() / ".local/state/namazu-swarm/trusted"}) {
    fs::permissions(record, fs::perms::others_write, fs::perm_options::add);
  }
  is_not_used();
}

TEST_F(TrustTest, WhatItShowsCannotDriveTheTerminal) {
  write_file(file(), says("6") + "# \033[2J\033[1;1H harmless\n");
  const Ended shown = user.bisect({"trust", "--yes"});
  EXPECT_THAT(shown.out, AllOf(HasSubstr("harmless"), Not(HasSubstr("\033"))));
}

}  // namespace
}  // namespace nmz::configured
