// A runner that somebody has described:
//
//     list = ./suite --list
//     run = ./suite --junit "$NMZ_REPORT" "$@"
//     report = junit
//
// `list` prints a test a line, with "$@" what stands after --. `run` gets the tests as "$@" and in the file $NMZ_TESTS,
// a line each, and leaves its report in $NMZ_REPORT: `junit` (XML), `tap`, `journal` (journal.hpp); or its exit status
// is the verdict of its test (`exit`), which then runs alone. A test's name in a report is the one of the list; in XML
// also CLASSNAME.NAME or CLASSNAME::NAME. '#' begins a comment line; a line that ends with a backslash goes on.
#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "nmz/runner/journal.hpp"
#include "nmz/runner/junit.hpp"
#include "nmz/runner/tap.hpp"

#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace {

enum class Format : std::uint8_t { journal, junit, tap, exit };

constexpr std::array formats{std::pair{"journal", Format::journal}, std::pair{"junit", Format::junit},
                             std::pair{"tap", Format::tap}, std::pair{"exit", Format::exit}};

Report read_cases(const File& file, std::span<const std::string> ids) {
  Report report;
  for (JunitCase& one : read_junit(file.content)) {
    const std::array names{one.end.id, one.classname + "." + one.end.id, one.classname + "::" + one.end.id};
    const auto* const known = std::ranges::find_if(
        names, [ids](const std::string& name) { return std::ranges::find(ids, name) != ids.end(); });
    if (known == names.end()) continue;
    one.end.id = *known;
    report.ends.push_back(std::move(one.end));
  }
  return report;
}

class Described final : public Runner {
 public:
  Described(std::string list, std::string run, Format format)
      : list_{std::move(list)}, run_{std::move(run)}, format_{format} {}

  [[nodiscard]] Script list(const std::vector<std::string>& given) const override { return {list_ + "\n", given}; }

  [[nodiscard]] Script run(const std::vector<std::string>& /*given*/, std::span<const std::string> ids) const override {
    return {"export NMZ_REPORT=\"$nmz/report\" NMZ_TESTS=\"$nmz/ids\"\n" + run_ + "\n", {ids.begin(), ids.end()}};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> ids) const override {
    Report all;
    for (const File& file : files) {
      Report one = format_ == Format::junit ? read_cases(file, ids)
                   : format_ == Format::tap ? read_tap(file.content)
                                            : read_journal(file.content);
      std::ranges::move(one.ends, std::back_inserter(all.ends));
      if (one.running) all.running = std::move(one.running);
    }
    return all;
  }

  [[nodiscard]] std::size_t most_together() const override {
    return format_ == Format::exit ? 1 : Runner::most_together();
  }
  [[nodiscard]] bool status_is_verdict() const override { return format_ == Format::exit; }

 private:
  std::string list_;
  std::string run_;
  Format format_;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

}  // namespace

Result<std::unique_ptr<Runner>> described(std::string_view text, const std::string& file) {
  std::map<std::string, std::string, std::less<>> said;
  while (!text.empty()) {
    std::string line{trimmed(take_line(text))};
    while (line.ends_with('\\') && !text.empty()) {
      line.pop_back();
      line += trimmed(take_line(text));
    }
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string name{trimmed(std::string_view{line}.substr(0, equals))};
    const bool known = name == "list" || name == "run" || name == "report";
    if (equals == std::string::npos || !known) {
      return fail(ErrorKind::misconfigured, std::string{"--runner "}
                                                .append(file)
                                                .append(": a line is none of list = , run = , report = : ")
                                                .append(line));
    }
    said[name] = trimmed(std::string_view{line}.substr(equals + 1));
  }
  for (const char* const needed : {"list", "run", "report"}) {
    if (said[needed].empty()) return fail(ErrorKind::misconfigured, "--runner " + file + ": it does not say " + needed);
  }
  const auto* const format =
      std::ranges::find(formats, said["report"], [](const auto& one) { return std::string{one.first}; });
  if (format == formats.end()) {
    return fail(ErrorKind::misconfigured, "--runner " + file + ": report is one of junit, tap, journal, exit");
  }
  return std::make_unique<Described>(said["list"], said["run"], format->second);
}

}  // namespace nmz::runner
