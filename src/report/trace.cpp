#include "nmz/report/trace.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "nmz/output/output_file.hpp"
#include "nmz/output/workflow_commands.hpp"

#include "readable.hpp"

namespace nmz::report {
namespace json = boost::json;
namespace {

using Worker = std::uint32_t;

/// Rounding both ends, not the length, keeps neighbours from overlapping.
std::int64_t microseconds(Seconds time) {
  constexpr double most = 1e15;  // 30 years; exact in JSON readers that know only doubles
  const double value = time.count() * 1e6;
  return std::isfinite(value) ? std::llround(std::clamp(value, 0.0, most)) : 0;
}

struct Span {
  const Execution* execution = nullptr;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

using Workers = std::map<Worker, std::vector<Span>>;
using Nodes = std::map<std::string_view, Workers>;

Nodes timelines(std::span<const Execution> executions) {
  Nodes nodes;
  for (const Execution& execution : executions) {
    if (execution.verdict == Verdict::not_run || execution.earlier) continue;
    Span span;
    span.execution = &execution;
    span.begin = microseconds(execution.start);
    span.end = std::max(span.begin, microseconds(execution.start + execution.took));
    nodes[execution.node][execution.worker].push_back(span);
  }
  for (auto& [node, workers] : nodes) {
    for (auto& [worker, spans] : workers) {
      std::stable_sort(spans.begin(), spans.end(),
                       [](const Span& left, const Span& right) { return left.begin < right.begin; });
      for (std::size_t i = 1; i < spans.size(); ++i) spans[i - 1].end = std::min(spans[i - 1].end, spans[i].begin);
    }
  }
  return nodes;
}

json::object metadata(std::string_view what, std::int64_t process, std::string_view name) {
  return {{"name", what}, {"ph", "M"}, {"pid", process}, {"args", json::object{{"name", name}}}};
}

json::object complete(const Span& span, std::int64_t process, Worker worker) {
  const Execution& execution = *span.execution;
  json::object arguments{{"verdict", to_string(execution.verdict)}, {"attempt", execution.attempt}};
  if (!execution.detail.empty()) arguments["detail"] = readable(execution.detail);
  if (!execution.log_path.empty()) arguments["log"] = readable(execution.log_path);
  return {{"name", readable(execution.workload)},
          {"cat", to_string(execution.verdict)},
          {"ph", "X"},
          {"pid", process},
          {"tid", worker},
          {"ts", span.begin},
          {"dur", span.end - span.begin},
          {"args", std::move(arguments)}};
}

/// The array's elements, one a line.
class Events {
 public:
  explicit Events(output::OutputFile& out) : out_{out} {}
  void add(const json::object& event) {
    out_.write(first_ ? "\n" : ",\n");
    out_.write(output::json_without_commands(json::serialize(event)));
    first_ = false;
  }

 private:
  output::OutputFile& out_;
  bool first_ = true;
};

}  // namespace

Result<void> write_trace(const std::string& file, std::span<const Execution> executions) {
  auto out = output::OutputFile::open(file, output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected{out.error()};
  out->write(R"({"displayTimeUnit":"ms","traceEvents":[)");
  Events events{*out};
  std::int64_t process = 0;
  for (const auto& [node, workers] : timelines(executions)) {
    ++process;
    events.add(metadata("process_name", process, node.empty() ? "workers" : readable(node)));
    for (const auto& [worker, spans] : workers) {
      json::object name = metadata("thread_name", process, fmt::format("worker {}", worker));
      name["tid"] = worker;
      events.add(name);
      for (const Span& span : spans) events.add(complete(span, process, worker));
    }
  }
  out->write("\n]}\n");
  return out->commit();
}

}  // namespace nmz::report
