// Where the time of a run went.
#include "time_split.hpp"

#include <random>
#include <utility>

#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using Kind = Interval::Kind;

Interval interval(std::uint32_t worker, Kind kind, double from, double to, double took = 0) {
  Interval result;
  result.worker = worker;
  result.kind = kind;
  result.from = Seconds{from};
  result.to = Seconds{to};
  result.took = Seconds{took};
  return result;
}

TEST(TimeSplitTest, EveryPartHasItsName) {
  const events::TimeSplit split = split_time(
      2, Seconds{10},
      {interval(0, Kind::start_up, 0, 1), interval(0, Kind::counted, 1, 4, 2.5), interval(0, Kind::counted, 4, 9, 5),
       interval(1, Kind::start_up, 0, 2), interval(1, Kind::wasted, 3, 4), interval(1, Kind::counted, 4, 6, 2)});
  EXPECT_DOUBLE_EQ(split.work.count(), 9.5);
  EXPECT_DOUBLE_EQ(split.start_up.count(), 3);
  EXPECT_DOUBLE_EQ(split.dispatch.count(), 0.5);
  EXPECT_DOUBLE_EQ(split.retries.count(), 1);
  EXPECT_DOUBLE_EQ(split.imbalance.count(), 3) << "worker 1 from 6 to 9";
  EXPECT_DOUBLE_EQ(split.idle.count(), 3) << "worker 1 from 2 to 3, and both after 9";
}

TEST(TimeSplitTest, AWorkerThatNeverCameWasStarting) {
  const events::TimeSplit split = split_time(1, Seconds{5}, {interval(0, Kind::start_up, 0, 5)});
  EXPECT_DOUBLE_EQ(split.start_up.count(), 5);
}

TEST(TimeSplitTest, ThePartsAreTheWhole) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 random{seed};
    std::uniform_real_distribution<double> time{-1, 12};
    const auto workers = static_cast<std::uint32_t>(1 + random() % 5);
    std::vector<Interval> intervals;
    for (std::size_t left = random() % 20; left > 0; --left) {
      const auto [from, to] = std::minmax({time(random), time(random)});
      intervals.push_back(interval(static_cast<std::uint32_t>(random() % workers), static_cast<Kind>(random() % 3),
                                   from, to, time(random)));
    }
    const events::TimeSplit split = split_time(workers, Seconds{10}, intervals);
    EXPECT_NEAR(split.total().count(), 10.0 * workers, 1e-9) << "seed " << seed;
    for (const Seconds part :
         {split.work, split.start_up, split.dispatch, split.imbalance, split.retries, split.idle}) {
      EXPECT_GE(part.count(), 0) << "seed " << seed;
    }
  }
}

TEST(TimeBookTest, ARestartIsStartUpAndALostExecutionIsARetry) {
  TimeBook book{1};
  const job::WorkerId worker{0};
  book.ready(worker, Seconds{1});
  dispatch::Assign first;
  first.job = job::JobId{1};
  book.assigned(first, Seconds{1});
  dispatch::Ended lost;
  lost.job = first.job;
  book.ended(lost, false, false, Seconds{3});
  dispatch::GivenUp gone;
  gone.restarting = true;
  book.given_up(gone, Seconds{3});
  book.ready(worker, Seconds{4});
  dispatch::Assign second;
  second.job = job::JobId{2};
  book.assigned(second, Seconds{4});
  dispatch::Ended done;
  done.job = second.job;
  done.took = std::chrono::seconds{1};
  book.ended(done, true, false, Seconds{6});
  book.ended(done, true, false, Seconds{7});  // told twice
  const events::TimeSplit split = book.split(Seconds{6});
  EXPECT_DOUBLE_EQ(split.start_up.count(), 2);
  EXPECT_DOUBLE_EQ(split.retries.count(), 2);
  EXPECT_DOUBLE_EQ(split.work.count(), 1);
  EXPECT_DOUBLE_EQ(split.dispatch.count(), 1);
}

TEST(TimeBookTest, AWorkerThatTheUserAddsCountsFromThenOn) {
  TimeBook book{1};
  book.ready(job::WorkerId{0}, Seconds{1});
  book.added(job::WorkerId{1}, Seconds{4});
  book.ready(job::WorkerId{1}, Seconds{6});
  const events::TimeSplit split = book.split(Seconds{10});
  EXPECT_DOUBLE_EQ(split.start_up.count(), 3);
  EXPECT_DOUBLE_EQ(split.total().count(), 16);
}

}  // namespace
}  // namespace nmz::nmzswarm
