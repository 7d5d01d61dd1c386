// What is said once in git's configuration holds for both programs; the command line wins; and what holds is shown.
#include <filesystem>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nmz/configuration/keys.hpp"

#include "support/temp_directory.hpp"
#include "user.hpp"

namespace nmz::configured {
namespace {

namespace fs = std::filesystem;
using support::Ended;
using support::write_file;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* below_six = "test $(cat number) -lt 6";

class ConfiguredTest : public testing::Test {
 protected:
  void finds(const Ended& ended) const {
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, StartsWith(user.ids()[6] + " is the first bad commit")) << ended.err;
  }
  /// The value, as `config KEY` says it; the message where it is not set.
  [[nodiscard]] std::string value(const std::string& key, const fs::path& directory = {}) const {
    const Ended ended = user.bisect({"config", key}, directory);
    EXPECT_EQ(ended.exit_code, ended.out.empty() ? 1 : 0) << ended.err;
    return ended.out.empty() ? ended.err : ended.out.substr(0, ended.out.size() - 1);
  }

  User user;
};

TEST_F(ConfiguredTest, TheWholeSearchCanBeSaidOnce) {
  user.config({"nmz.command", below_six});
  finds(user.bisect({"v0.."}));
  finds(user.bisect({"-C", user.top().string(), "v0.."}, user.home()));
  user.config({"nmz.good", "v0"});
  finds(user.bisect({}));
  finds(user.bisect({}, user.top() / "deep"));  // at the top, as git's aliases
  user.config({"nmz.path", "number"});
  finds(user.bisect({}, user.top() / "deep"));
  finds(user.bisect({user.ids()[4] + ".." + user.ids()[7]}));
  const Ended given = user.bisect({"--", "sh", "-c", "test $(cat number) -lt 3"});
  EXPECT_THAT(given.out, StartsWith(user.ids()[3])) << given.err << "the command line wins";
  EXPECT_EQ(user.bisect({"--no-config"}).exit_code, 128);
}

TEST_F(ConfiguredTest, TheEndsOfARangeReplaceThoseThatAreConfigured) {
  user.config({"nmz.command", below_six});
  user.config({"nmz.good", user.ids()[8]});
  user.config({"nmz.bad", user.ids()[9]});
  finds(user.bisect({"v0.." + user.ids()[7]}));
  finds(user.bisect({"--good", "v0"}));
}

TEST_F(ConfiguredTest, WhatIsNearerCountsAndTheProgramsOwnKeyCountsMost) {
  write_file(user.system(), "[nmz]\n timeout = 1m\n jobs = 1\n build = true\n");
  write_file(user.home() / ".gitconfig", "[nmz]\n timeout = 2m\n jobs = 2\n[nmz \"bisect\"]\n build = :\n");
  user.config({"nmz.timeout", "3m"});
  user.config({"nmz.build", "false"});
  user.config({"extensions.worktreeConfig", "true"});
  const fs::path linked = user.home() / "linked";
  user.git({"worktree", "add", "-q", "--detach", linked.string()});
  support::ScratchRepository::git_in(linked, {"config", "--worktree", "nmz.timeout", "4m"});
  EXPECT_EQ(value("nmz.timeout"), "3m");
  EXPECT_EQ(value("timeout", linked), "4m");
  EXPECT_EQ(value("timeout", user.home()), "2m");
  EXPECT_EQ(value("jobs"), "2");
  EXPECT_EQ(value("build"), ":") << "nmz.bisect.build";
  EXPECT_EQ(user.run({NMZ_NMZSWARM, "config", "--json", "jobs"}).out,
            "{\"key\":\"nmz.jobs\",\"value\":\"2\",\"scope\":\"global\",\"origin\":\"file:" +
                (user.home() / ".gitconfig").string() + "\"}\n");
  const Ended all = user.bisect({"config"});
  EXPECT_THAT(all.out, HasSubstr("nmz.timeout       3m  local    " + (user.top() / ".git/config").string() + "\n"));
  EXPECT_THAT(all.out, HasSubstr("nmz.bisect.build  :   global   " + (user.home() / ".gitconfig").string() + "\n"));
}

TEST_F(ConfiguredTest, GitsOwnCommandLineIsTheNearest) {
  user.config({"nmz.command", "exit 1"});
  user.config({"nmz.clean", "true"});
  const std::string alias = "alias.find=!" + std::string{NMZ_NMZBISECT};
  finds(user.run({"git", "-c", alias, "-c", std::string{"nmz.command="} + below_six, "find", "v0.."}));
  const Ended shown = user.run({"git", "-c", alias, "-c", "nmz.clean=false", "find", "config"});
  EXPECT_THAT(shown.out, HasSubstr("nmz.clean    false   command  "));
}

TEST_F(ConfiguredTest, ConfiguredTestsMeetNoConfigurationOfGits) {
  user.config({"nmz.jobs", "1"});
  const std::string alias = "alias.find=!" + std::string{NMZ_NMZBISECT};
  finds(user.run(
      {"git", "-c", alias, "-c", "nmz.keep-going", "find", "v0..", "--", "sh", "-c",
       "test -z \"$(env | grep -E '^GIT_CONFIG_(COUNT|PARAMETERS|KEY)')\" || exit 125; test $(cat number) -lt 6"}));
}

TEST_F(ConfiguredTest, AWrongValueIsToldWithItsKeyAndItsFile) {
  write_file(user.home() / ".gitconfig", "[nmz]\n timeout = soon\n");
  const Ended ended = user.bisect({"v0..", "--", "true"});
  EXPECT_EQ(ended.exit_code, 128);
  EXPECT_THAT(ended.err, AllOf(StartsWith("nmzbisect: nmz.timeout needs a positive time"), HasSubstr("'soon'"),
                               HasSubstr("(from " + (user.home() / ".gitconfig").string() + ")")));
  EXPECT_EQ(user.bisect({"--timeout", "5s", "--dry-run", "v0.."}).exit_code, 0) << "the command line wins";
  EXPECT_EQ(user.bisect({"--no-timeout", "--dry-run", "v0.."}).exit_code, 0);
  write_file(user.home() / ".gitconfig", "[nmz]\n mount = nonsense\n clean = perhaps\n jobs\n");
  EXPECT_THAT(user.bisect({"--no-clean", "--no-jobs", "v0.."}).err, HasSubstr("(nmz.mount, from "));
  EXPECT_THAT(user.bisect({"v0.."}).err, HasSubstr("nmz.clean needs true or false, not 'perhaps' (from "));
  EXPECT_THAT(user.bisect({"--no-clean", "v0.."}).err, HasSubstr("nmz.jobs has no value (from "));
  write_file(user.home() / ".gitconfig", "[nmz\n");
  const Ended broken = user.bisect({"v0.."});
  EXPECT_EQ(broken.exit_code, 128);
  EXPECT_THAT(broken.err, HasSubstr("bad config line 1 in file " + (user.home() / ".gitconfig").string()));
}

TEST_F(ConfiguredTest, AKeyThatIsNoneIsToldOnceWithTheOneThatWasMeant) {
  user.config({"nmz.tiemout", "3"});
  user.config({"nmz.bisect.jbos", "3"});
  user.config({"nmz.orchester.x", "3"});
  for (const char* known : {"nmz.junit", "nmz.budget", "nmz.swarm.repeat", "nmz.logLines"}) user.config({known, "1"});
  const Ended ended = user.bisect({"--dry-run", "v0.."});
  EXPECT_EQ(ended.exit_code, 0);
  const std::string in = " in " + (user.top() / ".git/config").string();
  EXPECT_EQ(ended.err, "nmzbisect: unknown key nmz.tiemout" + in + "; did you mean nmz.timeout?\n" +
                           "nmzbisect: unknown key nmz.bisect.jbos" + in + "; did you mean nmz.bisect.jobs?\n" +
                           "nmzbisect: unknown key nmz.orchester.x" + in + "\n");
}

TEST_F(ConfiguredTest, WhatDoesNotGoWithTheCommandLineIsLeftOut) {
  user.config({"nmz.overlay", "number"});
  user.config({"nmz.image", "busybox"});
  user.config({"nmz.with", "x"});
  user.config({"nmz.network", "none"});
  user.config({"nmz.retries", "2"});
  user.config({"nmz.confirm", "true"});
  const std::string where = " (" + (user.top() / ".git/config").string() + ") is left out: ";
  const std::vector<std::string> command{"v0..", "--", "sh", "-c", below_six};
  const auto with = [&](std::vector<std::string> options) {
    options.insert(options.end(), command.begin(), command.end());
    return user.bisect(options);
  };
  const Ended local = with({"--orchestrator", "local", "--pristine", "--no-confirm"});
  finds(local);
  EXPECT_THAT(local.err, HasSubstr("nmz.overlay" + where + "--pristine and --overlay exclude each other\n"));
  EXPECT_THAT(local.err, HasSubstr("nmz.image" + where + "--image is for containers; --orchestrator local has none\n"));
  EXPECT_THAT(local.err, HasSubstr("nmz.with" + where));
  EXPECT_THAT(local.err, Not(HasSubstr("network"))) << "it says nothing about local workers";
  finds(with({"--no-image", "--no-with", "--no-overlay"}));
  finds(with({"--no-config"}));
  user.config({"--unset", "nmz.image"});
  const Ended hunt = user.swarm({"--repeat", "2", "--", "true"}, "a\n");
  EXPECT_EQ(hunt.exit_code, 0) << hunt.err;
  EXPECT_THAT(hunt.err, HasSubstr("nmz.retries" + where));
}

TEST_F(ConfiguredTest, OfTwoThatAreConfiguredTheNearerOneStays) {
  write_file(user.home() / ".gitconfig", "[nmz]\n pristine\n quiet\n");
  user.config({"nmz.overlay", "number"});
  user.config({"nmz.command", "test $(cat number) -lt 100"});
  const Ended ended = user.bisect({"v0.."});
  EXPECT_THAT(ended.err, HasSubstr("nmz.pristine (" + (user.home() / ".gitconfig").string() + ") is left out: "));
  EXPECT_EQ(ended.exit_code, 1) << "today's number is good at every commit";
}

TEST_F(ConfiguredTest, NmzswarmHasItsOwnCommand) {
  user.config({"nmz.command", "exit 1"});
  EXPECT_THAT(user.swarm({}, "a\n").err, HasSubstr("the command is missing")) << "nmz.command tests commits";
  user.config({"nmz.swarm.command", "test \"$NMZ_WORKLOAD$X\" = a1"});
  user.config({"nmz.env", "X=1"});
  EXPECT_EQ(user.swarm({}, "a\n").exit_code, 0);
  EXPECT_EQ(user.swarm({"--env", "X=2"}, "a\n").exit_code, 1) << "a list on the command line replaces";
  user.config({"nmz.fail-fast", "1"});
  user.config({"--add", "nmz.env", "Y=2"});
  EXPECT_EQ(user.swarm({"-j1"}, "a\n").exit_code, 0) << "lists collect";
}

TEST_F(ConfiguredTest, TheCommandsBesideTheRunsLookWhereTheRunsAre) {
  user.config({"nmz.history", "~/durations"});
  user.config({"nmz.suite", "another"});
  user.config({"nmz.host", "tcp://engine.invalid"});
  EXPECT_EQ(user.run({NMZ_NMZSWARM, "--workloads", "-", "--", "true"}, {}, "a\n").exit_code, 0);
  EXPECT_THAT(user.run({NMZ_NMZSWARM, "history"}).out, HasSubstr(" true\n")) << "and not the suite of the hooks";
  EXPECT_THAT(user.run({NMZ_NMZSWARM, "gc"}).err, HasSubstr("engine.invalid"));
}

TEST_F(ConfiguredTest, OfAFileTheHomeIsMeantAsInAShell) {
  user.config({"nmz.log-dir", "~/logs"});
  finds(user.bisect({"v0..", "--", "sh", "-c", below_six}));
  EXPECT_TRUE(fs::exists(user.home() / "logs" / "bisect.log"));
}

/// The long options of a help page.
std::set<std::string> options_of(const User& user, const char* program) {
  std::set<std::string> options;
  std::istringstream lines{user.run({program, "--help"}).out};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  -")) continue;
    std::string names;
    std::istringstream{line} >> names;
    std::istringstream list{names};
    for (std::string name; std::getline(list, name, ',');) {
      if (name.starts_with("--")) options.insert(name.substr(2));
    }
  }
  return options;
}

TEST_F(ConfiguredTest, EachProgramKnowsTheOthersOptions) {
  const auto bisect = options_of(user, NMZ_NMZBISECT);
  const auto swarm = options_of(user, NMZ_NMZSWARM);
  std::vector<std::string> only;
  std::ranges::set_difference(bisect, swarm, std::back_inserter(only));
  EXPECT_THAT(configuration::options_of("bisect"), testing::UnorderedElementsAreArray(only));
  only.clear();
  std::ranges::set_difference(swarm, bisect, std::back_inserter(only));
  EXPECT_THAT(configuration::options_of("swarm"), testing::UnorderedElementsAreArray(only));
}

}  // namespace
}  // namespace nmz::configured
