// The contract of Namazu Swarm v0, for programs that speak it: two labels of an image, and what its programs say to
// each other about chunks (funker.hpp says how).
//
// An image with the two labels is a test suite: the first script prints one workload id a line, the second reads ids,
// one a line, from its standard input and runs them; its exit status is their verdict. Scripts are given to `sh -c`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace nmz::contract::v0 {

inline constexpr const char* master_script_label = "net.osrg.namazu-swarm.v0.master.script";
inline constexpr const char* worker_script_label = "net.osrg.namazu-swarm.v0.worker.script";

struct Workload {
  std::string id;  ///< what the master script printed in one line
  friend bool operator==(const Workload&, const Workload&) = default;
};

struct ChunkRequest {
  std::int64_t chunk_id = 0;
  std::vector<Workload> workloads;
  friend bool operator==(const ChunkRequest&, const ChunkRequest&) = default;
};

struct ChunkResult {
  std::int64_t chunk_id = 0;
  bool successful = false;
  std::string raw_log;  ///< JSON text is UTF-8: other bytes become U+FFFD when it is written
  friend bool operator==(const ChunkResult&, const ChunkResult&) = default;
};

}  // namespace nmz::contract::v0
