#include "nmz/view/json_lines.hpp"

#include <utility>

#include <boost/json.hpp>

#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::view {
namespace json = boost::json;
namespace {

json::string printed(const std::string& bytes) { return json::string{text::printable(bytes)}; }

struct ToJson {
  json::object operator()(const SearchStarted& event) const {
    return {{"event", "search-started"},
            {"candidates", event.candidates},
            {"workers", event.workers},
            {"rounds", event.rounds},
            {"log_directory", printed(event.log_directory)}};
  }
  json::object operator()(const JobStarted& event) const {
    return {{"event", "job-started"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"job", static_cast<std::uint64_t>(event.job)},
            {"attempt", event.attempt},
            {"commit", printed(event.commit)}};
  }
  json::object operator()(const JobDone& event) const {
    return {{"event", "job-done"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"job", static_cast<std::uint64_t>(event.job)},
            {"attempt", event.attempt},
            {"commit", printed(event.commit)},
            {"subject", printed(event.subject)},
            {"verdict", printed(event.word)},
            {"detail", printed(event.detail)},
            {"took", event.took.count()},
            {"log", printed(event.log)}};
  }
  json::object operator()(const Progress& event) const {
    return {{"event", "progress"},
            {"candidates_left", event.candidates_left},
            {"tests", event.tests},
            {"rounds_left", event.rounds_left},
            {"expected_left", event.expected_left.count()}};
  }
  json::object operator()(const WorkerGone& event) const {
    return {{"event", "worker-gone"},
            {"worker", static_cast<std::uint32_t>(event.worker)},
            {"reason", printed(event.reason)},
            {"restarting", event.restarting}};
  }
  json::object operator()(const Notice& event) const { return {{"event", "notice"}, {"text", printed(event.text)}}; }
  json::object operator()(const SearchEnded& event) const {
    json::array suspects;
    for (const Suspect& suspect : event.suspects) {
      suspects.push_back(json::object{
          {"commit", printed(suspect.commit)}, {"subject", printed(suspect.subject)}, {"share", suspect.share}});
    }
    return {{"event", "search-ended"},
            {"result", event.result},
            {"message", printed(event.message)},
            {"suspects", std::move(suspects)},
            {"tests", event.tests},
            {"good", event.good},
            {"bad", event.bad},
            {"skip", event.skip},
            {"workers", event.workers},
            {"wall", event.wall.count()},
            {"serial_tests", event.serial_tests},
            {"log_directory", printed(event.log_directory)},
            {"exit_code", event.exit_code}};
  }
  json::object operator()(const SearchPlanned& event) const {
    json::array commits;
    for (const PlannedCommit& one : event.commits) {
      commits.push_back(
          json::object{{"commit", printed(one.commit)}, {"subject", printed(one.subject)}, {"probe", one.probe}});
    }
    return {{"event", "search-planned"},
            {"candidates", event.candidates},
            {"workers", event.workers},
            {"rounds", event.rounds},
            {"commits", std::move(commits)}};
  }
  json::object operator()(const Tick& /*event*/) const { return {}; }
};

}  // namespace

std::string json_line(const Event& event, Seconds now) {
  json::object object = std::visit(ToJson{}, event);
  if (object.empty()) return {};
  object["time"] = now.count();
  return output::json_without_commands(json::serialize(object));
}

Result<std::unique_ptr<JsonLines>> JsonLines::open(const std::string& path) {
  return output::OutputFile::open(path, output::OutputFile::Way::straight).map([](output::OutputFile&& file) {
    return std::unique_ptr<JsonLines>{new JsonLines{std::move(file)}};
  });
}

void JsonLines::show(const Event& event, Seconds now) {
  const std::string line = json_line(event, now);
  if (line.empty()) return;
  file_.write(line + "\n");
  file_.flush();  // a script may follow the file meanwhile
}

Result<void> JsonLines::close() { return file_.commit(); }

}  // namespace nmz::view
