// How many workers there should be is decided from what tests used of the CPUs.
#include "nmz/dispatch/room.hpp"

#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

namespace nmz::dispatch {
namespace {

using namespace std::chrono_literals;

constexpr double quiet = 0.9;

Room::Job job(Room::Time test, Room::Time cpu, Room::Time around = 10ms) { return {test, cpu, test + around}; }

std::uint32_t added(Room room, const Room::Job& each, double idle, int jobs = 20) {
  std::uint32_t more = 0;
  for (; jobs > 0; --jobs) more += room.after(each, idle);
  return more;
}

TEST(RoomTest, TestsThatWaitHaveCompany) { EXPECT_EQ(added({2, 8}, job(500ms, 10ms), quiet), 6U); }
TEST(RoomTest, AsManyAsTheCpusBear) { EXPECT_EQ(added({4, 100}, job(1s, 250ms), quiet), 12U); }
TEST(RoomTest, TestsThatComputeHaveNone) { EXPECT_EQ(added({2, 8}, job(500ms, 480ms), quiet), 0U); }
TEST(RoomTest, OnABusyMachineTimeSaysNothing) { EXPECT_EQ(added({2, 8}, job(500ms, 100ms), 0.1), 0U); }
TEST(RoomTest, UnlessNextToNothingWasUsed) { EXPECT_EQ(added({2, 8}, job(500ms, 10ms), 0.1), 6U); }
TEST(RoomTest, ShortTestsAreNotWorthATree) { EXPECT_EQ(added({2, 8}, job(50ms, 1ms), quiet), 0U); }
TEST(RoomTest, NorAreThoseThatAreNothingBesideTheirTree) { EXPECT_EQ(added({2, 8}, job(1s, 1ms, 2s), quiet), 0U); }
TEST(RoomTest, NoMoreThanThereMayBe) { EXPECT_EQ(added({2, 1}, job(1s, 1ms), quiet), 0U); }

TEST(RoomTest, NothingIsDecidedBeforeEachWorkerHasEndedAJob) {
  Room room{3, 12};
  EXPECT_EQ(room.after(job(1s, 1ms), quiet), 0U);
  EXPECT_EQ(room.after(job(1s, 1ms), quiet), 0U);
  EXPECT_EQ(room.after(job(1s, 1ms), quiet), 9U);
  EXPECT_EQ(room.after(job(1s, 1ms), quiet), 0U);
}

}  // namespace
}  // namespace nmz::dispatch
