// GoogleTest. After -- stand the test programs, and options for all of them (--gtest_...).
//
// A test is called PROGRAM:SUITE.TEST. A group is one process of one program, with --gtest_filter. Its report is XML,
// written at the end: of a program that dies there is none, and nothing that it printed is believed, for tests print
// what they like. The group is halved until the one that dies is alone: starts are cheap here.
#include <utility>

#include "nmz/runner/junit.hpp"

#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

class Gtest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    const Words words = take_apart(given);
    // The programs, an empty word, the options.
    Script script{
        "[ -n \"$1\" ] || { echo 'name the test programs after --' >&2; exit 2; }\n"
        "while [ -n \"$1\" ]; do\n"
        "  printf '%s\\n' \"$1\" >>\"$nmz/programs\"\n"
        "  shift\n"
        "done\n"
        "shift\n"
        "while IFS= read -r nmz_program; do\n"
        "  printf '#%s\\n' \"$nmz_program\"\n"
        "  \"$nmz_program\" --gtest_list_tests \"$@\" </dev/null || exit\n"
        "done <\"$nmz/programs\"\n",
        joined(joined(words.operands, {""}), words.options)};
    return script;
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    std::string program;
    std::string suite;
    while (!output.empty()) {
      std::string_view line = take_line(output);
      if (line.starts_with('#')) {
        program = line.substr(1);
        suite.clear();
        continue;
      }
      const bool test = line.starts_with("  ");
      line = line.substr(0, line.find("  #"));  // GetParam() = ..., TypeParam = ...
      if (test) line.remove_prefix(std::min<std::size_t>(line.size(), 2));
      if (!test && line.ends_with('.') && line.find(' ') == std::string_view::npos) {
        suite = line;
      } else if (test && !suite.empty() && !line.empty()) {
        ids.push_back(std::string{program}.append(":").append(suite).append(line));
      }
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    std::string filter;
    for (const std::string& id : ids) filter += (filter.empty() ? "" : ":") + id.substr(unit(id).size() + 1);
    const std::string program{ids.empty() ? std::string_view{} : unit(ids.front())};
    return {R"(exec "$@" --gtest_output="xml:$nmz/report.xml")",
            joined(joined({program}, take_apart(given).options), {"--gtest_filter=" + filter})};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> ids) const override {
    Report report;
    const std::string program{ids.empty() ? std::string_view{} : unit(ids.front())};
    for (const File& file : files) {
      for (JunitCase& one : read_junit(file.content)) {
        one.end.id = program + ":" + one.suite + "." + one.end.id;
        report.ends.push_back(std::move(one.end));
      }
    }
    return report;
  }

  [[nodiscard]] std::string_view unit(std::string_view id) const override {
    const std::size_t colon = id.rfind(':');
    return id.substr(0, colon == std::string_view::npos ? 0 : colon);
  }
};

}  // namespace

std::unique_ptr<Runner> make_gtest() { return std::make_unique<Gtest>(); }

}  // namespace nmz::runner
