// Bats, the tests of shell programs. After -- stand files and directories (test/ if there are none), and options.
//
// A test is called FILE:NAME. Bats cannot list, so the @test lines are read as it reads them. A group is tests of one
// file, which run its setup_file once; they are chosen by --filter, and the report is its JUnit formatter's,
// for whose end bats does not wait.
#include <array>
#include <string_view>
#include <utility>

#include "nmz/runner/junit.hpp"

#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

constexpr std::array<std::string_view, 7> value_options{"-f", "--filter",    "-j",           "--jobs",
                                                        "-F", "--formatter", "--filter-tags"};

/// "NAME" and 'NAME' without their quotes, and what a shell makes of the former.
std::string unquoted(std::string_view name) {
  const bool twice = name.size() >= 2 && name.front() == '"' && name.back() == '"';
  const bool once = name.size() >= 2 && name.front() == '\'' && name.back() == '\'';
  if (twice || once) name = name.substr(1, name.size() - 2);
  if (once) return std::string{name};
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escapes = name[i] == '\\' && i + 1 < name.size() &&
                         std::string_view{"\"\\$`"}.find(name[i + 1]) != std::string_view::npos;
    if (escapes) ++i;
    result += name[i];
  }
  return result;
}

/// FILE:LINE as grep prints it: the name in `@test NAME {`.
std::string test_in(std::string_view line) {
  constexpr std::string_view blank = " \t";
  const std::size_t at = line.find("@test");
  const std::size_t brace = line.find_last_of('{');
  const std::size_t first = at == std::string_view::npos ? at : line.find_first_not_of(blank, at + 5);
  if (first == std::string_view::npos) return {};
  std::string_view name = line.substr(first, brace == std::string_view::npos ? brace : brace - std::min(first, brace));
  // One that is defined in one line has braces of its own: the name ends with its quote.
  if (const char quote = name.empty() ? ' ' : name.front(); quote == '"' || quote == '\'') {
    std::size_t end = 1;
    while (end < name.size() && (name[end] != quote || (quote == '"' && name[end - 1] == '\\'))) ++end;
    name = name.substr(0, end + 1);
  }
  name = name.substr(0, name.find_last_not_of(blank) + 1);
  return unquoted(name);
}

class Bats final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    Words words = take_apart(given, value_options);
    if (words.operands.empty()) words.operands.emplace_back("test");
    return {
        "for nmz_place do\n"
        "  if [ -d \"$nmz_place\" ]; then printf '%s\\n' \"${nmz_place%/}\"/*.bats; else printf '%s\\n' "
        "\"$nmz_place\"; fi\n"
        "done | while IFS= read -r nmz_place; do\n"
        "  printf '#%s\\n' \"$nmz_place\"\n"
        "  grep '^[[:blank:]]*@test[[:blank:]]' -- \"$nmz_place\" || [ -r \"$nmz_place\" ] || exit\n"
        "done\n",
        std::move(words.operands)};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    std::string file;
    while (!output.empty()) {
      const std::string_view line = take_line(output);
      if (line.starts_with('#')) {
        file = line.substr(1);
      } else if (const std::string name = test_in(line); !name.empty()) {
        ids.push_back(std::string{file}.append(":").append(name));
      }
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    const std::string file{ids.empty() ? std::string_view{} : unit(ids.front())};
    std::vector<std::string> names;
    for (const std::string& id : ids) names.push_back(id.substr(file.size() + 1));
    return {
        "nmz_status=0\n"
        "bats --report-formatter junit --output \"$nmz\" \"$@\" || nmz_status=$?\n"
        "nmz_tries=0\n"
        "until grep -q '</testsuites>' \"$nmz/report.xml\" || [ \"$nmz_tries\" -ge 50 ]; do\n"
        "  nmz_tries=$((nmz_tries + 1)); sleep 0.1\n"
        "done\n"
        "exit \"$nmz_status\"\n",
        joined(take_apart(given, value_options).options, {"--filter", any_of_exactly(names), file})};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> ids) const override {
    Report report;
    const std::string file{ids.empty() ? std::string_view{} : unit(ids.front())};
    for (const File& one : files) {
      for (JunitCase& test : read_junit(one.content)) {
        test.end.id = file + ":" + test.end.id;
        report.ends.push_back(std::move(test.end));
      }
    }
    return report;
  }

  [[nodiscard]] std::string_view unit(std::string_view id) const override {
    constexpr std::string_view ending = ".bats:";
    const std::size_t at = id.find(ending);
    return id.substr(0, at == std::string_view::npos ? id.find(':') : at + ending.size() - 1);
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override { return directory.ending(".bats"); }
};

}  // namespace

std::unique_ptr<Runner> make_bats() { return std::make_unique<Bats>(); }

}  // namespace nmz::runner
