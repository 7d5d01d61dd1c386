#include "nmz/view/suite_json.hpp"

#include <utility>

#include <boost/json.hpp>

#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::view {
namespace json = boost::json;
namespace {

json::string printed(const std::string& bytes) { return json::string{text::printable(bytes)}; }

json::array list_of(const std::vector<Failure>& failures) {
  json::array list;
  for (const Failure& failure : failures) {
    list.push_back(json::object{{"name", printed(failure.name)},
                                {"detail", printed(failure.detail)},
                                {"took", failure.took.count()},
                                {"log", printed(failure.log)}});
  }
  return list;
}

json::object object_of(const FailureGroup& group) {
  json::array runs;
  for (const std::uint64_t run : group.runs) runs.emplace_back(run);
  return {{"line", printed(group.line)},
          {"log_stops", group.stops},
          {"runs", std::move(runs)},
          {"detail", printed(group.detail)},
          {"run", group.run},
          {"seed", group.seed},
          {"log", printed(group.log)},
          {"command", printed(group.command)}};
}

json::array list_of(const std::vector<HuntedWorkload>& hunted) {
  json::array list;
  for (const HuntedWorkload& one : hunted) {
    json::array groups;
    for (const FailureGroup& group : one.groups) groups.push_back(object_of(group));
    list.push_back(json::object{{"name", printed(one.name)},
                                {"runs", one.runs},
                                {"failures", one.failures},
                                {"lost", one.lost},
                                {"low", one.low},
                                {"high", one.high},
                                {"groups", std::move(groups)}});
  }
  return list;
}

struct ToJson {
  json::object operator()(const SuiteStarted& event) const {
    return {{"event", "suite-started"},
            {"workers", event.workers},
            {"where", printed(event.where)},
            {"log_directory", printed(event.log_directory)}};
  }
  json::object operator()(const WorkloadsListed& event) const {
    return {{"event", "workloads-listed"},
            {"workloads", event.workloads},
            {"chunks", event.chunks},
            {"runs", event.runs},
            {"bound", event.bound.count()}};
  }
  json::object operator()(const WorkerReady& event) const {
    return {
        {"event", "worker-ready"}, {"worker", static_cast<std::uint32_t>(event.worker)}, {"node", printed(event.node)}};
  }
  json::object operator()(const WorkloadStarted& event) const {
    return {{"event", "workload-started"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"job", static_cast<std::uint64_t>(event.job)},
            {"attempt", event.attempt},
            {"name", printed(event.name)},
            {"expected", event.expected.count()}};
  }
  json::object operator()(const WorkloadDone& event) const {
    return {{"event", "workload-done"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"job", static_cast<std::uint64_t>(event.job)},
            {"attempt", event.attempt},
            {"name", printed(event.name)},
            {"result", word_of(event.result)},
            {"detail", printed(event.detail)},
            {"took", event.took.count()},
            {"log", printed(event.log)},
            {"left", event.left},
            {"expected_left", event.expected_left.count()}};
  }
  json::object operator()(const WorkerGone& event) const {
    return {{"event", "worker-gone"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"reason", printed(event.reason)},
            {"restarting", event.restarting}};
  }
  json::object operator()(const Notice& event) const { return {{"event", "notice"}, {"text", printed(event.text)}}; }
  json::object operator()(const SuiteEnded& event) const {
    json::array phases;
    for (const auto& [phase, at] : event.phases) {
      phases.push_back(json::object{{"phase", printed(phase)}, {"at", at.count()}});
    }
    return {{"event", "suite-ended"},
            {"result", event.result},
            {"message", printed(event.message)},
            {"passed", event.counts.passed},
            {"failed", event.counts.failed},
            {"timed_out", event.counts.timed_out},
            {"flaky", event.counts.flaky},
            {"lost", event.counts.lost},
            {"cancelled", event.counts.cancelled},
            {"not_run", event.counts.not_run},
            {"failures", list_of(event.failures)},
            {"earlier_failures", list_of(event.earlier_failures)},
            {"flaky_workloads", list_of(event.flaky)},
            {"hunted", list_of(event.hunted)},
            {"workers", event.workers},
            {"wall", event.wall.count()},
            {"makespan", event.makespan.count()},
            {"bound", event.bound.count()},
            {"time_split",
             {{"work", event.split.work.count()},
              {"start_up", event.split.start_up.count()},
              {"dispatch", event.split.dispatch.count()},
              {"imbalance", event.split.imbalance.count()},
              {"retries", event.split.retries.count()},
              {"idle", event.split.idle.count()}}},
            {"phases", std::move(phases)},
            {"log_directory", printed(event.log_directory)},
            {"exit_code", event.exit_code}};
  }
  json::object operator()(const Tick& /*event*/) const { return {}; }
};

}  // namespace

std::string suite_json_line(const SuiteEvent& event, Seconds now) {
  json::object object = std::visit(ToJson{}, event);
  if (object.empty()) return {};
  object["time"] = now.count();
  return output::json_without_commands(json::serialize(object));
}

Result<std::unique_ptr<SuiteJson>> SuiteJson::open(const std::string& path) {
  return output::OutputFile::open(path, output::OutputFile::Way::straight).map([](output::OutputFile&& file) {
    return std::unique_ptr<SuiteJson>{new SuiteJson{std::move(file)}};
  });
}

void SuiteJson::show(const SuiteEvent& event, Seconds now) {
  const std::string line = suite_json_line(event, now);
  if (line.empty()) return;
  file_.write(line + "\n");
  file_.flush();  // a script may follow the file meanwhile
}

Result<void> SuiteJson::close() { return file_.commit(); }

}  // namespace nmz::view
