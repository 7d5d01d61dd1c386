#include "options.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::nmzswarm {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

Options parsed(const Words& arguments) {
  const auto request = parse(arguments);
  if (!request) {
    ADD_FAILURE() << request.error().message;
    return Options{};
  }
  return request->options;
}

std::string complaint(const Words& arguments) {
  const auto request = parse(arguments);
  return request ? "" : request.error().message;
}

/// With a list and a command.
/// Calling a worker with a list.
Words funker(const Words& options) {
  Words words{"--orchestrator", "funker", "--workloads", "-"};
  if (std::ranges::find(options, "--endpoint") == options.end()) words.insert(words.end(), {"--endpoint", "worker"});
  words.insert(words.end(), options.begin(), options.end());
  return words;
}

Words local(Words options) {
  options.insert(options.begin(), {"--workloads", "list"});
  options.insert(options.end(), {"--", "sh"});
  return options;
}

TEST(OptionsTest, TheCommandLineThatWasPublished) {
  for (const std::string dash : {"-", "--"}) {
    const Options options =
        parsed({dash + "source", "dummy", dash + "replicas", "10", dash + "chunks", "3", dash + "target", "x",
                dash + "push", dash + "orchestrator", "docker", dash + "docker-stack", "n"});
    EXPECT_EQ(options.containers.image, "dummy");
    EXPECT_EQ(options.workers, 10U);
    EXPECT_TRUE(options.chunked);
    EXPECT_EQ(options.chunks, 3U);
    EXPECT_EQ(options.containers.target, "x");
    EXPECT_TRUE(options.containers.push);
    EXPECT_EQ(options.containers.kind, cluster::Kind::docker);
    EXPECT_EQ(options.containers.name, "n");
    EXPECT_THAT(options.command, IsEmpty());
  }
  EXPECT_EQ(parsed({"-source=dummy", "-replicas=10"}).workers, 10U);
}

TEST(OptionsTest, NothingButTheImageIsNeeded) {
  const Options options = parsed({"-source", "dummy"});
  EXPECT_EQ(options.workers, 0U);
  EXPECT_FALSE(options.chunked);
  EXPECT_FALSE(options.shuffle);
  EXPECT_EQ(options.timeout, milliseconds{0});
  EXPECT_EQ(options.kill_grace, milliseconds{2000});
  EXPECT_EQ(options.fail_fast, 0U);
  EXPECT_TRUE(options.use_history);
  EXPECT_EQ(options.log_limit, 256U << 20U);
  EXPECT_EQ(options.verbosity, view::Verbosity::normal);
  EXPECT_FALSE(options.containers.kind.has_value());
}

TEST(OptionsTest, TheCommandIsNotTouched) {
  const Words command{"./t", "--log", "foo", "%s", "", "a b", "'\"", "--", "-j", "--help", "[a,b]"};
  Words arguments{"--workloads", "list", "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  EXPECT_EQ(parsed(arguments).command, command);
}

TEST(OptionsTest, WorkersAndChunks) {
  EXPECT_EQ(parsed(local({"-j", "4"})).workers, 4U);
  EXPECT_EQ(parsed(local({"--jobs", "4", "--replicas", "5"})).workers, 5U);
  EXPECT_EQ(parsed(local({"--replicas", "auto"})).workers, 0U);
  const Options as_workers = parsed(local({"--chunks", "0"}));
  EXPECT_TRUE(as_workers.chunked);
  EXPECT_EQ(as_workers.chunks, 0U);
}

TEST(OptionsTest, FailFastNeedsNoNumber) {
  EXPECT_EQ(parsed(local({"--fail-fast"})).fail_fast, 1U);
  EXPECT_EQ(parsed(local({"--fail-fast=3"})).fail_fast, 3U);
  EXPECT_EQ(parsed(local({"--fail-fast", "-q"})).fail_fast, 1U);
}

TEST(OptionsTest, ASeedShuffles) {
  const Options options = parsed(local({"--seed", "0"}));
  EXPECT_TRUE(options.shuffle);
  EXPECT_EQ(options.seed, 0U);
  EXPECT_FALSE(parsed(local({"--shuffle"})).seed.has_value());
}

TEST(OptionsTest, ListsGrowAndExpressionsAreNotTouched) {
  const Options options =
      parsed(local({"--filter", "[ab]", "--filter", "x,y", "--exclude", "^c$", "--env", "A=[1,2]", "--env", "B="}));
  EXPECT_THAT(options.selection.filters, ElementsAre("[ab]", "x,y"));
  EXPECT_THAT(options.selection.excludes, ElementsAre("^c$"));
  EXPECT_THAT(options.environment, ElementsAre("A=[1,2]", "B="));
}

TEST(OptionsTest, WhatIsTheDefaultCanBeSaid) {
  const Options options = parsed(local({"--retries", "0", "--stress-cpu", "0", "--max-worker-restarts", "0"}));
  EXPECT_EQ(options.again.retries, 0U);
  EXPECT_EQ(options.max_worker_restarts, 0U);
  EXPECT_NE(complaint(local({"--replicas", "0"})), "");
}

TEST(OptionsTest, AnEmptyValueIsAVariableThatIsNotSet) {
  for (const std::string option : {"--source", "--image", "--target", "--junit", "--trace", "--json", "--env-file"}) {
    EXPECT_THAT(complaint(local({option, ""})), HasSubstr("empty value")) << option;
  }
  EXPECT_THAT(complaint({"--workloads", "", "--source", "x"}), HasSubstr("--workloads"));
  EXPECT_EQ(complaint(local({"--filter", "", "--fail-fast"})), "");
}

TEST(OptionsTest, AByteOrderMarkIsNoPartOfTheFirstName) {
  const support::TempDirectory directory{"env"};
  support::write_file(directory.path() / "file",
                      "\xEF\xBB\xBF"
                      "A=1\nB=2\n");
  EXPECT_THAT(parsed(local({"--env-file", (directory.path() / "file").string()})).environment,
              ElementsAre("A=1", "B=2"));
}

TEST(OptionsTest, AnEnvironmentFileIsReadAsDockerReadsIt) {
  const support::TempDirectory directory{"env"};
  const std::string file = directory.path() / "a file";
  ::setenv("NMZ_TEST_INHERITED", "here", 1);  // NOLINT(concurrency-mt-unsafe)
  support::write_file(file, "# comment\n\n  A=1 2\r\nB='q'\nNMZ_TEST_INHERITED\nNMZ_TEST_MISSING\n");
  EXPECT_THAT(parsed(local({"--env", "A=last", "--env-file", file})).environment,
              ElementsAre("A=1 2", "B='q'", "NMZ_TEST_INHERITED=here", "A=last"));
  support::write_file(file, "=x\n");
  EXPECT_THAT(complaint(local({"--env-file", file})), HasSubstr(file));
}

TEST(OptionsTest, Mounts) {
  const Options options = parsed({"--source", "i", "--mount", "type=bind,source=/a b,target=/c,readonly", "--mount",
                                  "src=data,dst=/data", "--mount", "type=tmpfs,destination=/t"});
  const auto& mounts = options.containers.mounts;
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[0].type, "bind");
  EXPECT_EQ(mounts[0].source, "/a b");
  EXPECT_EQ(mounts[0].target, "/c");
  EXPECT_TRUE(mounts[0].read_only);
  EXPECT_EQ(mounts[1].type, "volume");
  EXPECT_EQ(mounts[1].source, "data");
  EXPECT_FALSE(mounts[1].read_only);
  EXPECT_EQ(mounts[2].type, "tmpfs");
}

TEST(OptionsTest, LimitsOfAContainer) {
  const auto containers = parsed({"--source", "i", "--cpus", "1.5", "--memory", "512m"}).containers;
  EXPECT_EQ(containers.nano_cpus, 1'500'000'000);
  EXPECT_EQ(containers.memory, 512 << 20);
  EXPECT_EQ(parsed({"--source", "i", "--memory", "4096"}).containers.memory, 4096);
}

TEST(OptionsTest, WhatCannotBeMeantIsNamed) {
  struct Case {
    Words arguments;
    std::string named;
  };
  const std::string name_of_41(41, 'n');
  const std::vector<Case> cases = {
      {{}, "--source IMAGE"},
      {{"--", "sh", ":::", "a", ":::", "b"}, "only one :::"},
      {{"--workloads", "list", "--", "sh", ":::", "a"}, "--workloads and ::: exclude"},
      {{"--chunks", "2", "--", "sh", ":::", "a"}, "--chunks goes with"},
      {{"--workloads", "list", "--chunks", "2", "--", "sh", "{}"}, "--chunks goes with"},
      {{"--workloads", "list"}, "the command is missing"},
      {{"--workloads", "list", "--"}, "the command is missing"},
      {{"--workloads", "list", "--", ""}, "the command's name is empty"},
      {{"--workloads", "list", "sh", "--", "sh"}, "'sh'"},
      {{"--source"}, "--source"},
      {{"--source", "i", "--list"}, "--list needs --workloads"},
      {local({"--replicas", "0"}), "--replicas"},
      {local({"--replicas", "many"}), "'many'"},
      {local({"--replicas", "10001"}), "10000"},
      {local({"--chunks", "-1"}), "--chunks"},
      {local({"--chunks", "1x"}), "'1x'"},
      {local({"--seed", "x"}), "--seed"},
      {local({"--seed", "18446744073709551616"}), "--seed"},
      {local({"--shard", "0/2"}), "--shard"},
      {local({"--shard", "3/2"}), "--shard"},
      {local({"--shard", "1"}), "--shard"},
      {local({"--shard", "1/2/3"}), "--shard"},
      {local({"--timeout", "0"}), "--timeout"},
      {local({"--kill-grace", "soon"}), "--kill-grace"},
      {local({"--fail-fast=0"}), "--fail-fast"},
      {local({"--log-limit", "0"}), "--log-limit"},
      {local({"--env", "=x"}), "NAME=VALUE"},
      {local({"--env-file", "/nonexistent"}), "/nonexistent"},
      {local({"-q", "-v"}), "--quiet"},
      {local({"--no-such-option"}), "--no-such-option"},
      {local({"--target", "x"}), "needs --image IMAGE"},
      {local({"--host", "x"}), "--host"},
      {local({"--orchestrator", "docker"}), "--orchestrator docker needs"},
      {{"--source", "i", "--orchestrator", "local"}, "--orchestrator local has none"},
      {{"--source", "i", "--orchestrator", "nomad"}, "local, docker, swarm, kubernetes, funker; not 'nomad'"},
      {{"--orchestrator", "funker", "--workloads", "-"}, "needs --endpoint HOST:PORT"},
      {local({"--endpoint", "a"}), "--endpoint is for --orchestrator funker"},
      {funker({"--endpoint", "a:0"}), "--endpoint needs HOST:PORT[,HOST:PORT...], not 'a:0'"},
      {funker({"--source", "i"}), "those of --orchestrator funker are there already"},
      {funker({"--mount", "type=tmpfs,target=/a"}), "--mount says how workers are started"},
      {funker({"--isolate"}), "--isolate does not reach the workers of --orchestrator funker"},
      {funker({"--env", "A=b"}), "--env does not reach"},
      {funker({"--skip-code", "77"}), "--skip-code does not reach"},
      {funker({"--runner", "pytest"}), "--runner does not reach"},
      {funker({"--", "true"}), "have a command of their own"},
      {{"--source", "i", "--inject", "magic"}, "archive, config, image; not 'magic'"},
      {{"--source", "i", "-push"}, "--push needs --target"},
      {{"--source", "i", "-target", "i"}, "'i'"},
      {{"--source", "i", "-target", "x", "--inject", "archive"}, "--target"},
      {{"--source", "i", "--orchestrator", "docker", "--constraint", "a==b"}, "--constraint is for a Swarm"},
      {{"--source", "i", "--orchestrator", "docker", "--secret", "s"}, "--secret is for a Swarm"},
      {{"--source", "i", "--orchestrator", "docker", "--inject", "config"}, "--inject config"},
      {{"--source", "i", "--orchestrator", "swarm", "--inject", "archive"}, "--inject archive"},
      {{"--source", "i", "--docker-stack", "a b"}, "'a b'"},
      {{"--source", "i", "--docker-stack", "-a"}, "--docker-stack"},
      {{"--source", "i", "--docker-stack", name_of_41}, "at most 40"},
      {{"--source", "i", "--cpus", "0"}, "--cpus"},
      {{"--source", "i", "--cpus", "nan"}, "--cpus"},
      {{"--source", "i", "--memory", "-1"}, "--memory"},
      {{"--source", "i", "--memory", "1x"}, "--memory"},
      {{"--source", "i", "--memory", "9999999999g"}, "--memory"},
      {{"--source", "i", "--mount", ""}, "--mount"},
      {{"--source", "i", "--mount", "target=data"}, "absolute"},
      {{"--source", "i", "--mount", "type=bind,source=a,target=/a"}, "absolute"},
      {{"--source", "i", "--mount", "type=nfs,target=/a"}, "bind, volume or tmpfs"},
      {{"--source", "i", "--mount", "type=tmpfs,source=/a,target=/a"}, "tmpfs"},
      {{"--source", "i", "--mount", "/a:/b"}, "unknown field '/a:/b'"},
  };
  for (const Case& wrong : cases) {
    const std::string message = complaint(wrong.arguments);
    EXPECT_THAT(message, HasSubstr(wrong.named)) << testing::PrintToString(wrong.arguments);
    EXPECT_THAT(message, testing::Not(HasSubstr("\n")));
  }
}

TEST(OptionsTest, HelpAndVersionNeedNothingElse) {
  ASSERT_TRUE(parse({"--help"})->print);
  EXPECT_THAT(*parse({"--help"})->print, HasSubstr("nmzswarm -source dummy -replicas 10"));
  EXPECT_THAT(*parse({"--version"})->print, HasSubstr("nmzswarm "));
}

}  // namespace
}  // namespace nmz::nmzswarm
