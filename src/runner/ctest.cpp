// CTest. The list is --show-only=json-v1, the report --output-junit (CMake 3.21 and later).
//
// Tests are chosen by a regular expression of their names: what the user filters with -R has filtered the list already,
// and of two -R the last one counts. Fixtures come along with each group that needs them, as CTest has it. A test that
// crashes is a process of its own; so is each test, and a group saves only CTest's own start.
//
// "Not run" is two things in CTest: skipped by the test's own word (SKIP_RETURN_CODE, SKIP_REGULAR_EXPRESSION), and a
// failure (the program is missing, a fixture has failed).
#include <algorithm>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "nmz/runner/junit.hpp"

#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

/// Newer ones (3.31) call every failure so, and say no more.
void forget_what_says_nothing(TestEnd& end) {
  constexpr std::string_view words = "Failed";
  if (end.detail != words) return;
  end.detail.clear();
  if (end.output.starts_with(words)) end.output.erase(0, std::min(words.size() + 1, end.output.size()));
}

class Ctest final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"exec ctest --show-only=json-v1 \"$@\"", given};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    json::error_code error;
    const json::value value = json::parse(output, error);
    const json::object* const object = error ? nullptr : value.if_object();
    const json::value* const tests = object == nullptr ? nullptr : object->if_contains("tests");
    if (tests == nullptr || !tests->is_array()) {
      return fail(ErrorKind::rejected, "ctest --show-only=json-v1 gave no list of tests");
    }
    std::vector<std::string> ids;
    for (const json::value& test : tests->get_array()) {
      const json::object* const one = test.if_object();
      const json::value* const name = one == nullptr ? nullptr : one->if_contains("name");
      if (name != nullptr && name->is_string()) ids.emplace_back(name->get_string());
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    return {R"(exec ctest "$@" --output-junit "$nmz/report.xml")", joined(given, {"-R", any_of_exactly(ids)})};
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    Report report;
    for (const File& file : files) {
      for (JunitCase& one : read_junit(file.content)) {
        const bool said_so = one.end.detail.starts_with("SKIP_");
        if (one.end.verdict == Verdict::skipped && !said_so) one.end.verdict = Verdict::error;
        forget_what_says_nothing(one.end);
        report.ends.push_back(std::move(one.end));
      }
    }
    return report;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.has("CTestTestfile.cmake") ? "CTestTestfile.cmake" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_ctest() { return std::make_unique<Ctest>(); }

}  // namespace nmz::runner
