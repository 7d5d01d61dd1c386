// The contract of Namazu Swarm v0, for programs that speak it: two labels of an image, and the messages about chunks.
//
// An image with the two labels is a test suite: the first script prints one workload id a line, the second reads ids,
// one a line, from its standard input and runs them; its exit status is their verdict. Scripts are given to `sh -c`.
// The messages are JSON objects with the field names below, exactly as published:
//
//     {"chunk_id":0,"workloads":[{"id":"test-1"},{"id":"test-2"}]}
//     {"chunk_id":0,"successful":true,"raw_log":"..."}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"

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

[[nodiscard]] std::string to_json(const ChunkRequest& request);
[[nodiscard]] std::string to_json(const ChunkResult& result);

/// Members that are missing or null have their default value, unknown ones are ignored. Errors (rejected): no JSON
/// object, or a member of another type.
[[nodiscard]] Result<ChunkRequest> chunk_request_from_json(std::string_view text);
[[nodiscard]] Result<ChunkResult> chunk_result_from_json(std::string_view text);

}  // namespace nmz::contract::v0
