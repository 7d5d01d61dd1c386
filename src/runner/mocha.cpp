// Mocha (9 and later). After -- stands what it takes; its own configuration says where the tests are.
//
// A test is called by its full title, and chosen by --grep: files that are named beside those of a configuration would
// only come to them. Each group loads all files. Tests of one title are one.
#include <array>
#include <utility>

#include <boost/json.hpp>

#include "javascript.hpp"
#include "json_fields.hpp"
#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

/// What mocha prints before its report (of a --require) is no part of it.
Report ends_in(std::string_view text) {
  Report report;
  text.remove_prefix(std::min(text.find('{'), text.size()));
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value value = json::parse(text, error, {}, any_bytes);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) return report;
  constexpr std::array lists{std::pair{"failures", Verdict::failed}, std::pair{"pending", Verdict::skipped},
                             std::pair{"passes", Verdict::passed}};
  for (const auto& [list, verdict] : lists) {
    const json::value* const tests = object->if_contains(list);
    if (tests == nullptr || !tests->is_array()) continue;
    for (const json::value& one : tests->get_array()) {
      const json::object* const test = one.if_object();
      if (test == nullptr) continue;
      TestEnd end;
      end.id = text_of(*test, "fullTitle");
      end.verdict = verdict;
      const json::value* const took = test->if_contains("duration");
      constexpr double milliseconds = 1000;
      if (took != nullptr && took->is_number()) end.took = duration(took->to_number<double>() / milliseconds);
      const json::value* const problem = test->if_contains("err");
      if (problem != nullptr && problem->is_object() && verdict == Verdict::failed) {
        end.detail = first_line(text_of(problem->get_object(), "message"));
        end.output = excerpt(text_of(problem->get_object(), "stack"));
      }
      report.ends.push_back(std::move(end));
    }
  }
  return report;
}

class Mocha final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {local_program("mocha") + "exec \"$@\" --dry-run --reporter json\n", given};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    for (const TestEnd& end : ends_in(output).ends) ids.push_back(end.id);
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    return {local_program("mocha") + "exec \"$@\" --reporter json --reporter-option \"output=$nmz/report.json\"\n",
            joined(given, {"--grep", any_of_exactly(ids)})};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    Report report;
    for (const File& file : files) {
      for (TestEnd& end : ends_in(file.content).ends) report.ends.push_back(std::move(end));
    }
    return report;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    for (const char* const file : {".mocharc.js", ".mocharc.cjs", ".mocharc.json", ".mocharc.yml", ".mocharc.yaml"}) {
      if (directory.has(file)) return file;
    }
    return directory.says("package.json", "\"mocha\"") ? "package.json" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_mocha() { return std::make_unique<Mocha>(); }

}  // namespace nmz::runner
