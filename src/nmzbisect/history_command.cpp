#include "history_command.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/history/ledger.hpp"
#include "nmz/history/verdicts.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

#include "bisect.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

using Clock = std::chrono::system_clock;
using history::LedgerContents;
using history::Said;

constexpr const char* usage =
    "Usage: nmzbisect history [--format json]              (the searches, the newest first)\n"
    "       nmzbisect history [--format json] SEARCH       (one of them, with its verdicts)\n"
    "       nmzbisect history prune [--older AGE]          (forget what is older than this [30d])\n"
    "       nmzbisect history clear                        (forget everything)\n";

enum class Format : std::uint8_t { text, json };

struct Question {
  Question() = default;
  std::vector<std::string> words;
  Format format = Format::text;
  std::optional<std::string> older;
};

Error wrong(std::string message) { return {ErrorKind::misconfigured, std::move(message)}; }

/// As for parse_time(), and "30d".
Result<std::chrono::milliseconds> parse_age(const std::string& text) {
  if (!text.ends_with('d')) return command_line::parse_time("--older", text);
  double days = 0;
  const char* const last = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), last, days);
  constexpr double most = 36500;
  if (error == std::errc{} && end == last && days >= 0 && days <= most) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>{days * 86400});
  }
  return fail(ErrorKind::misconfigured, "--older needs an age such as 30d or 12h, not '" + text + "'");
}

/// Every word of it can be relied on by a script.
std::string state_of(const LedgerContents& search) {
  if (search.going_on) return "running";
  return search.end ? search.end->result : "killed";
}

const char* word_of(Said said) {
  switch (said) {
    case Said::passed:
      return "passed";
    case Said::failed:
      return "failed";
    case Said::not_built:
      return "not-built";
    case Said::skipped:
      break;
  }
  return "skipped";
}

double seconds_of(Clock::time_point when) { return std::chrono::duration<double>{when.time_since_epoch()}.count(); }

json::value json_of(const LedgerContents& search, bool with_verdicts) {
  const auto text = [](const std::string& bytes) { return text::valid_utf8(bytes); };
  json::object one{{"search", search.name},
                   {"began", seconds_of(search.head.began)},
                   {"repository", text(search.head.repository)},
                   {"range", text(search.head.range)},
                   {"command", text(search.head.command)},
                   {"result", state_of(search)},
                   {"answer", search.end ? text(search.end->answer) : ""},
                   {"tests", search.tests},
                   {"unfinished", search.unfinished()}};
  if (!with_verdicts) return one;
  json::array verdicts;
  for (const history::LedgerVerdict& verdict : search.verdicts) {
    verdicts.push_back(json::object{{"commit", verdict.verdict.commit},
                                    {"said", word_of(verdict.verdict.said)},
                                    {"tested", seconds_of(verdict.verdict.when)},
                                    {"run", verdict.number},
                                    {"log", text(verdict.verdict.log)}});
  }
  one["verdicts"] = std::move(verdicts);
  return one;
}

std::string result_text(const LedgerContents& search) {
  constexpr std::size_t short_id = 12;
  const std::string answer = search.end ? search.end->answer.substr(0, short_id) : "";
  return state_of(search) + (answer.empty() ? "" : " " + answer);
}

int list(const std::vector<LedgerContents>& all, Format format) {
  std::string text;
  if (format == Format::json) {
    json::array searches;
    for (const LedgerContents& one : all) searches.push_back(json_of(one, false));
    text = json::serialize(searches) + "\n";
  } else {
    if (!all.empty()) text = fmt::format("{:16}  {:22}  {:>5}  {:26}  WHAT\n", "BEGAN", "SEARCH", "TESTS", "RESULT");
    for (const LedgerContents& one : all) {
      text += fmt::format("{:16}  {:22}  {:>5}  {:26}  {}: {} -- {}\n", output::local_minute(one.head.began), one.name,
                          one.tests, result_text(one), fs::path{one.head.repository}.filename().string(),
                          text::printable(one.head.range), text::printable(one.head.command));
    }
  }
  output::print(output::without_commands(text));
  return exit_found;
}

int show(const std::vector<LedgerContents>& all, const std::string& name, Format format) {
  const auto found = std::ranges::find(all, name, &LedgerContents::name);
  if (found == all.end()) {
    throw StepFailed{{ErrorKind::not_found, "there is no search '" + name + "' (see nmzbisect history)"}};
  }
  if (format == Format::json) {
    output::print(output::without_commands(json::serialize(json_of(*found, true)) + "\n"));
    return exit_found;
  }
  std::string text = fmt::format(
      "search      {}\nbegan       {}\nrepository  {}\nrange       {}\ncommand     {}\n"
      "result      {}\ntests       {}\n",
      found->name, output::local_minute(found->head.began), text::printable(found->head.repository),
      text::printable(found->head.range), text::printable(found->head.command), result_text(*found), found->tests);
  for (const history::LedgerVerdict& one : found->verdicts) {
    text += fmt::format("{:9} {} {}\n", word_of(one.verdict.said), one.verdict.commit,
                        output::local_minute(one.verdict.when));
  }
  output::print(output::without_commands(text));
  return exit_found;
}

int forget(const fs::path& place, const std::optional<Clock::time_point>& before) {
  const std::size_t searches = need(history::prune_ledgers(history::ledger_directory(place), before));
  auto verdicts = need(history::Verdicts::open(place / "history.sqlite", std::chrono::seconds{30}));
  const std::size_t forgotten = need(verdicts.forget(before));
  output::print(fmt::format("{} search{} and {} verdict{} forgotten\n", searches, searches == 1 ? "" : "es", forgotten,
                            forgotten == 1 ? "" : "s"));
  return exit_found;
}

int answer(const Question& question) {
  const std::string word = question.words.empty() ? "" : question.words.front();
  if (question.words.size() > 1) throw StepFailed{wrong("unexpected argument '" + question.words[1] + "'")};
  if (question.older && word != "prune") throw StepFailed{wrong("--older is for nmzbisect history prune")};
  const fs::path place = need(installation::data_directory());
  if (word == "clear") return forget(place, std::nullopt);
  if (word == "prune") return forget(place, Clock::now() - need(parse_age(question.older.value_or("30d"))));
  const std::vector<LedgerContents> all = history::read_ledgers(history::ledger_directory(place));
  return word.empty() ? list(all, question.format) : show(all, word, question.format);
}

}  // namespace

int history_command(const std::vector<std::string>& arguments) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  Headline line;
  line.name = "nmzbisect history";
  line.purpose = "Shows earlier searches and what came out, and forgets them.";
  line.usage = usage;
  line.hint = "see nmzbisect history --help";
  Parser parser{line};
  Question question;
  const auto keep = [](const std::string& /*option*/, const std::string& text) { return Result<std::string>{text}; };
  parser.take_words(question.words);
  parser.add(
      {value("--format", "FORMAT", one_of<Format>(question.format, {{"text", Format::text}, {"json", Format::json}}),
             "text or json [text]"),
       value("--older", "AGE", stored(question.older, keep),
             "Forget what was found out longer ago than this (30d, 12h)")});
  try {
    const auto page = need(parser.parse(arguments));
    if (page) output::print(*page);
    const int status = page ? exit_found : answer(question);
    need(output::complete_standard_output());
    return status;
  } catch (const StepFailed& failed) {
    output::complain(program.name, failed.error.message);
    return failed.error.kind == ErrorKind::retryable ? exit_stopped : run::exit_usage;
  }
}

}  // namespace nmz::nmzbisect
