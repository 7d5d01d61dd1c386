// The list of workloads, from the text that a master script, a file or standard input gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"

namespace nmz::nmzswarm {

/// Which workloads of the list are wanted.
struct Selection {
  Selection() = default;
  std::vector<std::string> filters;   ///< POSIX extended regular expressions; one has to match
  std::vector<std::string> excludes;  ///< none may match
  std::uint32_t shard = 0;            ///< from 0
  std::uint32_t shards = 1;
};

struct WorkloadList {
  WorkloadList() = default;
  std::vector<std::string> ids;
  std::size_t listed = 0;      ///< before anything was left out
  std::size_t duplicates = 0;  ///< run once
  bool other_shards = false;   ///< this one is empty, and not all are
};

/// What is between ids: a line each, or a NUL each as `find -print0` prints them, which takes nothing away from an id.
enum class Separator : char { newline = '\n', nul = '\0' };

/// One id a line: any bytes but newline (a carriage return before it goes too). Empty lines are no ids, an id that
/// comes again is dropped. The shard is every `shards`-th of what the filters leave, so that the shards of one list
/// together are the list. Errors (misconfigured): a regular expression that is none.
[[nodiscard]] Result<WorkloadList> read_list(std::string_view text, const Selection& selection,
                                             Separator separator = Separator::newline);

/// "2/5": the second of five shards.
[[nodiscard]] Result<void> parse_shard(const std::string& text, Selection& selection);

}  // namespace nmz::nmzswarm
