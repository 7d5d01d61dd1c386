// Sites as the programs see them. Those of containers are tried with Engines (tests/engine, tests/unit/cluster).
#include "nmz/site/site.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temp_directory.hpp"

namespace nmz::site {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

TEST(SiteTest, WithoutAnImageItIsThisMachine) {
  const support::TempDirectory place;
  Choice choice;
  choice.work_directory = place.path() / "work";
  choice.directory_name = "calc";
  boost::asio::io_context io;
  const auto site = open(io, choice);
  ASSERT_TRUE(site) << site.error().message;
  EXPECT_TRUE((*site)->sees_our_files());
  EXPECT_FALSE((*site)->keeps_apart());
  EXPECT_GE((*site)->cpus(), 1U);
  EXPECT_FALSE((*site)->label("script"));
  EXPECT_THAT((*site)->swept(), IsEmpty());
  EXPECT_TRUE((*site)->directory().empty()) << "nothing is made before occupy()";
  ASSERT_TRUE((*site)->occupy());
  const std::filesystem::path directory = (*site)->directory();
  EXPECT_THAT(directory.filename().string(), HasSubstr("calc"));
  EXPECT_TRUE(std::filesystem::is_directory(directory));
  EXPECT_THAT((*site)->leave(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(SiteTest, ADirectoryThatCannotBeUsedIsToldWithTheRemedy) {
  Choice choice;
  choice.work_directory = "/proc/none";
  choice.remedy = "choose another";
  boost::asio::io_context io;
  const auto site = open(io, choice);
  ASSERT_TRUE(site) << site.error().message;
  const auto occupied = (*site)->occupy();
  ASSERT_FALSE(occupied);
  EXPECT_EQ(occupied.error().kind, ErrorKind::misconfigured);
  EXPECT_THAT(occupied.error().message, HasSubstr("(choose another)"));
}

TEST(SiteTest, AnImageNeedsAnEngine) {
  const support::TempDirectory place;
  Choice choice;
  choice.containers.image = "suite";
  choice.containers.host = "unix://" + (place.path() / "none").string();
  for (const auto kind : {cluster::Kind::docker, cluster::Kind::swarm}) {
    choice.containers.kind = kind;
    boost::asio::io_context io;
    const auto site = open(io, choice);
    ASSERT_FALSE(site);
    EXPECT_THAT(site.error().message, HasSubstr((place.path() / "none").string()));
  }
}

}  // namespace
}  // namespace nmz::site
