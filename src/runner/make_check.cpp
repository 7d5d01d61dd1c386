// make check, of Automake's parallel test harness. A workload is one of TESTS; after -- stands what make takes (-C
// DIRECTORY, VARIABLE=value).
//
// The test programs are built with the list. Each test is then a run of check-TESTS of its own, with its own
// test-suite.log, because the harness notes no times: several runs in one directory share only the logs of different
// tests. What the .trs file says (:global-test-result:) is the verdict. The report has lines "TEST BEGAN ENDED RESULT",
// of which the first may have spaces.
#include <charconv>
#include <utility>

#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"

namespace nmz::runner {
namespace {

constexpr const char* makefile =
    "nmz-list:\n"
    "\t@for nmz_test in $(TESTS); do echo \"$$nmz_test\"; done\n"
    "nmz-result:\n"
    "\t@sed -n 's/^:global-test-result: *//p' $(TEST_LOGS:.log=.trs)\n"
    "\t@cat $(TEST_LOGS) >&2\n"
    ".PHONY: nmz-list nmz-result\n";

std::string_view last_word(std::string_view& line) {
  const std::size_t blank = line.rfind(' ');
  const std::string_view word = line.substr(blank == std::string_view::npos ? 0 : blank + 1);
  line = line.substr(0, blank == std::string_view::npos ? 0 : blank);
  return word;
}

double number_in(std::string_view word) {
  double number = 0;
  static_cast<void>(std::from_chars(word.data(), word.data() + word.size(), number));
  return number;
}

Verdict verdict_of(std::string_view result) {
  if (result == "PASS") return Verdict::passed;
  if (result == "SKIP") return Verdict::skipped;
  if (result == "XFAIL") return Verdict::expected_failure;
  return result == "FAIL" || result == "XPASS" ? Verdict::failed : Verdict::error;
}

class MakeCheck final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    Script script{
        "make \"$@\" check TESTS= >&2 || exit\n"
        "exec make -s --no-print-directory \"$@\" -f Makefile -f \"$nmz/nmz.mk\" nmz-list\n",
        given};
    script.files.emplace_back("nmz.mk", makefile);
    return script;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> /*ids*/) const override {
    Script script{
        "nmz_now() { date +%s.%N; }\n"
        "nmz_status=0\n"
        "while IFS= read -r nmz_test; do\n"
        "  nmz_began=$(nmz_now)\n"
        "  make -s --no-print-directory \"$@\" check-TESTS TESTS=\"$nmz_test\" TEST_SUITE_LOG=\"nmz-$$.log\" "
        "</dev/null >/dev/null || nmz_status=1\n"
        "  nmz_ended=$(nmz_now)\n"
        "  nmz_result=$(make -s --no-print-directory \"$@\" -f Makefile -f \"$nmz/nmz.mk\" nmz-result "
        "TESTS=\"$nmz_test\" 2>\"$nmz/log\")\n"
        "  [ \"$nmz_result\" = PASS ] || cat \"$nmz/log\"\n"
        "  printf '%s %s %s %s\\n' \"$nmz_test\" \"$nmz_began\" \"$nmz_ended\" \"$nmz_result\" >>\"$nmz/report\"\n"
        "done <\"$nmz/ids\"\n"
        "make -s --no-print-directory \"$@\" -f Makefile -f \"$nmz/nmz.mk\" nmz-tidy NMZ_LOG=\"nmz-$$.log\"\n"
        "exit \"$nmz_status\"\n",
        given};
    script.files.emplace_back("nmz.mk", std::string{makefile} + "nmz-tidy:\n\t@rm -f $(NMZ_LOG)\n");
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    Report report;
    for (const File& file : files) {
      std::string_view text = file.content;
      while (!text.empty()) {
        std::string_view line = take_line(text);
        TestEnd end;
        const std::string_view result = last_word(line);
        const double ended = number_in(last_word(line));
        end.took = duration(ended - number_in(last_word(line)));
        end.verdict = verdict_of(result);
        if (result != "PASS" && result != "FAIL" && result != "SKIP" && result != "XFAIL")
          end.detail = first_line(result);
        end.id = line;
        if (!end.id.empty()) report.ends.push_back(std::move(end));
      }
    }
    return report;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.says("Makefile", "check-TESTS:") ? "Makefile" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_make_check() { return std::make_unique<MakeCheck>(); }

}  // namespace nmz::runner
