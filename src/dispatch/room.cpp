// See room.hpp.
#include "nmz/dispatch/room.hpp"

#include <algorithm>
#include <utility>

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

constexpr Room::Time shortest = 250ms;  ///< on average, for a worker more to be worth its tree
constexpr double waits = 0.4;           ///< a test that uses less of a CPU than this mostly waits, on an idle machine
constexpr double only_waits = 0.1;      ///< and on any
constexpr double is_idle = 0.5;
constexpr double least_use = 0.125;  ///< of a CPU, that is reckoned with: nothing but a sleep uses less

}  // namespace

std::uint32_t Room::after(const Job& job, double idle) {
  ++jobs_;
  all_.test += job.test;
  all_.cpu += job.cpu;
  all_.in_hand += job.in_hand;
  if (jobs_ < workers_) return 0;
  const Time around = all_.in_hand - all_.test;
  if (all_.test < shortest * jobs_ || around > all_.test / 2) return 0;
  const double use = static_cast<double>(all_.cpu.count()) / static_cast<double>(all_.test.count());
  if (use > (idle < is_idle ? only_waits : waits)) return 0;
  const auto useful = static_cast<std::uint32_t>(cpus_ / std::max(use, least_use));
  const std::uint32_t wanted = std::max(workers_, std::min(useful, most_));
  return wanted - std::exchange(workers_, wanted);
}

}  // namespace nmz::dispatch
