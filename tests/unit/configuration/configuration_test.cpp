// What git says of nmz.*, from every place that it can stand in.
#include "nmz/configuration/configuration.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_repository.hpp"
#include "support/temp_directory.hpp"

namespace nmz::configuration {
namespace {

namespace fs = std::filesystem;
using support::write_file;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A repository, a user and a system of the test's own.
class ConfigurationTest : public testing::Test {
 protected:
  void SetUp() override {
    support::adopt_git_environment();
    set("HOME", home());
    set("GIT_CONFIG_NOSYSTEM", "0");
    set("GIT_CONFIG_SYSTEM", system());
    ::unsetenv("GIT_CONFIG_GLOBAL");  // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("XDG_CONFIG_HOME");    // NOLINT(concurrency-mt-unsafe)
    fs::create_directory(home());
  }
  void TearDown() override { ::unsetenv("GIT_CONFIG_COUNT"); }  // NOLINT(concurrency-mt-unsafe)

  static void set(const char* name, const std::string& value) {
    ::setenv(name, value.c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  [[nodiscard]] fs::path home() const { return repository.parent() / "home"; }
  [[nodiscard]] fs::path system() const { return repository.parent() / "system"; }

  /// "SCOPE KEY=VALUE", or the message.
  static std::vector<std::string> lines(const fs::path& directory) {
    const auto values = read(directory.string());
    if (!values) return {values.error().message};
    std::vector<std::string> text;
    for (const Value& one : *values) text.push_back(one.scope + ' ' + one.key + '=' + one.value);
    return text;
  }

  support::ScratchRepository repository;
};

TEST_F(ConfigurationTest, EveryPlaceIsReadAndTheNearestIsLast) {
  repository.add_and_checkout({{{}, {{"a", "1"}}}});
  write_file(system(), "[nmz]\n jobs = 1\n");
  write_file(home() / ".gitconfig", "[nmz]\n jobs = 2\n Time-Out = 5m\n[core]\n pager = no\n");
  repository.git({"config", "nmz.jobs", "3"});
  repository.git({"config", "nmz.bisect.jobs", "4"});
  repository.git({"config", "extensions.worktreeConfig", "true"});
  const fs::path linked = repository.parent() / "linked";
  repository.git({"worktree", "add", "-q", linked.string()});
  support::ScratchRepository::git_in(linked, {"config", "--worktree", "nmz.jobs", "5"});
  set("GIT_CONFIG_COUNT", "1");
  set("GIT_CONFIG_KEY_0", "nmz.jobs");
  set("GIT_CONFIG_VALUE_0", "6");
  EXPECT_THAT(lines(linked),
              ElementsAre("system nmz.jobs=1", "global nmz.jobs=2", "global nmz.time-out=5m", "local nmz.jobs=3",
                          "local nmz.bisect.jobs=4", "worktree nmz.jobs=5", "command nmz.jobs=6"));
  EXPECT_THAT(lines(home()),
              ElementsAre("system nmz.jobs=1", "global nmz.jobs=2", "global nmz.time-out=5m", "command nmz.jobs=6"))
      << "without a repository";
}

TEST_F(ConfigurationTest, AnOriginIsAPathThatMeansTheSameFromEverywhere) {
  repository.add_and_checkout({{{}, {{"deep/below/a", "1"}}}});
  write_file(repository.path() / "more", "[nmz]\n timeout = 2s\n");
  repository.git({"config", "nmz.jobs", "3"});
  repository.git({"config", "include.path", "../more"});
  const auto values = read((repository.path() / "deep" / "below").string());
  ASSERT_TRUE(values.has_value());
  ASSERT_EQ(values->size(), 2U);
  EXPECT_EQ(values->at(0).origin, "file:" + (repository.path() / ".git" / "config").string());
  EXPECT_EQ(values->at(1).origin, "file:" + (repository.path() / "more").string());
}

TEST_F(ConfigurationTest, ValuesAreWhatTheyAreWithNewlinesAndWithout) {
  repository.git({"config", "nmz.build", "make\nmake install"});
  write_file(home() / ".gitconfig", "[nmz]\n clean\n empty =\n overlay = a\n overlay = b\n overlay =\n overlay = c\n");
  const auto values = read(repository.path().string());
  ASSERT_TRUE(values.has_value());
  EXPECT_EQ(last(*values, "nmz.build"), "make\nmake install");
  EXPECT_EQ(last(*values, "nmz.clean"), "true") << "alone";
  EXPECT_TRUE(values->front().alone);
  EXPECT_EQ(last(*values, "nmz.empty"), "");
  EXPECT_EQ(last(*values, "nmz.overlay"), "c");
  EXPECT_THAT(all(*values, "nmz.overlay"), ElementsAre("c")) << "an empty one takes back what was before";
  EXPECT_EQ(last(*values, "nmz.jobs"), std::nullopt);
  EXPECT_THAT(all(*values, "nmz.jobs"), IsEmpty());
}

TEST_F(ConfigurationTest, AFileThatIsNoneIsToldWithItsLine) {
  write_file(home() / ".gitconfig", "[nmz]\n jobs = 2\n[nmz\n");
  EXPECT_THAT(lines(repository.path()),
              ElementsAre(AllOf(HasSubstr("bad config line 3"), HasSubstr((home() / ".gitconfig").string()))));
}

TEST_F(ConfigurationTest, WithoutGitNothingIsConfigured) {
  const std::string path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe)
  set("PATH", home());
  const auto values = lines(repository.path());
  set("PATH", path);
  EXPECT_THAT(values, IsEmpty());
}

}  // namespace
}  // namespace nmz::configuration
