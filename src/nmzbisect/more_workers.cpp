#include "more_workers.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <memory>
#include <string>

#include "nmz/dispatch/room.hpp"

namespace nmz::nmzbisect {
namespace {

/// In the kernel's ticks, of all CPUs (proc_stat(5)).
struct CpuTimes {
  std::uint64_t idle = 0;
  std::uint64_t all = 0;
};

CpuTimes cpu_times() {
  std::ifstream file{"/proc/stat"};
  std::string word;
  file >> word;
  CpuTimes times;
  constexpr int idle = 3;
  constexpr int waiting = 4;  // for a disk
  constexpr int last = 7;     // what guests used is counted as the user's already
  std::uint64_t ticks = 0;
  for (int column = 0; column <= last && file >> ticks; ++column) {
    times.all += ticks;
    if (column == idle || column == waiting) times.idle += ticks;
  }
  return times;
}

double idle_since(const CpuTimes& before) {
  const CpuTimes now = cpu_times();
  if (now.all <= before.all || now.idle < before.idle) return 0;
  return static_cast<double>(now.idle - before.idle) / static_cast<double>(now.all - before.all);
}

std::uint32_t gibibytes_available() {
  constexpr std::uint64_t kibibytes = 1U << 20U;
  std::ifstream file{"/proc/meminfo"};
  std::string name;
  std::uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "MemAvailable:") return static_cast<std::uint32_t>(value / kibibytes);
    file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

}  // namespace

std::function<std::int32_t(const wire::Finished&, std::chrono::nanoseconds)> room_of_machine(std::uint32_t cpus) {
  constexpr std::uint32_t for_each = 4;
  const auto room = std::make_shared<dispatch::Room>(cpus, std::min(for_each * cpus, gibibytes_available()));
  return [room, before = cpu_times()](const wire::Finished& finished, std::chrono::nanoseconds in_hand) {
    const dispatch::Room::Job job{finished.test_time, finished.cpu_time, in_hand};
    return static_cast<std::int32_t>(room->after(job, idle_since(before)));
  };
}

}  // namespace nmz::nmzbisect
