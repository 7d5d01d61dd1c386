// Any tool that writes JUnit XML files: Maven's Surefire, Gradle, PHPUnit, Catch2, ... After -- stands where its
// reports are, then its command with the place where tests go:
//
//     'target/surefire-reports/*.xml' mvn -q surefire:test '-Dtest={class},...'
//     'build/test-results/test/*.xml' gradle test --rerun '--tests={class}.{name}'
//     junit.xml ./tests '{name},...' -r junit -o {report}
//
// Leading words that end with .xml are reports, and patterns of a shell's. Those of an earlier run are the list, since
// no two of these tools list their tests alike; their times are what is expected. One other word has {class}, {name}
// and {file}, as a <testcase> has them, or {} for {class}.{name}: what stands from its first place to its last is a
// test's name here. So it is the user who says what a test is: with {class} alone all cases of a class are one, whose
// verdict is the worst of theirs. The word comes once for each test, or once for all if "..." follows behind what is to
// stand between two: '-Dtest={class},...'.
//
// {report}, in any other word, is a file of the execution's own for its report. Without it the reports are those at the
// patterns that were written since it began; two executions can then write to one file at the same time, unless a test
// is what has a file.
//
// What places stand for was written by what is tested. It is a word for the command, and in the script of a shell
// (sh -c) there may be no place.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "nmz/runner/junit.hpp"

#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"

namespace nmz::runner {
namespace {

enum class Part : std::uint8_t { both, classname, name, file };
constexpr std::array places{
    std::pair{std::string_view{"{}"}, Part::both}, std::pair{std::string_view{"{class}"}, Part::classname},
    std::pair{std::string_view{"{name}"}, Part::name}, std::pair{std::string_view{"{file}"}, Part::file}};
constexpr std::string_view report_place = "{report}";
/// Comes back with the report, so that its reader knows how tests are named.
constexpr const char* pattern_file = "report.names";

const auto* place_at(std::string_view text) {
  return std::ranges::find_if(places, [text](const auto& place) { return text.starts_with(place.first); });
}

std::string part_of(const JunitCase& one, Part part) {
  switch (part) {
    case Part::classname:
      return one.classname;
    case Part::name:
      return one.end.id;
    case Part::file:
      return one.file;
    case Part::both:
      break;
  }
  return one.classname.empty() || one.end.id.empty() ? one.end.id : one.classname + "." + one.end.id;
}

/// Empty if it lacks what it is called by.
std::string name_of(const JunitCase& one, std::string_view pattern) {
  std::string name;
  while (!pattern.empty()) {
    const auto* const place = place_at(pattern);
    if (place == places.end()) {
      name += pattern.front();
      pattern.remove_prefix(1);
      continue;
    }
    const std::string part = part_of(one, place->second);
    if (part.empty()) return {};
    name += part;
    pattern.remove_prefix(place->first.size());
  }
  std::ranges::replace(name, '\n', ' ');
  return name;
}

/// A word with places: BEFORE PATTERN [SEPARATOR ...] AFTER.
struct TestWord {
  std::string before;
  std::string pattern;
  std::optional<std::string> separator;
  std::string after;

  [[nodiscard]] std::vector<std::string> filled(std::span<const std::string> ids) const {
    std::vector<std::string> words;
    std::string all;
    for (const std::string& id : ids) {
      if (!separator) words.push_back(before + id + after);
      if (!all.empty()) all += separator.value_or("");
      all += id;
    }
    if (separator) words.push_back(before + all + after);
    return words;
  }
};

std::optional<TestWord> test_word(std::string_view word) {
  std::size_t first = word.size();
  std::size_t end = 0;
  for (std::size_t at = 0; at < word.size(); ++at) {
    const auto* const place = place_at(word.substr(at));
    if (place == places.end()) continue;
    first = std::min(first, at);
    end = at + place->first.size();
  }
  if (end == 0) return std::nullopt;
  TestWord result;
  result.before = word.substr(0, first);
  result.pattern = word.substr(first, end - first);
  result.after = word.substr(end);
  constexpr std::string_view more = "...";
  if (const std::size_t dots = result.after.find(more); dots != std::string::npos) {
    result.separator = result.after.substr(0, dots);
    result.after.erase(0, dots + more.size());
  }
  return result;
}

/// For a shell, as one word of it.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  while (!text.empty()) {
    if (text.starts_with(report_place)) {
      word += "'\"$NMZ_REPORT\"'";
      text.remove_prefix(report_place.size());
      continue;
    }
    word += text.front() == '\'' ? std::string{R"('\'')"} : std::string{text.front()};
    text.remove_prefix(1);
  }
  return word + "'";
}

bool is_script(const std::vector<std::string>& words, std::size_t at) {
  if (at == 0 || !words[at - 1].ends_with('c') || !words[at - 1].starts_with('-')) return false;
  return !words[at - 1].starts_with("--") && std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(at),
                                                         [](const auto& word) { return word.ends_with("sh"); });
}

/// What the user wrote after --.
struct Given {
  std::string reports;  ///< a shell's words
  std::string before;   ///< of the command, the same
  TestWord tests;
  std::string after;
  bool own_report = false;
  std::string wrong;  ///< why it is none of this
};

Given read_words(const std::vector<std::string>& words) {
  Given given;
  std::size_t at = 0;
  for (; at < words.size() && words[at].ends_with(".xml") && words[at].find('{') == std::string::npos; ++at) {
    given.reports += " " + shell_word(words[at]);
  }
  bool found = false;
  if (at == 0) given.wrong = "the first word after -- is where its reports are: '*.xml'";
  if (at == words.size() && at > 0) given.wrong = "its command goes behind its reports";
  for (; at < words.size() && given.wrong.empty(); ++at) {
    auto tests = test_word(words[at]);
    given.own_report = given.own_report || (!tests && words[at].find(report_place) != std::string::npos);
    if (!tests) {
      (found ? given.after : given.before) += shell_word(words[at]) + " ";
    } else if (found) {
      given.wrong = "two words of its command have a place for tests: " + words[at];
    } else if (is_script(words, at)) {
      given.wrong = R"(a script may not have a test's name in it; sh -c '... "$@"' sh {})";
    } else {
      given.tests = std::move(*tests);
      found = true;
    }
  }
  if (!found && given.wrong.empty())
    given.wrong = "no word of its command has a place for tests: {}, {class}, {name}, {file}";
  return given;
}

/// Nothing else is split or replaced in the patterns than what they are there for.
std::string for_each_report(const Given& given, const std::string& what) {
  return "IFS=\nfor nmz_pattern in" + given.reports +
         "; do\n  for nmz_file in $nmz_pattern; do\n    [ -f \"$nmz_file\" ] || continue\n" + what + "  done\ndone\n";
}

/// LENGTH, then the file; first the pattern.
std::vector<File> listed(std::string_view output) {
  std::vector<File> files{{pattern_file, std::string{take_line(output)}}};
  while (!output.empty()) {
    const std::string_view head = take_line(output);
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(head.data(), head.data() + head.size(), length);
    if (error != std::errc{} || end != head.data() + head.size()) break;
    length = std::min(length, output.size());
    files.push_back({"report", std::string{output.substr(0, length)}});
    output.remove_prefix(length);
    static_cast<void>(take_line(output));
  }
  return files;
}

/// How bad a verdict is for what several cases make up.
int badness(Verdict verdict) {
  if (is_failure(verdict)) return 2;
  return is_skip(verdict) ? 0 : 1;
}

/// Cases of one name are one test: the worst of them says what it was.
void add(TestEnd end, TestEnd& sum) {
  const auto took = sum.took + end.took;
  if (badness(end.verdict) > badness(sum.verdict)) sum = std::move(end);
  sum.took = took;
}

Report ends_in(std::span<const File> files) {
  const auto named = std::ranges::find(files, std::string_view{pattern_file}, &File::name);
  const std::string pattern = named == files.end() || named->content.empty() ? "{}" : named->content;
  Report report;
  std::map<std::string, std::size_t, std::less<>> known;
  for (const File& file : files) {
    if (file.name == pattern_file) continue;
    for (JunitCase& one : read_junit(file.content)) {
      const std::string name = name_of(one, pattern);
      if (name.empty()) continue;
      const bool part = name.find(one.end.id) == std::string::npos;
      if (part && !one.end.detail.empty()) one.end.detail = first_line(one.end.id + ": " + one.end.detail);
      one.end.id = name;
      const auto [place, fresh] = known.emplace(name, report.ends.size());
      if (fresh) {
        report.ends.push_back(std::move(one.end));
      } else {
        add(std::move(one.end), report.ends[place->second]);
      }
    }
  }
  return report;
}

class JunitFiles final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& words) const override {
    const Given given = read_words(words);
    if (!given.wrong.empty()) return {R"(printf '%s\n' "$1" >&2; exit 2)", {given.wrong}};
    return {"printf '%s\\n' \"$1\"\nnmz_none=1\n" +
                for_each_report(given,
                                "    printf '%s\\n' \"$(($(wc -c <\"$nmz_file\")))\"; cat \"$nmz_file\"; echo\n"
                                "    nmz_none=0\n") +
                "[ $nmz_none = 0 ] || echo \"no report of an earlier run is there to take the tests from: $2\" >&2\n"
                "exit $nmz_none\n",
            {given.tests.pattern, words.front()}};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    for (TestEnd& end : ends_in(listed(output)).ends) ids.push_back(std::move(end.id));
    if (!ids.empty()) return ids;
    return fail(ErrorKind::rejected,
                "the reports of the earlier run have no test that is named as the command wants it");
  }

  [[nodiscard]] std::vector<TestEnd> read_times(std::string_view output) const override {
    return ends_in(listed(output)).ends;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& words, std::span<const std::string> ids) const override {
    const Given given = read_words(words);
    const std::string collect =
        "nmz_count=0\n" + for_each_report(given,
                                          "    [ \"$nmz/ids\" -nt \"$nmz_file\" ] && continue\n"
                                          "    nmz_count=$((nmz_count + 1))\n"
                                          "    cp \"$nmz_file\" \"$nmz/report-$nmz_count.xml\"\n");
    // It outlives a TERM, and then tells what has been written.
    Script script{"export NMZ_REPORT=\"$nmz/report.xml\" NMZ_TESTS=\"$nmz/ids\"\ntrap : TERM INT HUP\n" + given.before +
                      "\"$@\" " + given.after + "\nnmz_status=$?\n" + (given.own_report ? "" : collect) +
                      "exit $nmz_status\n",
                  given.tests.filled(ids)};
    script.files.emplace_back(pattern_file, given.tests.pattern);
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    return ends_in(files);
  }

  /// All in one word: no word may be longer than 128 KiB.
  [[nodiscard]] std::size_t most_together() const override { return 200; }
};

}  // namespace

std::unique_ptr<Runner> make_junit_files() { return std::make_unique<JunitFiles>(); }

}  // namespace nmz::runner
