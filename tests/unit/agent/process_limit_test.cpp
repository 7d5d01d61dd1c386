// What the kernel counts is read from files that stand for it, so that both versions of cgroups are tested anywhere;
// limit_test.cpp has the kernel itself count, where it may be asked to.
#include "process_limit.hpp"

#include <string>

#include <gmock/gmock.h>

#include "support/temp_directory.hpp"

namespace nmz::agent {
namespace {

using ::testing::HasSubstr;

/// Of either version: a command is believed to have failed for want of memory when the count of its cgroup has risen.
TEST(ProcessLimitTest, TheCountOfACgroupIsReadWhereverItIs) {
  struct Layout {
    std::string membership;
    std::string file;
    std::string before;
    std::string after;
  };
  const std::string other = "low 0\nmax 5\noom 7\noom_kill_group 9\n";
  for (const Layout& layout :
       {Layout{"0::/a/b\n", "/a/b/memory.events", other + "oom_kill 3\n", other + "oom_kill 4\n"},
        Layout{"0::/host/only\n", "/memory.events", other + "oom_kill 0\n", other + "oom_kill 1\n"},
        Layout{"9:pids:/x\n4:memory:/a\n0::/\n", "/memory/a/memory.oom_control", "under_oom 0\noom_kill 0\n",
               "under_oom 0\noom_kill 2\n"}}) {
    const support::TempDirectory root{"cgroup"};
    const std::string file = root.path().string() + "/sys/fs/cgroup" + layout.file;
    support::write_file(root.path() / "proc/self/cgroup", layout.membership);
    support::write_file(file, layout.before);
    const ProcessLimit limit{root.path().string()};
    EXPECT_EQ(limit.met({}), "") << layout.file;
    support::write_file(file, layout.after);
    EXPECT_THAT(limit.met({}), HasSubstr("not enough memory")) << layout.file;
  }
}

}  // namespace
}  // namespace nmz::agent
