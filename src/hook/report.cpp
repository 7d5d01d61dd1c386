#include "report.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <string_view>
#include <system_error>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "nmz/git_program/git_program.hpp"
#include "nmz/hook/lines.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/text/utf8.hpp"

#include "repository.hpp"

namespace nmz::hook {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

using Kind = Finding::Kind;
constexpr std::size_t short_id = 12;

const events::SearchResult& result_of(const Told& told) { return told.finding.end.search; }

bool has_culprit(const Told& told) { return told.finding.kind == Kind::culprit && !result_of(told).suspects.empty(); }

std::string range_of(const Entry& entry) {
  return (entry.from.empty() ? "" : entry.from.substr(0, short_id) + "..") + entry.to.substr(0, short_id);
}

void keep_few(const fs::path& directory) {
  constexpr std::size_t most = 100;
  const std::vector<fs::path> all = reports_in(directory);
  std::error_code error;
  for (std::size_t i = most; i < all.size(); ++i) fs::remove(all[i], error);
}

fs::path write_report(const Told& told, const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  const std::string time = output::local_time(std::chrono::system_clock::now(), "%Y%m%d-%H%M%S");
  fs::path path =
      directory / fmt::format("{}-{}-{}.txt", time, file_name(told.entry.ref), told.entry.to.substr(0, short_id));
  std::ofstream file{path, std::ios::binary};
  file << report_text(told);
  file.close();
  if (!file) tell("cannot write the report '" + path.string() + "'");
  keep_few(directory);
  return path;
}

/// In the repository that was pushed to, where `git log --notes=nmz` shows it.
void write_note(const Told& told) {
  if (!has_culprit(told) || told.entry.event != "post-receive") return;
  const std::string text = report_text(told);
  git_program::GitCommand command;
  command.arguments = {"notes", "--ref=nmz", "add", "--force", "--file=-", result_of(told).suspects.front().commit};
  command.directory = told.directory;
  command.input = text;
  command.set = {"GIT_AUTHOR_NAME=nmzbisect", "GIT_AUTHOR_EMAIL=nmzbisect@localhost", "GIT_COMMITTER_NAME=nmzbisect",
                 "GIT_COMMITTER_EMAIL=nmzbisect@localhost"};
  const auto written = git_program::git_output(command, ErrorKind::rejected);
  if (!written) tell("cannot write the note: " + written.error().message);
}

void notify(const Told& told, const std::string& command, const fs::path& path) {
  constexpr std::chrono::minutes longest{1};
  if (command.empty()) return;
  ForeignRequest request;
  request.command = {command};
  request.input = report_json(told, path.string()) + '\n';
  request.deadline = std::chrono::steady_clock::now() + longest;
  const Result<int> status = run_foreign(request);
  if (!status) tell("nmz.notify: " + status.error().message);
  if (status && *status != 0) tell("nmz.notify ended with exit code " + std::to_string(*status));
}

}  // namespace

std::string headline(const Told& told) {
  const std::string name = short_name(told.entry.ref) + ": ";
  const std::string tip = told.entry.to.substr(0, short_id);
  switch (told.finding.kind) {
    case Kind::good:
      return name + tip + " is good";
    case Kind::culprit:
      return name + result_of(told).suspects.front().commit.substr(0, short_id) + " (" +
             text::printable(result_of(told).suspects.front().subject) + ") is the first bad commit";
    case Kind::suspects:
      return name + tip + " is bad, and it is not known since when";
    case Kind::older:
      return name + tip + " is bad, as what was there before";
    case Kind::out_of_time:
      return name + tip + ": no answer in time";
    case Kind::no_verdict:
    case Kind::interrupted:
      break;
  }
  return name + tip + " could not be tested";
}

std::string report_text(const Told& told) {
  const events::SearchResult& result = result_of(told);
  std::string text = fmt::format("{}\n\n{} {}, {}\n", headline(told), told.entry.ref, range_of(told.entry), told.when);
  if (!told.finding.why.empty()) text += text::printable(told.finding.why) + '\n';
  if (!result.answer.empty()) text += '\n' + text::printable_lines(result.answer, text::Colours::removed);
  if (!result.log_end.empty()) {
    text += "\nThe end of its log:\n\n" + text::printable_lines(result.log_end, text::Colours::removed);
  }
  if (!result.deciding_log.empty()) text += "\nThe whole log: " + result.deciding_log + '\n';
  return text;
}

std::string report_json(const Told& told, const std::string& report) {
  const events::SearchResult& result = result_of(told);
  json::object all;
  const auto add = [&all](const char* name, const std::string& value) {
    all[name] = json::string{text::printable(value)};
  };
  add("event", told.entry.event);
  add("repository", told.directory);
  add("ref", told.entry.ref);
  add("old", told.entry.from);
  add("new", told.entry.to);
  add("result", word_of(told.finding.kind));
  add("text", headline(told));
  add("why", told.finding.why);
  json::array suspects;
  for (const events::Suspect& one : result.suspects) {
    suspects.push_back(json::object{{"commit", one.commit}, {"subject", text::printable(one.subject)}});
  }
  all["suspects"] = std::move(suspects);
  if (has_culprit(told)) add("culprit", result.suspects.front().commit);
  all["log_end"] = json::string{text::printable_lines(result.log_end, text::Colours::removed)};
  add("log", result.deciding_log);
  add("report", report);
  all["seconds"] = told.finding.end.wall.count();
  return json::serialize(all);
}

fs::path report(const Told& told, const Settings& settings, const Queue& queue) {
  fs::path path =
      write_report(told, settings.reports.empty() ? queue.directory() / "reports" : fs::path{settings.reports});
  write_note(told);
  notify(told, settings.notify, path);
  return path;
}

std::vector<fs::path> reports_in(const fs::path& directory) {
  std::vector<fs::path> all;
  std::error_code error;
  for (const fs::directory_entry& file : fs::directory_iterator{directory, error}) {
    if (file.path().extension() == ".txt") all.push_back(file.path());
  }
  std::ranges::sort(all, std::greater<>{});
  return all;
}

}  // namespace nmz::hook
