// The agent has to fit into one Swarm config, and to run in a container that has no libraries.
#include <filesystem>

#include <gmock/gmock.h>

#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::agent {
namespace {

TEST(AgentBinaryTest, FitsIntoOneSwarmConfig) { EXPECT_LT(std::filesystem::file_size(NMZ_AGENT), 1'024'000U); }

TEST(AgentBinaryTest, NeedsNoLoader) {
  const std::string image = support::read_file(NMZ_AGENT);
  EXPECT_EQ(image.find("/ld-linux"), std::string::npos);
  EXPECT_EQ(image.find("/ld-musl"), std::string::npos);
}

}  // namespace
}  // namespace nmz::agent
