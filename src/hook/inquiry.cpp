#include "inquiry.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace nmz::hook {
namespace {

using Kind = Finding::Kind;

/// Where the child did not get as far as an answer of its own.
bool cut_short(const ChildEnd& child, Finding& finding) {
  if (child.why == ChildEnd::Why::interrupted) finding.kind = Kind::interrupted;
  if (child.why == ChildEnd::Why::deadline) finding.kind = Kind::out_of_time;
  return child.why != ChildEnd::Why::itself;
}

Finding unknown(const ChildEnd& child) {
  Finding finding;
  finding.kind = Kind::no_verdict;
  if (child.end) finding.end = *child.end;
  finding.why = finding.end.message.empty() ? child.trouble : finding.end.message;
  if (finding.why.empty()) finding.why = "the test ended with exit code " + std::to_string(child.exit_code);
  return finding;
}

std::vector<std::string> place(const Question& question) {
  return question.directory.empty() ? std::vector<std::string>{} : std::vector<std::string>{"-C", question.directory};
}

/// nmzswarm beside us, or in PATH.
std::string nmzswarm() {
  std::error_code error;
  const std::filesystem::path here = std::filesystem::canonical("/proc/self/exe", error).parent_path() / "nmzswarm";
  return std::filesystem::exists(here, error) ? here.string() : "nmzswarm";
}

/// A suite's failures are the commit's; that there was nothing to run, or nobody to run it, is not.
void add_suite(std::vector<std::string>& arguments, const std::string& suite) {
  if (suite.empty()) return;
  const std::string line = "\"$0\" " + suite + "\nstatus=$?\ncase $status in 0 | 1) exit $status ;; esac\nexit 125";
  for (const std::string& word : {std::string{"--"}, std::string{"sh"}, std::string{"-c"}, line, nmzswarm()}) {
    arguments.push_back(word);
  }
}

ChildRequest test_of(const Question& question) {
  ChildRequest request;
  request.arguments = {"test"};
  for (const std::string& word : place(question)) request.arguments.push_back(word);
  request.arguments.insert(request.arguments.end(), {"--recall", "-q", question.commit});
  add_suite(request.arguments, question.suite);
  request.deadline = question.deadline;
  request.quiet = true;
  return request;
}

ChildRequest search_of(const Question& question) {
  ChildRequest request;
  request.arguments = place(question);
  const std::vector<std::string> goods = question.goods();
  if (goods.empty()) request.arguments.insert(request.arguments.end(), {"--good", "auto"});
  for (const std::string& good : goods) {
    request.arguments.insert(request.arguments.end(), {"--good", good});
  }
  request.arguments.insert(request.arguments.end(), {"--bad", question.commit});
  if (question.quiet) request.arguments.emplace_back("-q");
  add_suite(request.arguments, question.suite);
  request.deadline = question.deadline;
  request.quiet = question.quiet;
  return request;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

}  // namespace

const char* word_of(Kind kind) {
  constexpr std::array words{"good", "culprit", "suspects", "older", "no-verdict", "out-of-time", "interrupted"};
  return words.at(static_cast<std::size_t>(kind));
}

Finding of_test(const ChildEnd& test) {
  Finding finding;
  if (cut_short(test, finding)) return finding;
  const std::string result = test.end ? test.end->result : "";
  if (result != "good" && result != "bad") return unknown(test);
  finding.kind = result == "good" ? Kind::good : Kind::suspects;
  finding.end = *test.end;
  finding.why = test.end->message;
  return finding;
}

Finding of_search(const ChildEnd& search) {
  Finding finding;
  if (cut_short(search, finding)) return finding;
  finding = unknown(search);
  if (!search.end) {
    finding.kind = Kind::suspects;
    return finding;
  }
  const std::string& result = search.end->result;
  if (result == "found") {
    finding.kind = Kind::culprit;
  } else if (is_one_of(result, {"good-end-is-bad", "merge-base-is-bad", "no-good-end"})) {
    finding.kind = Kind::older;
  } else if (result == "bad-end-is-good") {
    finding.kind = Kind::good;
    finding.why = "it failed once and passed once: the test is not reliable";
  } else if (is_one_of(result, {"only-skipped", "contradiction", "aborted"})) {
    finding.kind = Kind::suspects;
  }
  return finding;
}

Finding inquire(const Question& question) {
  const auto failed = [](const Error& error) {
    Finding finding;
    finding.why = error.message;
    return finding;
  };
  const Result<ChildEnd> test = run_child(test_of(question));
  if (!test) return failed(test.error());
  Finding tested = of_test(*test);
  if (tested.kind != Kind::suspects) return tested;
  const Result<ChildEnd> search = run_child(search_of(question));
  if (!search) return failed(search.error());
  Finding found = of_search(*search);
  if (found.end.search.log_end.empty()) {  // what is known of it all the same
    found.end.search.log_end = tested.end.search.log_end;
    found.end.search.deciding_log = tested.end.search.deciding_log;
  }
  return found;
}

}  // namespace nmz::hook
