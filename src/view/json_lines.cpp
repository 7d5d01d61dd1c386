#include "nmz/view/json_lines.hpp"

#include <cerrno>
#include <system_error>

#include <boost/json.hpp>

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
            {"serial_wall", event.serial_wall.count()},
            {"log_directory", printed(event.log_directory)},
            {"exit_code", event.exit_code}};
  }
  json::object operator()(const Tick& /*event*/) const { return {}; }
};

}  // namespace

std::string json_line(const Event& event, Seconds now) {
  json::object object = std::visit(ToJson{}, event);
  if (object.empty()) return {};
  object["time"] = now.count();
  return json::serialize(object);
}

Result<std::unique_ptr<JsonLines>> JsonLines::open(const std::string& path) {
  std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "we");
  if (file == nullptr) {
    return fail(ErrorKind::misconfigured,
                "cannot write '" + path + "': " + std::error_code{errno, std::generic_category()}.message());
  }
  return std::unique_ptr<JsonLines>{new JsonLines{file}};
}

JsonLines::~JsonLines() {
  if (file_ != stdout) static_cast<void>(std::fclose(file_));
}

void JsonLines::show(const Event& event, Seconds now) {
  std::string line = json_line(event, now);
  if (line.empty()) return;
  line += '\n';
  static_cast<void>(std::fwrite(line.data(), 1, line.size(), file_));
  static_cast<void>(std::fflush(file_));  // a script may follow the file while the search runs
}

}  // namespace nmz::view
