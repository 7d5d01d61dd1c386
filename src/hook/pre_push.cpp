#include "pre_push.hpp"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "nmz/hook/lines.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

#include "inquiry.hpp"
#include "repository.hpp"
#include "settings.hpp"

namespace nmz::hook {
namespace {

using Kind = Finding::Kind;
constexpr std::chrono::minutes usual_budget{10};
constexpr int exit_refused = 1;
constexpr int exit_interrupted = 130;

/// What the other side is known to have.
std::vector<std::string> known_there(const std::string& remote, const std::vector<Move>& moves) {
  std::vector<std::string> known =
      git_lines("", {"for-each-ref", "--format=%(objectname)", "refs/remotes/" + remote + "/"});
  std::string asked;
  for (const Move& move : moves) asked += move.from.empty() ? "" : move.from + '\n';
  for (const std::string& line : git_lines("", {"cat-file", "--batch-check"}, asked)) {
    const std::size_t blank = line.find(' ');  // "<id> commit <size>", or "<id> missing"
    const bool leads_to_commit = line.compare(blank + 1, 6, "commit") == 0 || line.compare(blank + 1, 3, "tag") == 0;
    if (blank != std::string::npos && leads_to_commit) known.push_back(line.substr(0, blank));
  }
  return known;
}

bool has_news(const std::string& commit, const std::vector<std::string>& known) {
  std::string list = commit + '\n';
  for (const std::string& one : known) list += '^' + one + '\n';
  return !git_lines("", {"rev-list", "--max-count=1", "--stdin"}, list).empty();
}

/// Where the commit leaves what the other side has. Where that is a point beside a merge, there are several.
std::vector<std::string> points_of_departure(const std::string& commit, std::vector<std::string> known) {
  constexpr std::size_t most_known = 1000;  // they are arguments
  constexpr std::size_t most_ends = 8;
  if (known.empty()) return {};
  if (known.size() > most_known) known.erase(known.begin(), known.end() - most_known);  // what is updated stands last
  std::vector<std::string> arguments{"merge-base", "--all", commit};
  arguments.insert(arguments.end(), known.begin(), known.end());
  std::vector<std::string> ends = git_lines("", std::move(arguments));
  if (ends.size() > most_ends) ends.resize(most_ends);
  return ends;
}

std::string names_of(const Check& check) {
  std::string names;
  for (const std::string& ref : check.refs) names += (names.empty() ? "" : ", ") + short_name(ref);
  return names;
}

std::string indented(const std::string& lines) {
  std::string text;
  for (std::string_view rest = lines; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    text += "    " + std::string{line} + '\n';
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return output::without_commands(text::printable_lines(text, text::Colours::removed));
}

/// Of the run, for `nmzbisect show`.
std::string run_of(const events::RunEnded& end) {
  const std::string& directory = end.log_directory;
  return directory.substr(directory.rfind('/') + 1);
}

void tell_refusal(const Check& check, const std::string& commit, const Finding& finding) {
  std::string text;
  if (finding.kind == Kind::culprit) {
    const events::Suspect& culprit = finding.end.search.suspects.front();
    text = fmt::format("{} is the first bad commit ({})", culprit.commit.substr(0, 12), culprit.subject);
  } else {
    text = title_of("", commit) + " is bad" + (finding.why.empty() ? "" : ": " + finding.why);
  }
  tell("the push of " + names_of(check) + " is refused: " + text);
  if (!finding.end.search.log_end.empty()) {
    tell("its log ends so:");
    output::write(stderr, indented(finding.end.search.log_end));
  }
  if (!run_of(finding.end).empty()) tell("more: nmzbisect show " + run_of(finding.end));
  if (!finding.end.search.deciding_log.empty()) tell("the whole log: " + finding.end.search.deciding_log);
  tell("to push all the same: git push --no-verify");
}

/// Why the push of this goes on, where that is not because it is good.
void tell_passing(const std::string& commit, const Finding& finding, std::chrono::milliseconds budget) {
  const std::string title = title_of("", commit);
  if (finding.kind == Kind::older) {
    tell(title + " is bad, but no commit of this push is to blame, and it goes on: " + finding.why);
  } else if (finding.kind == Kind::out_of_time) {
    tell(fmt::format("the push goes on, with no answer about {} within {:.0f} s (nmz.budget)", title,
                     std::chrono::duration<double>(budget).count()));
  } else if (finding.kind == Kind::no_verdict) {
    tell("the push goes on, " + title + " could not be tested: " + finding.why);
  } else if (!finding.why.empty() && finding.end.result != "good") {
    tell(title + ": " + finding.why);
  }
}

struct Push {
  std::vector<std::string> known;
  Deadline deadline;
  std::chrono::milliseconds budget{0};
  std::string suite;
};

/// Whether it may go.
int examine(const Check& check, const Push& push) {
  if (std::chrono::steady_clock::now() >= push.deadline) {
    tell("the push of " + names_of(check) + " goes on, with no time left for it (nmz.budget)");
    return 0;
  }
  const std::optional<std::string> commit = commit_of("", check.object);
  if (!commit || !has_news(*commit, push.known)) return 0;
  Question question;
  question.commit = *commit;
  question.goods = [&] { return points_of_departure(*commit, push.known); };
  question.deadline = push.deadline;
  question.suite = push.suite;
  const Finding finding = inquire(question);
  if (finding.kind == Kind::interrupted) return exit_interrupted;
  if (finding.kind == Kind::culprit || finding.kind == Kind::suspects) {
    tell_refusal(check, *commit, finding);
    return exit_refused;
  }
  tell_passing(*commit, finding, push.budget);
  return 0;
}

}  // namespace

int pre_push(const std::vector<std::string>& arguments, const std::string& input) {
  const std::vector<Move> moves = read_pre_push(input);
  if (moves.empty()) return 0;
  const Result<Settings> settings = read_settings("");
  if (!settings) {
    tell("nothing is tested: " + settings.error().message);
    return 0;
  }
  const std::vector<Check> checks = choose(moves, settings->refs);
  if (checks.empty()) return 0;
  if (!settings->testable) {
    tell("nothing is tested: say how, once: git config nmz.command 'make check'");
    return 0;
  }
  hear_signals(true);
  Push push;
  push.budget = settings->budget.count() > 0 ? settings->budget : usual_budget;
  push.deadline = std::chrono::steady_clock::now() + push.budget;
  push.suite = settings->suite;
  push.known = known_there(arguments.empty() ? "" : arguments.front(), moves);
  int status = 0;
  for (const Check& check : checks) {
    const int one = interrupted() ? exit_interrupted : examine(check, push);
    if (one == exit_interrupted) return one;
    if (one != 0) status = one;
  }
  return status;
}

}  // namespace nmz::hook
