// A suite of 10,000 workloads on 1,000 workers, told as fast as it would come: what following it and painting it costs.
#include <ctime>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stream.hpp"

namespace nmz::screen {
namespace {

using events::Kind;
using events::Mark;

/// Of this thread.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::string nothing(const std::string& /*path*/) { return {}; }

constexpr std::uint32_t workers = 1000;
constexpr std::uint64_t workloads = 10'000;
constexpr double duration = 10;  ///< of each

/// The whole run lasts 100 s, in which the screen is painted ten times a second.
TEST(LoadTest, AWideSuiteCostsAFewHundredthsOfACpu) {
  Told run{Kind::suite};
  run.start(workers);
  run.list(workloads);
  Desk desk{nothing, {}};
  const double began = cpu_seconds();
  double painted_until = 0;
  std::size_t frames = 0;
  for (std::uint64_t job = 0; job < workloads; ++job) {
    const double wanted = static_cast<double>(job) * duration / workers;
    if (wanted > run.now.count()) run.later(wanted - run.now.count());
    if (job >= workers) {
      const std::uint64_t old = job - workers;
      run.end(old + 1, "workload " + std::to_string(old), old % 50 == 0 ? Mark::failed : Mark::passed, workloads - old);
    }
    run.begin(job + 1, static_cast<std::uint32_t>(job % workers), "workload " + std::to_string(job), duration);
    run.tell(events::Output{job::JobId{job + 1}, "some output of it\n"});
    if (run.now.count() - painted_until < 0.1) continue;
    painted_until = run.now.count();
    static_cast<void>(paint(run.model, desk, {120, 40}, Letters::unicode));
    ++frames;
  }
  const double used = (cpu_seconds() - began) / run.now.count();
  std::cout << "  following and painting: " << 100 * used << " % of a CPU, " << frames << " frames\n";
  EXPECT_GT(frames, 800);
  EXPECT_LT(used, 0.10);  // tests are not optimised, the programs are

  const double before = cpu_seconds();
  constexpr int keys = 20;
  for (int i = 0; i < keys; ++i) {
    Input down;
    down.key = Input::Key::down;
    static_cast<void>(desk.press(down, run.model));
    static_cast<void>(paint(run.model, desk, {120, 40}, Letters::unicode));
  }
  const double key = (cpu_seconds() - before) / keys;
  std::cout << "  a key: " << 1000 * key << " ms\n";
  EXPECT_LT(key, 0.05);
}

}  // namespace
}  // namespace nmz::screen
