// What the history knows, as text for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include "nmz/history/history.hpp"

#include "trends.hpp"

namespace nmz::nmzswarm {

[[nodiscard]] std::string suites_text(const std::vector<history::SuiteSummary>& suites);
[[nodiscard]] std::string suites_json(const std::vector<history::SuiteSummary>& suites);

/// Of one suite: its workloads, then what there is to say of them.
[[nodiscard]] std::string suite_text(const std::vector<history::WorkloadSummary>& workloads, const Trends& trends);
[[nodiscard]] std::string suite_json(const std::string& suite, const std::vector<history::WorkloadSummary>& workloads,
                                     const Trends& trends);

}  // namespace nmz::nmzswarm
