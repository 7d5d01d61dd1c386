// go test. After -- stand packages (./... if there are none) and flags, values with '=' (-tags=x).
//
// A test is called PACKAGE:NAME. A group is tests of one package: one `go test -json -run`, whose events are the
// report. test2json makes them of what the test program prints; from Go 1.20 on its lines carry a mark that tests do
// not print by accident. Of several ends of one test a failure counts. Subtests sum up to their test.
#include <algorithm>
#include <map>
#include <utility>

#include <boost/json.hpp>

#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

struct Event {
  std::string action;
  std::string package;
  std::string test;
  std::string output;
  double elapsed = 0;
};

std::optional<Event> event_in(std::string_view line) {
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value value = json::parse(line, error, {}, any_bytes);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::nullopt;
  const auto text = [object](std::string_view name) {
    const json::value* const found = object->if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->get_string()} : std::string{};
  };
  Event event;
  event.action = text("Action");
  event.package = text("Package");
  event.test = text("Test");
  event.output = text("Output");
  const json::value* const elapsed = object->if_contains("Elapsed");
  if (elapsed != nullptr && elapsed->is_number()) event.elapsed = elapsed->to_number<double>();
  return event;
}

/// "    file_test.go:12: why" is the detail, the lines about the test itself are not.
std::string why_in(const std::string& output) {
  std::string_view rest{output};
  while (!rest.empty()) {
    std::string line = first_line(take_line(rest));
    if (!line.empty() && !line.starts_with("=== ") && !line.starts_with("--- ")) return line;
  }
  return {};
}

class Go final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"exec go test -json -list . \"$@\"", with_packages(given)};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    while (!output.empty()) {
      const auto event = event_in(take_line(output));
      if (!event || event->action != "output") continue;
      const std::string name = event->output.substr(0, event->output.find_last_not_of("\r\n") + 1);
      const bool test = name.starts_with("Test") || name.starts_with("Example") || name.starts_with("Fuzz");
      if (test && name.find_first_of(" \t") == std::string::npos) ids.push_back(event->package + ":" + name);
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    const std::string package{ids.empty() ? std::string_view{} : unit(ids.front())};
    std::vector<std::string> names;
    for (const std::string& id : ids) names.push_back(id.substr(package.size() + 1));
    return {
        "nmz_status=0\n"
        "go test -json -count=1 \"$@\" >\"$nmz/report.json\" || nmz_status=$?\n"
        "exit \"$nmz_status\"\n",
        joined(take_apart(given).options, {"-run", any_of_exactly(names), package})};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    std::map<std::string, TestEnd> ends;
    Report report;
    for (const File& file : files) {
      std::string_view text = file.content;
      while (!text.empty()) {
        if (const auto event = event_in(take_line(text)); event && !event->test.empty()) take(*event, ends, report);
      }
    }
    return report;
  }

  [[nodiscard]] std::string_view unit(std::string_view id) const override { return id.substr(0, id.rfind(':')); }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.has("go.mod") ? "go.mod" : "";
  }

 private:
  static std::vector<std::string> with_packages(const std::vector<std::string>& given) {
    return take_apart(given).operands.empty() ? joined(given, {"./..."}) : given;
  }

  static void take(const Event& event, std::map<std::string, TestEnd>& ends, Report& report) {
    const std::string name = event.test.substr(0, event.test.find('/'));
    const std::string id = event.package + ":" + name;
    TestEnd& end = ends[id];
    end.id = id;
    if (event.action == "output") {
      constexpr std::size_t enough = std::size_t{64} << 10;
      if (end.output.size() < enough) end.output += event.output;
      return;
    }
    if (event.test != name) return;
    const bool passed = event.action == "pass";
    const bool skipped = event.action == "skip";
    if (!passed && !skipped && event.action != "fail") return;
    end.verdict = passed ? Verdict::passed : skipped ? Verdict::skipped : Verdict::failed;
    end.took = duration(event.elapsed);
    end.detail = passed ? "" : why_in(end.output);
    TestEnd told = end;
    told.output = excerpt(end.output);
    report.ends.push_back(std::move(told));
  }
};

}  // namespace

std::unique_ptr<Runner> make_go() { return std::make_unique<Go>(); }

}  // namespace nmz::runner
