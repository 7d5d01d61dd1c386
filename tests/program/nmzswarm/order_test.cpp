// In which order workloads begin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

TEST(OrderTest, AShuffledOneIsTheSeedsWhateverIsRememberedMeanwhile) {
  Swarm swarm;
  const std::string list = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  const std::string script = "echo $NMZ_WORKLOAD >>" + (swarm.place() / "diary").string() + "; sleep 0.0$NMZ_WORKLOAD";
  std::string order;
  for (int round = 0; round < 2; ++round) {
    const auto ended = swarm.run(list, {"-j1", "--shuffle", "--seed", "7"}, script);
    EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
    const std::string diary = swarm.read("diary");
    if (round == 0) order = diary;
    EXPECT_EQ(diary, round == 0 ? order : order + order);
  }
  EXPECT_NE(order, list);
  EXPECT_EQ(order.size(), list.size());
}

}  // namespace
}  // namespace nmz::nmzswarm
