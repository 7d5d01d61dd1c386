#include "history_command.hpp"

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/history/history.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/text.hpp"

#include "swarm.hpp"

namespace nmz::nmzswarm {
namespace {

using Clock = std::chrono::system_clock;

constexpr const char* usage =
    "Usage: nmzswarm history [OPTION...]           (the suites)\n"
    "       nmzswarm history [OPTION...] SUITE     (its workloads, the longest first)\n"
    "       nmzswarm history prune [--before AGE] [--suite SUITE]\n";

struct Question {
  Question() = default;
  std::vector<std::string> words;  ///< a suite, or "prune"
  std::string file;
  std::optional<std::string> before;
  std::optional<std::string> suite;
};

/// As for parse_time(), and "30d".
Result<std::chrono::milliseconds> parse_age(const std::string& text) {
  if (!text.ends_with('d')) return command_line::parse_time("--before", text);
  double days = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, days);
  constexpr double most = 36500;
  if (error == std::errc{} && end == last && days > 0 && days <= most) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>{days * 86400});
  }
  return fail(ErrorKind::misconfigured, "--before needs an age such as 30d or 12h, not '" + text + "'");
}

int list_suites(history::History& known) {
  const auto suites = need(known.suites());
  std::string text;
  if (!suites.empty())
    text += fmt::format("{:>9}  {:>9}  {:>12}  {:16}  SUITE\n", "WORKLOADS", "RUNS", "TOGETHER", "LAST");
  for (const history::SuiteSummary& one : suites) {
    text += fmt::format("{:>9}  {:>9}  {:>12}  {:16}  {}\n", one.workloads, one.runs, view::duration(one.total),
                        output::local_minute(one.last), text::printable(one.suite));
  }
  output::print(output::without_commands(text));
  return exit_passed;
}

int list_workloads(history::History& known, const std::string& suite) {
  const auto workloads = need(known.workloads(suite));
  if (workloads.empty()) {
    throw StepFailed{Error{ErrorKind::not_found, "nothing is known of a suite '" + suite + "' (see nmzswarm history)"}};
  }
  std::string text =
      fmt::format("{:>12}  {:>12}  {:>7}  {:>7}  {:16}  WORKLOAD\n", "EXPECTED", "DEVIATION", "RUNS", "FAILED", "LAST");
  for (const history::WorkloadSummary& one : workloads) {
    text += fmt::format("{:>12}  {:>12}  {:>7}  {:>7}  {:16}  {}\n", view::duration(one.expectation.mean),
                        view::duration(one.expectation.deviation), one.expectation.runs, one.expectation.failures,
                        output::local_minute(one.last), text::printable(one.workload));
  }
  output::print(output::without_commands(text));
  return exit_passed;
}

int prune(history::History& known, const Question& question) {
  if (!question.before && !question.suite) {
    throw StepFailed{Error{ErrorKind::misconfigured, "history prune needs --before AGE, --suite SUITE or both"}};
  }
  history::PruneRequest request;
  request.suite = question.suite;
  if (question.before) request.before = Clock::now() - need(parse_age(*question.before));
  const std::size_t forgotten = need(known.prune(request));
  output::print(fmt::format("{} workload{} forgotten\n", forgotten, forgotten == 1 ? "" : "s"));
  return exit_passed;
}

int answer(const Question& question) {
  const bool prunes = !question.words.empty() && question.words.front() == "prune";
  if (question.words.size() > 1) {
    throw StepFailed{Error{ErrorKind::misconfigured, "unexpected argument '" + question.words[1] + "'"}};
  }
  if (!prunes && (question.before || question.suite)) {
    throw StepFailed{Error{ErrorKind::misconfigured, "--before and --suite are for nmzswarm history prune"}};
  }
  auto known =
      need(history::History::open(question.file.empty() ? need(installation::data_directory()) / "history.sqlite"
                                                        : std::filesystem::path{question.file}));
  if (prunes) return prune(known, question);
  return question.words.empty() ? list_suites(known) : list_workloads(known, question.words.front());
}

}  // namespace

int history_command(const std::vector<std::string>& arguments) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  Headline line;
  line.name = program.name;
  line.purpose = "Shows what is remembered of earlier runs: how long workloads take and how often they failed.";
  line.usage = usage;
  line.hint = "see nmzswarm history --help";
  Parser parser{line};
  Question question;
  const auto keep = [](const std::string& /*option*/, const std::string& text) { return Result<std::string>{text}; };
  parser.take_words(question.words);
  parser.add(
      {value("--history", "FILE", command_line::text(question.file), "The database [in the user's data directory]"),
       value("--before", "AGE", stored(question.before, keep),
             "Forget what was last seen longer ago than this (30d, 12h)"),
       value("--suite", "SUITE", stored(question.suite, keep), "Forget only what belongs to this suite")});
  try {
    const auto page = need(parser.parse(arguments, need(run::configured_options(program, parser, {"history"}))));
    if (page) output::print(*page);
    const int status = page ? exit_passed : answer(question);
    need(output::complete_standard_output());
    return status;
  } catch (const StepFailed& failed) {
    output::complain(program.name, failed.error.message);
    return failed.error.kind == ErrorKind::misconfigured ? run::exit_usage : exit_nothing;
  }
}

}  // namespace nmz::nmzswarm
