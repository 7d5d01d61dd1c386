// In a hook git has set variables that lead into the user's repository.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::HasSubstr;

constexpr const char* pushes_from_a_linked_worktree = R"sh(
set -eu
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
git init -q --bare remote.git
git init -q -b main repository
git -C repository commit -q --allow-empty -m one
git -C repository worktree add -q ../linked -b topic
cat > repository/.git/hooks/pre-push <<'HOOK'
#!/bin/sh
env | grep -q ^GIT_DIR= || exit 3
printf 'a\nb\nc\n' | "$SWARM" --workloads - -- sh -c '
  scratch=$(mktemp -d) && cd "$scratch" && git init -q . && git config nmz.test yes &&
  test "$(git rev-parse --absolute-git-dir)" = "$(pwd -P)/.git" && cd / && rm -rf "$scratch"'
HOOK
chmod +x repository/.git/hooks/pre-push
cp repository/.git/config before
git -C linked push ../remote.git topic
cmp before repository/.git/config
git -C remote.git rev-parse --verify -q topic
)sh";

TEST(HookTest, ATestThatMakesARepositoryDoesNotChangeTheOneThatIsPushed) {
  Swarm swarm;
  const support::Ended ended = swarm.shell(pushes_from_a_linked_worktree);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out + ended.err, HasSubstr("3 of 3 passed"));
}

TEST(HookTest, WhatIsAskedForIsSet) {
  Swarm swarm;
  swarm.environment = {"GIT_DIR=/elsewhere", "GIT_PUSH_OPTION_COUNT=1", "GIT_SSH=ssh"};
  EXPECT_EQ(swarm.run("a\n", {}, "test -z \"$GIT_DIR$GIT_PUSH_OPTION_COUNT\" && test $GIT_SSH = ssh").exit_code, 0);
  EXPECT_EQ(swarm.run("a\n", {"--env", "GIT_DIR"}, "test $GIT_DIR = /elsewhere").exit_code, 0);
}

}  // namespace
}  // namespace nmz::nmzswarm
