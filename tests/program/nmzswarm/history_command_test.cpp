// nmzswarm history, after runs that were remembered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(HistoryCommandTest, ListsSuitesThenWorkloadsTheLongestFirstAndForgets) {
  Swarm swarm;
  EXPECT_EQ(swarm.call({"history"}).out, "");
  ASSERT_EQ(swarm.run("quick\nslow\n", {"-j2"}, "test $NMZ_WORKLOAD = quick || { sleep 0.2; exit 1; }").exit_code, 1);
  const std::string suites = swarm.call({"history"}).out;
  EXPECT_THAT(suites, AllOf(HasSubstr("WORKLOADS"), HasSubstr(swarm.place().string() + " /bin/sh -c test ")));
  const std::string suite = suites.substr(suites.find(swarm.place().string()));
  const std::string name = suite.substr(0, suite.find('\n'));
  const std::string workloads = swarm.call({"history", name}).out;
  EXPECT_LT(workloads.find("slow"), workloads.find("quick")) << workloads;
  EXPECT_EQ(swarm.call({"history", "prune", "--before", "30d"}).out, "0 workloads forgotten\n");
  EXPECT_EQ(swarm.call({"history", "prune", "--suite", name}).out, "2 workloads forgotten\n");
  EXPECT_EQ(swarm.call({"history"}).out, "");
}

TEST(HistoryCommandTest, ErrorsAreOneLine) {
  Swarm swarm;
  const auto unknown = swarm.call({"history", "nothing"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("nothing is known of a suite 'nothing'"));
  EXPECT_THAT(swarm.call({"history", "prune"}).err, HasSubstr("needs --before AGE"));
  EXPECT_EQ(swarm.call({"history", "prune", "--before", "soon"}).exit_code, 128);
  EXPECT_EQ(swarm.call({"history", "a", "b"}).exit_code, 128);
  EXPECT_THAT(swarm.call({"history", "--help"}).out, HasSubstr("Usage: nmzswarm history"));
}

}  // namespace
}  // namespace nmz::nmzswarm
