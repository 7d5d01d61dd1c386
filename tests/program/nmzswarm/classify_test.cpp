// Why workloads fail (--classify), with workloads of which it is known.
#include <map>
#include <sstream>
#include <string>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program.hpp"

namespace nmz::nmzswarm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

/// genuine: always. order: where `dirty` has just been. contention: where another one is at it. The others wait for
/// nobody, so how busy the machine is makes no difference.
constexpr const char* workloads =
    "case $NMZ_WORKLOAD in\n"
    "  genuine) exit 1 ;;\n"
    "  flaky) echo x >>count; [ $(( $(wc -l <count) % 2 )) = 0 ] ;;\n"
    "  clean) rm -f dirt ;;\n"
    "  dirty) touch dirt ;;\n"
    "  order) if [ -e dirt ]; then rm -f dirt; exit 1; fi ;;\n"
    "esac\n";

class ClassifyTest : public testing::Test {
 protected:
  json::object last_event(const std::string& file) const {
    std::istringstream lines{swarm.read(file)};
    std::string last;
    for (std::string line; std::getline(lines, line);) last = line;
    return json::parse(last).as_object();
  }
  static std::map<std::string, std::string> kinds(const json::object& end) {
    std::map<std::string, std::string> kinds;
    for (const json::value& one : end.at("classified").as_array()) {
      kinds[std::string{one.at("name").as_string()}] = std::string{one.at("kind").as_string()};
    }
    return kinds;
  }
  Swarm swarm;
};

TEST_F(ClassifyTest, WhatFailedIsToldApartEverywhere) {
  const auto ended = swarm.run("genuine\nflaky\nclean\ndirty\norder\n",
                               {"--replicas", "1", "--no-history", "--classify", "--json", "events", "--junit",
                                "junit.xml", "--html", "page.html", "--log-dir", "logs"},
                               workloads);
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("2 of 5 passed, 3 failed"));
  EXPECT_THAT(ended.out, HasSubstr("genuine is genuine ("));
  EXPECT_THAT(ended.out, HasSubstr("order is order-dependent ("));
  EXPECT_THAT(ended.out, HasSubstr("it fails after dirty, and hardly ever without"));
  EXPECT_THAT(ended.out, HasSubstr("failed 0 of "));
  const json::object end = last_event("events");
  EXPECT_THAT(kinds(end),
              testing::UnorderedElementsAre(testing::Pair("genuine", "genuine"), testing::Pair("flaky", "flaky"),
                                            testing::Pair("order", "order-dependent")));
  for (const json::value& one : end.at("classified").as_array()) {
    EXPECT_GE(one.at("runs").to_number<int>(), 4);
    EXPECT_GE(one.at("confidence").to_number<double>(), 0.5);
    for (const json::value& tried : one.at("settings").as_array()) {
      EXPECT_LT(tried.at("low").to_number<double>(), tried.at("high").to_number<double>());
      EXPECT_NE(tried.at("setting").as_string(), "beside others") << "there is one worker";
    }
  }
  EXPECT_THAT(
      swarm.read("junit.xml"),
      AllOf(HasSubstr(R"(tests="5" failures="3")"), HasSubstr(R"(<property name="nmz.kind" value="order-dependent"/>)"),
            HasSubstr(R"(<property name="nmz.failed alone")"), Not(HasSubstr("rerunFailure"))));
  EXPECT_THAT(swarm.read("page.html"), HasSubstr("order-dependent"));
  const auto shown = swarm.call({"show", "logs"});
  EXPECT_THAT(shown.out, HasSubstr("it fails after dirty, and hardly ever without")) << shown.err;
}

/// The two wait for each other the first time, so that both workers are there.
TEST_F(ClassifyTest, WithSeveralWorkersItIsTriedBesideOthers) {
  constexpr const char* script =
      "touch $NMZ_WORKLOAD.here\n"
      "until [ -e bad.here ] && [ -e good.here ]; do sleep 0.01; done\n"
      "[ $NMZ_WORKLOAD = good ]\n";
  const auto ended =
      swarm.run("bad\ngood\n", {"--replicas", "2", "--no-history", "--classify", "--json", "events"}, script);
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  const json::object end = last_event("events");
  EXPECT_THAT(kinds(end), testing::ElementsAre(testing::Pair("bad", "genuine"))) << ended.out;
  const std::string text = json::serialize(end.at("classified"));
  const json::array settings = end.at("classified").as_array().at(0).at("settings").as_array();
  ASSERT_EQ(settings.size(), 3U) << text;
  EXPECT_EQ(settings[1].at("setting").as_string(), "beside others");
  EXPECT_GE(settings[1].at("runs").to_number<int>(), 2);
  EXPECT_THAT(text, HasSubstr("\"workers\":2")) << "each goes elsewhere than the one before";
}

/// It fails where loops run beside it, in its process group: two at least.
TEST_F(ClassifyTest, WhatFailsUnderLoadIsContention) {
  constexpr const char* script =
      "[ -e seen ] || { touch seen; exit 1; }\n"
      "ps -e -o pgid=,comm= >ps.$$\n"
      "group=$(ps -o pgid= -p $$ | tr -d ' ')\n"
      "[ $(awk -v group=$group '$1 == group && $2 == \"sh\"' ps.$$ | wc -l) -lt 3 ]\n";
  const auto ended =
      swarm.run("starved\n", {"--replicas", "1", "--no-history", "--classify", "--json", "events"}, script);
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_THAT(kinds(last_event("events")), testing::ElementsAre(testing::Pair("starved", "contention"))) << ended.out;
}

TEST_F(ClassifyTest, WhatOnlyNeedsTimeIsTold) {
  const auto ended = swarm.run(
      "slow\n", {"--replicas", "1", "--no-history", "--timeout", "0.4", "--classify", "4", "--json", "events"},
      "sleep 0.6");
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(kinds(last_event("events")), testing::ElementsAre(testing::Pair("slow", "time-limit"))) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("its limit is 0.40 s"));
}

TEST_F(ClassifyTest, WhatHasNothingToDoWithItIsRefused) {
  for (const std::vector<std::string>& other :
       std::vector<std::vector<std::string>>{{"--repeat", "2"}, {"--chunks", "2"}, {"--speculate"}}) {
    std::vector<std::string> options{"--classify"};
    options.insert(options.end(), other.begin(), other.end());
    const auto ended = swarm.run("a\n", options, "true");
    EXPECT_EQ(ended.exit_code, 128);
    EXPECT_THAT(ended.err, HasSubstr("--classify"));
  }
}

}  // namespace
}  // namespace nmz::nmzswarm
