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
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/configured.hpp"

#include "history_texts.hpp"
#include "swarm.hpp"
#include "trends.hpp"

namespace nmz::nmzswarm {
namespace {

using Clock = std::chrono::system_clock;

constexpr const char* usage =
    "Usage: nmzswarm history [OPTION...]           (the suites)\n"
    "       nmzswarm history [OPTION...] SUITE     (its workloads, the longest first; what is flaky or newly slower)\n"
    "       nmzswarm history prune [--before AGE] [--suite SUITE]\n";

struct Question {
  Question() = default;
  std::vector<std::string> words;  ///< a suite, or "prune"
  std::string file;
  std::optional<std::string> before;
  std::optional<std::string> suite;
  bool json = false;
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

int print(const Question& question, const std::string& text) {
  output::print(question.json ? output::json_without_commands(text) : output::without_commands(text));
  return exit_passed;
}

int list_suites(history::History& known, const Question& question) {
  const auto suites = need(known.suites());
  return print(question, question.json ? suites_json(suites) : suites_text(suites));
}

/// The suite of this name, or the only one whose name has it within.
std::string suite_called(history::History& known, const std::string& name) {
  std::vector<std::string> found;
  for (const history::SuiteSummary& one : need(known.suites())) {
    if (one.suite == name) return name;
    if (one.suite.find(name) != std::string::npos) found.push_back(one.suite);
  }
  if (found.size() == 1) return found.front();
  throw StepFailed{
      Error{ErrorKind::not_found,
            found.empty() ? "nothing is known of a suite '" + name + "' (see nmzswarm history)"
                          : fmt::format("{} suites are called so: '{}' (see nmzswarm history)", found.size(), name)}};
}

int tell_suite(history::History& known, const Question& question) {
  const std::string suite = suite_called(known, question.words.front());
  const auto workloads = need(known.workloads(suite));
  const Trends found = trends(need(known.past(suite)));
  return print(question, question.json ? suite_json(suite, workloads, found) : suite_text(workloads, found));
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
  return question.words.empty() ? list_suites(known, question) : tell_suite(known, question);
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
       value("--format", "FORMAT", one_of<bool>(question.json, {{"text", false}, {"json", true}}),
             "How it is written: text or json [text]"),
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
