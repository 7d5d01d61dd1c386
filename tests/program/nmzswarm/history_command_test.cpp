// nmzswarm history, after runs that were remembered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

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

TEST(HistoryCommandTest, TellsWhatIsFlakyAndNewlySlowerForPeopleAndPrograms) {
  Swarm swarm;
  const auto run = [&](const std::string& seconds, const std::string& flaky) {
    static_cast<void>(
        swarm.call({"-j2", "--env", "SECONDS_NOW=" + seconds, "--env", "FLAKY=" + flaky, "--", "sh", "-c",
                    "if test {} = flaky; then exit $FLAKY; else sleep $SECONDS_NOW; fi", ":::", "flaky", "slower"}));
  };
  for (int i = 0; i < 8; ++i) run("0.01", i % 2 == 0 ? "0" : "1");
  for (int i = 0; i < 4; ++i) run("0.2", "0");
  const std::string text = swarm.call({"history", "SECONDS_NOW"}).out;
  EXPECT_THAT(text, AllOf(HasSubstr("Flakiest"), HasSubstr("4 of 12"), HasSubstr("Newly slower"), HasSubstr("99.6%"),
                          HasSubstr("By node"), Not(HasSubstr("By runner"))));
  const std::string json = swarm.call({"history", "--format", "json", "SECONDS_NOW"}).out;
  EXPECT_THAT(json, AllOf(HasSubstr(R"("flakiest":[{"workload":"flaky","runs":12,"failures":4)"),
                          HasSubstr(R"("newly_slower":[{"workload":"slower",)"), HasSubstr(R"("nodes":[{)")));
  EXPECT_THAT(swarm.call({"history", "--format", "json"}).out, HasSubstr(R"({"suites":[{"suite":")"));
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
