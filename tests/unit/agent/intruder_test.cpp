// What a test that runs as the same user can see of its agent: nothing. (Root may look into every process of the
// machine: there is nothing to be tried as root but in a container, see ContainersTest.)
#include <filesystem>
#include <string>

#include <gmock/gmock.h>

#include "worker.hpp"

namespace nmz::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class IntruderTest : public ::testing::Test {
 protected:
  IntruderTest() {
    std::filesystem::copy_file(NMZ_INTRUDER, program());
    std::filesystem::permissions(program(), std::filesystem::perms{0755});
  }
  static WorkerOptions as_a_user() {
    WorkerOptions options;
    options.unprivileged = true;
    return options;
  }
  [[nodiscard]] std::string program() const { return worker_.outside() / "intruder"; }

  Worker worker_{as_a_user()};
};

TEST_F(IntruderTest, TheWaysInAreThere) {
  const auto result = worker_.run(worker_.job({program()}));
  EXPECT_EQ(result.finished.outcome.code, 0);
  for (const char* way : {"environ", "maps", "auxv", "mem, read", "mem, write", "exe", "cwd", "root", "descriptors",
                          "process_vm_readv", "process_vm_writev", "ptrace attach", "ptrace seize", "pidfd_getfd"}) {
    EXPECT_THAT(result.log, HasSubstr(std::string{"way in: "} + way + '\n'));
  }
}

TEST_F(IntruderTest, NoneLeadsIntoTheAgent) {
  const auto result = worker_.run(worker_.job({program(), std::to_string(worker_.pid())}));
  EXPECT_EQ(result.finished.outcome.code, 0);
  EXPECT_EQ(result.log, "");
}

}  // namespace
}  // namespace nmz::agent
