// Reports and lists of test runners, which are written by what is tested: the first byte is the runner, the rest its
// report; and the stream of a job, of which a report is taken out.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nmz/runner/envelope.hpp"
#include "nmz/runner/journal.hpp"
#include "nmz/runner/junit.hpp"
#include "nmz/runner/runner.hpp"
#include "nmz/runner/tap.hpp"

#include "bytes.hpp"

namespace nmz::fuzz {
namespace {

constexpr std::size_t longest_detail = 301;
constexpr std::size_t longest_output = std::size_t{33} << 10;

void check(const runner::Report& report) {
  for (const runner::TestEnd& end : report.ends) {
    demand(end.took.count() >= 0);
    demand(end.output.size() <= longest_output);
    demand(end.detail.size() <= longest_detail + end.id.size());
    demand(std::string{runner::to_string(end.verdict)} != "");
  }
}

void check_runner(const std::string& name, const std::string& text) {
  const auto runner = runner::make(name);
  const std::vector<std::string> ids{"a", "tests/a.test.js", "p:a"};
  const std::vector<runner::File> files{{"report", text}};
  check(runner->read_report(files, ids));
  const auto list = runner->read_list(text);
  if (!list) return;
  for (const std::string& id : *list) demand(id.starts_with(runner->unit(id)));
  if (list->empty()) return;
  std::vector<std::string> group;  // as the plan cuts it
  for (const std::string& id : *list) {
    if (runner->unit(id) == runner->unit(list->front())) group.push_back(id);
  }
  static_cast<void>(runner->run({"x", "-y"}, group));
}

/// In whatever pieces it comes, the same is taken out of it.
void check_envelope(const std::string& text) {
  runner::Envelope whole{"mark"};
  std::string log = whole.take(text);
  log += whole.finish();
  runner::Envelope pieces{"mark"};
  std::string same;
  for (const char c : text) same += pieces.take({&c, 1});
  same += pieces.finish();
  demand(log == same);
  demand(whole.files().has_value() == pieces.files().has_value());
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz;  // NOLINT(google-build-using-namespace)
  if (size == 0) return 0;
  const std::string text{data + 1, data + size};
  static const std::vector<std::string> names = runner::names();
  if (data[0] < names.size()) {
    fuzz::check_runner(names[data[0]], text);
  } else {
    fuzz::check(runner::read_tap(text));
    fuzz::check(runner::read_journal(text));
    for (const runner::JunitCase& one : runner::read_junit(text)) fuzz::demand(one.end.took.count() >= 0);
    static_cast<void>(runner::described(text, "file"));
    fuzz::check_envelope(text);
  }
  return 0;
}
