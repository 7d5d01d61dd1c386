#include "answer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "nmz/job/outcome.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzbisect {
namespace {

using Kind = search::BisectResult::Kind;
using Names = std::function<Named(dispatch::Subject)>;

std::string title(const Named& named) {
  constexpr std::size_t short_id = 12;
  return named.id.hex().substr(0, short_id) + " (" + text::printable(named.subject) + ")";
}

/// As git ends such a search, with the share of the belief beside each commit.
std::string list_suspects(const Answer& so_far, const Options& options) {
  std::string text = "There are only 'skip'ped commits left to test.\n";
  text += fmt::format("The first {} commit could be any of:\n", options.term_new);
  for (const events::Suspect& suspect : so_far.suspects) {
    text += fmt::format("{} {:5.1f} % {}\n", suspect.commit, suspect.share * 100, text::printable(suspect.subject));
  }
  return text + "We cannot bisect more!\n";
}

Answer with_message(int status, std::string result, std::string message) {
  Answer answer;
  answer.exit_status = status;
  answer.result = std::move(result);
  answer.message = std::move(message);
  return answer;
}

Answer stopped_by_command(const search::BisectResult& result, const Named& named) {
  const job::Outcome& outcome = result.outcome;
  const std::int64_t code = job::shell_status(outcome);
  std::string why = outcome.kind == job::OutcomeKind::signaled
                        ? fmt::format("was killed by signal {} (exit code {})", outcome.code, code)
                        : fmt::format("ended with exit code {}", code);
  return with_message(exit_stopped, "aborted",
                      fmt::format("stopped: the command {} at {}; 128 and above stop the search, unless --match REGEX "
                                  "tells by the output that it is the failure that is looked for",
                                  why, title(named)));
}

Answer command_failed(const search::BisectResult& result, const Named& named) {
  const std::string happened = job::describe(result.outcome);
  return with_message(exit_stopped, "command-failed",
                      fmt::format("the command cannot be run at {}: {}; if it is not part of every commit, give a copy "
                                  "outside the repository by its absolute path",
                                  title(named), happened));
}

Answer ends_contradict(const search::BisectResult& result, const Options& options, const Names& names) {
  const bool good_end = result.kind == Kind::good_end_is_bad;
  const std::string& given = good_end ? options.term_old : options.term_new;
  const std::string& is = good_end ? options.term_new : options.term_old;
  return with_message(
      exit_stopped, good_end ? "good-end-is-bad" : "bad-end-is-good",
      fmt::format("the ends contradict: {} was given as {}, but tests as {}", title(names(result.subject)), given, is));
}

Answer no_good_end(const search::BisectResult& result, const Options& options, const Names& names) {
  const std::string limit = options.good_limit.empty() ? "the root" : "--good-limit " + options.good_limit;
  return with_message(
      exit_stopped, "no-good-end",
      fmt::format("nothing tests as {} from {} back to {} ({} was the oldest that could be tested); give "
                  "a {} revision",
                  options.term_old, options.bad, limit, title(names(result.subject)), options.term_old));
}

Answer bad_merge_base(const search::BisectResult& result, const Options& options, const Names& names) {
  const std::string changed =
      options.term_new == "bad" ? "the bug has been fixed" : "the " + options.term_new + " state has been left";
  return with_message(
      exit_bad_merge_base, "merge-base-is-bad",
      fmt::format("the merge base {} is {}: {} between it and the {} end, so no first {} commit is to "
                  "be found in this range",
                  title(names(result.subject)), options.term_new, changed, options.term_old, options.term_new));
}

/// How sure the answer is, what else it could be, and how often the test seems to be wrong.
std::string ranking(const Answer& so_far, const search::Certainty& certainty, const Options& options) {
  std::string text;
  for (const events::Suspect& suspect : so_far.suspects) {
    text += fmt::format("{} {:5.1f} % {}\n", suspect.commit, suspect.share * 100, text::printable(suspect.subject));
  }
  constexpr double worth_a_line = 0.0005;
  if (certainty.no_culprit >= worth_a_line) {
    text += fmt::format("no first {} commit here {:5.1f} %\n", options.term_new, certainty.no_culprit * 100);
  }
  return text + fmt::format(
                    "after {} tests: about {:.0f} % of those at {} commits give {}, {:.0f} % of those at {} "
                    "commits {}\n",
                    certainty.tests, certainty.false_failure * 100, options.term_old, options.term_new,
                    certainty.false_pass * 100, options.term_new, options.term_old);
}

std::string percent(double share) { return fmt::format("{:.1f} %", std::floor(share * 1000) / 10); }

Answer found(const search::BisectResult& result, const Options& options, Answer answer) {
  answer.exit_status = exit_found;
  answer.result = "found";
  answer.output = fmt::format("{} is the first {} commit\n", answer.suspects.front().commit, options.term_new);
  if (!result.certainty) return answer;
  answer.output += fmt::format("with a confidence of {}\n", percent(result.certainty->confidence)) +
                   ranking(answer, *result.certainty, options);
  return answer;
}

Answer not_confident(const search::BisectResult& result, const Options& options, Answer answer) {
  answer.exit_status = exit_not_confident;
  answer.result = "not-confident";
  answer.message = fmt::format("after {} tests no commit is the first {} one with a confidence of {}",
                               result.certainty->tests, options.term_new, percent(options.confidence));
  answer.output = fmt::format("The first {} commit could be any of:\n", options.term_new) +
                  ranking(answer, *result.certainty, options);
  return answer;
}

Answer no_culprit(const search::BisectResult& result, const Options& options, Answer answer) {
  const search::Certainty& certainty = *result.certainty;
  answer.exit_status = exit_no_culprit;
  answer.result = "no-culprit";
  answer.message = fmt::format(
      "no first {} commit is in this range, with a confidence of {}: the test is flaky, and {} "
      "of {} tests gave {}, alike at old and at new commits",
      options.term_new, percent(certainty.confidence), certainty.failures, certainty.tests, options.term_new);
  return answer;
}

Answer of_result(const search::BisectResult& result, const Options& options, const Names& names) {
  Answer answer;
  for (const search::Suspect& suspect : result.suspects) {
    const Named named = names(suspect.node);
    answer.suspects.push_back({.commit = named.id.hex(), .subject = named.subject, .share = suspect.share});
  }
  switch (result.kind) {
    case Kind::found:
      return found(result, options, std::move(answer));
    case Kind::not_confident:
      return not_confident(result, options, std::move(answer));
    case Kind::no_culprit:
      return no_culprit(result, options, std::move(answer));
    case Kind::only_skipped:
      answer.exit_status = exit_only_skipped;
      answer.result = "only-skipped";
      answer.message = fmt::format("only skipped commits are left: {} candidates", answer.suspects.size());
      answer.output = list_suspects(answer, options);
      return answer;
    case Kind::nothing_testable:
      answer.exit_status = exit_nothing_testable;
      answer.result = "nothing-testable";
      answer.message = "not one commit could be tested";
      answer.output = list_suspects(answer, options);
      return answer;
    case Kind::build_fails:
      return with_message(exit_nothing_testable, "build-fails",
                          fmt::format("the build fails at {} and at everything else that was tried ({}); --keep-going "
                                      "tries the rest as well",
                                      title(names(result.subject)), job::describe(result.outcome)));
    case Kind::merge_base_is_bad:
      return bad_merge_base(result, options, names);
    case Kind::good_end_is_bad:
    case Kind::bad_end_is_good:
      return ends_contradict(result, options, names);
    case Kind::no_good_end:
      return no_good_end(result, options, names);
    case Kind::contradiction:
      return with_message(exit_stopped, "contradiction",
                          "the verdicts contradict each other: no single first " + options.term_new +
                              " commit explains them (is the test deterministic?)");
    case Kind::aborted:
      return stopped_by_command(result, names(result.subject));
    case Kind::command_failed:
      return command_failed(result, names(result.subject));
    case Kind::unfinished:
      break;
  }
  return with_message(exit_stopped, "unfinished", "the search ended without a result");
}

/// Tests ran, and not one of them said anything.
bool without_verdict(const Reporter::Counts& counts) { return counts.all() > 0 && counts.good + counts.bad == 0; }

/// Of one commit that was tested by itself. What is no verdict is told as in a search.
std::optional<Answer> of_single(const search::BisectResult& result, const Names& names) {
  const auto said = [&](int status, const char* word) {
    Answer answer;
    answer.exit_status = status;
    answer.result = word;
    answer.output = fmt::format("{} is {}\n", names(result.subject).id.hex(), word);
    return answer;
  };
  if (result.kind == Kind::found) return said(1, "bad");
  if (result.kind == Kind::bad_end_is_good) return said(0, "good");
  if (result.kind == Kind::nothing_testable || result.kind == Kind::build_fails) return said(exit_untestable, "skip");
  return std::nullopt;
}

}  // namespace

bool answers_elsewhere(const Options& options) {
  const auto& asked_for = {options.json, options.html, options.svg, options.junit, options.debug_log};
  return std::ranges::find(asked_for, output::standard_output) != std::end(asked_for);
}

Answer answer(const search::BisectResult& result, const coordinator::RunEnd& end, const Options& options,
              const Reporter::Counts& counts, const Names& names) {
  switch (end.why) {
    case dispatch::Stop::Why::interrupted:
      return with_message(exit_interrupted, "interrupted", "interrupted");
    case dispatch::Stop::Why::no_workers:
      return with_message(without_verdict(counts) ? exit_nothing_testable : exit_stopped, "no-workers",
                          "no worker is left: " + end.reason);
    case dispatch::Stop::Why::finished:
      break;
  }
  const std::optional<Answer> single = options.single ? of_single(result, names) : std::nullopt;
  Answer answer = single ? *single : of_result(result, options, names);
  if (options.single && !single) answer.exit_status = exit_nothing_testable;
  if (result.kind == Kind::found) answer.decided_by = result.suspects.front().node;
  const bool of_many = result.kind == Kind::only_skipped || result.kind == Kind::contradiction ||
                       result.kind == Kind::not_confident || result.kind == Kind::no_culprit;
  if (result.kind != Kind::found && !of_many) answer.decided_by = result.subject;
  return answer;
}

}  // namespace nmz::nmzbisect
