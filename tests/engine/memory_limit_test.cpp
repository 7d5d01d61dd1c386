// The kernel's own limit on memory: in the lab, which has cgroups wherever it can be.
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <gmock/gmock.h>
#include <unistd.h>

#include "unit/agent/worker.hpp"

namespace nmz::agent {
namespace {

namespace fs = std::filesystem;
using job::OutcomeKind;
using ::testing::HasSubstr;

/// A cgroup with little memory, for as long as nothing is in it any more when this ends.
class LittleMemory {
 public:
  LittleMemory() : unified_{fs::exists(groups_ / "cgroup.controllers")} {
    place_ = (unified_ ? groups_ : groups_ / "memory") / ("nmz-limit-test-" + std::to_string(::getpid()));
    std::error_code refused;
    fs::create_directory(place_, refused);
    limited_ = write(place_ / (unified_ ? "memory.max" : "memory.limit_in_bytes"), "64M");
    write(place_ / "memory.swap.max", "0");
  }
  LittleMemory(const LittleMemory&) = delete;
  LittleMemory& operator=(const LittleMemory&) = delete;
  ~LittleMemory() { ::rmdir(place_.c_str()); }

  [[nodiscard]] bool exists() const { return limited_; }
  [[nodiscard]] bool enter(pid_t process) const { return write(place_ / "cgroup.procs", std::to_string(process)); }

 private:
  static bool write(const fs::path& file, const std::string& text) {
    return fs::exists(file) && static_cast<bool>(std::ofstream{file} << text << std::flush);
  }

  fs::path groups_ = "/sys/fs/cgroup";
  bool unified_;
  fs::path place_;
  bool limited_ = false;
};

TEST(MemoryLimitTest, AFailureWhileTheKernelKillsForMemoryIsNoVerdict) {
  const LittleMemory memory;
  ASSERT_TRUE(memory.exists()) << "no cgroup with a limit on memory can be made";
  Worker worker;
  ASSERT_TRUE(memory.enter(worker.pid()));
  const auto greedy = worker.run(worker.shell("dd if=/dev/zero of=/dev/null bs=200M count=1; exit 2")).finished.outcome;
  EXPECT_EQ(greedy.kind, OutcomeKind::unprepared);
  EXPECT_THAT(greedy.detail, HasSubstr("memory"));
  EXPECT_EQ(worker.run(worker.shell("exit 2")).finished.outcome.kind, OutcomeKind::exited) << "that was another job";
  worker.close_stream();
  worker.wait_for_exit();
}

}  // namespace
}  // namespace nmz::agent
