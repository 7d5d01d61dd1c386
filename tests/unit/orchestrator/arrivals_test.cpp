// Who waits, who comes, who is sent home.
#include "arrivals.hpp"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::orchestrator {
namespace {

class NoStream final : public Stream {
 public:
  boost::asio::awaitable<Result<std::size_t>> read(std::span<char> /*buffer*/) override { co_return std::size_t{0}; }
  boost::asio::awaitable<Result<void>> write(std::string /*bytes*/) override { co_return Result<void>{}; }
  void close() override {}
};

std::shared_ptr<Stream> stream() { return std::make_shared<NoStream>(); }
job::WorkerId worker(std::uint32_t number) { return job::WorkerId{number}; }

TEST(ArrivalsTest, WhoComesFirstIsTakenFirst) {
  Arrivals arrivals{2};
  arrivals.want(worker(0));
  arrivals.want(worker(1));
  EXPECT_EQ(arrivals.take(worker(0)), nullptr);
  const auto first = stream();
  const auto second = stream();
  arrivals.came(first);
  arrivals.came(second);
  EXPECT_EQ(arrivals.take(worker(1)), first);
  EXPECT_FALSE(arrivals.is_wanted(worker(1)));
  EXPECT_EQ(arrivals.take(worker(0)), second);
  EXPECT_FALSE(arrivals.is_somebody_there());
}

TEST(ArrivalsTest, TheServiceBeginsWithAFewAndIsToldOfTheOthersOnce) {
  Arrivals arrivals{10};
  EXPECT_EQ(arrivals.ask_for_first(4), 4U);
  EXPECT_TRUE(arrivals.has_others());
  EXPECT_EQ(arrivals.ask_for_others(), 10U);
  EXPECT_FALSE(arrivals.has_others());
  EXPECT_EQ(arrivals.ask_for_others(), 0U);
  Arrivals few{3};
  EXPECT_EQ(few.ask_for_first(4), 3U);
  EXPECT_FALSE(few.has_others());
}

TEST(ArrivalsTest, AStartThatIsCancelledEarlyNeedsNoTask) {
  Arrivals arrivals{3};
  for (std::uint32_t i = 0; i < 3; ++i) arrivals.want(worker(i));
  EXPECT_EQ(arrivals.ask_for_first(1), 1U);
  arrivals.no_longer_wanted(worker(2));
  arrivals.no_longer_wanted(worker(2));
  EXPECT_EQ(arrivals.ask_for_others(), 2U);
}

TEST(ArrivalsTest, WhoComesForNobodyGoesHome) {
  Arrivals arrivals{2};
  arrivals.want(worker(0));
  arrivals.want(worker(1));
  EXPECT_EQ(arrivals.ask_for_first(2), 2U);
  arrivals.no_longer_wanted(worker(1));
  const auto first = stream();
  const auto second = stream();
  arrivals.came(first);
  EXPECT_THAT(arrivals.take_surplus(), testing::IsEmpty()) << "one still waits";
  arrivals.came(second);
  EXPECT_THAT(arrivals.take_surplus(), testing::ElementsAre(second));
  EXPECT_EQ(arrivals.take(worker(0)), first);
  arrivals.came(stream());
  EXPECT_THAT(arrivals.take_surplus(), testing::IsEmpty()) << "that one stands in for one that was lost";
}

TEST(ArrivalsTest, AsManyStartsFailAsTasksAreMissing) {
  Arrivals arrivals{4};
  for (std::uint32_t i = 0; i < 4; ++i) arrivals.want(worker(i));
  EXPECT_EQ(arrivals.ask_for_first(2), 2U);
  EXPECT_FALSE(arrivals.is_in_vain(worker(0)));
  EXPECT_EQ(arrivals.ask_for_others(), 4U);
  arrivals.nobody_comes();
  arrivals.no_longer_wanted(worker(3));
  EXPECT_TRUE(arrivals.is_in_vain(worker(2)));
  EXPECT_FALSE(arrivals.is_wanted(worker(2)));
  EXPECT_FALSE(arrivals.is_in_vain(worker(1)));
}

TEST(ArrivalsTest, WithoutAServiceAllIsAskedForAgain) {
  Arrivals arrivals{5};
  EXPECT_EQ(arrivals.ask_for_first(2), 2U);
  arrivals.start_over();
  EXPECT_EQ(arrivals.ask_for_first(9), 5U);
}

}  // namespace
}  // namespace nmz::orchestrator
