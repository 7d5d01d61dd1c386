#include "culprit_answer.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "nmz/text/utf8.hpp"

namespace nmz::nmzbisect {
namespace {

using Kind = search::Fate::Kind;
using Names = std::function<Named(dispatch::Subject)>;

constexpr std::size_t short_id = 12;
constexpr std::size_t tests_shown = 50;

const char* state_of(Kind kind) {
  switch (kind) {
    case Kind::found:
      return "found";
    case Kind::since_added:
      return "since-added";
    case Kind::only_skipped:
      return "only-skipped";
    case Kind::old:
      return "old";
    case Kind::passes:
      return "passes";
    case Kind::fixed:
      return "fixed";
    case Kind::absent:
      return "absent";
    case Kind::untestable:
      return "untestable";
    case Kind::flaky:
      return "flaky";
    case Kind::no_single_commit:
      return "no-single-commit";
    case Kind::unfinished:
      break;
  }
  return "unfinished";
}

bool is_blamed(Kind kind) { return kind == Kind::found || kind == Kind::since_added || kind == Kind::only_skipped; }

std::string tests_text(std::size_t count) { return fmt::format("{} {}", count, count == 1 ? "test" : "tests"); }

/// Tests with one answer, in the order of their first one.
std::vector<events::Culprit> culprits_of(const search::ManyCulpritsPlan& plan, const TestRuns& tests,
                                         const Names& names,
                                         const std::function<std::string(dispatch::Subject)>& log_of) {
  std::map<std::pair<Kind, std::vector<search::Node>>, std::size_t> places;
  std::vector<events::Culprit> culprits;
  for (search::TestNumber test = 0; test < plan.tests(); ++test) {
    const search::Fate& fate = plan.fate(test);
    if (!is_blamed(fate.kind)) continue;
    std::vector<search::Node> nodes;
    for (const search::Suspect& one : fate.suspects) nodes.push_back(one.node);
    const auto [place, fresh] = places.emplace(std::pair{fate.kind, nodes}, culprits.size());
    if (fresh) {
      events::Culprit& culprit = culprits.emplace_back();
      culprit.state = state_of(fate.kind);
      for (const search::Suspect& one : fate.suspects) {
        const Named named = names(one.node);
        culprit.suspects.push_back({named.id.hex(), named.subject, one.share});
      }
      if (fate.kind != Kind::only_skipped) {
        culprit.commit = culprit.suspects.front().commit;
        culprit.subject = culprit.suspects.front().subject;
        culprit.log = log_of(nodes.front());
      }
    }
    const dispatch::Subject failed_at = fate.kind == Kind::only_skipped ? plan.bad_end() : nodes.front();
    culprits[place->second].tests.push_back({tests.id(test), tests.detail(test, failed_at)});
  }
  std::ranges::stable_sort(culprits, std::ranges::greater{},
                           [](const events::Culprit& one) { return one.tests.size(); });
  return culprits;
}

std::vector<events::OtherTest> others_of(const search::ManyCulpritsPlan& plan, const TestRuns& tests,
                                         const Names& names) {
  std::vector<events::OtherTest> others;
  for (search::TestNumber test = 0; test < plan.tests(); ++test) {
    const search::Fate& fate = plan.fate(test);
    const bool usual = !tests.given() && (fate.kind == Kind::passes || fate.kind == Kind::untestable);
    if (is_blamed(fate.kind) || usual) continue;
    events::OtherTest& other = others.emplace_back();
    other.test = tests.id(test);
    other.state = state_of(fate.kind);
    const bool failed = fate.kind == Kind::old || fate.kind == Kind::fixed || fate.kind == Kind::flaky ||
                        fate.kind == Kind::no_single_commit;
    if (failed) other.failed_at = names(fate.bad).id.hex();
    if (fate.kind == Kind::flaky) other.passed_at = names(fate.good).id.hex();
  }
  return others;
}

template <class Range, class Line>
std::string indented(const Range& range, Line line) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& one : range) {
    if (shown++ < tests_shown) text += "  " + text::printable(line(one)) + "\n";
  }
  if (shown > tests_shown) text += fmt::format("  ... and {} more (--json has all)\n", shown - tests_shown);
  return text;
}

std::string text_of(const events::Culprit& culprit, const Options& options) {
  const std::string count = tests_text(culprit.tests.size());
  std::string text;
  if (culprit.state == "only-skipped") {
    text = fmt::format("The first {} commit of {} could be any of:\n", options.term_new, count);
    for (const events::Suspect& one : culprit.suspects) {
      text += fmt::format("{} {:5.1f} % {}\n", one.commit, one.share * 100, text::printable(one.subject));
    }
    text += "of these tests:\n";
  } else if (culprit.state == "since-added") {
    text = fmt::format("{} has added {}, failing since then: {}\n", culprit.commit, count,
                       text::printable(culprit.subject));
  } else {
    text = fmt::format("{} is the first {} commit of {}: {}\n", culprit.commit, options.term_new, count,
                       text::printable(culprit.subject));
  }
  return text + indented(culprit.tests, [](const events::TestFailure& one) {
           return one.test + (one.detail.empty() ? "" : " (" + one.detail + ")");
         });
}

std::string shortened(const std::string& commit) { return commit.substr(0, short_id); }

/// A paragraph for each of these states.
std::string text_of(const std::vector<events::OtherTest>& others, const Options& options) {
  const std::pair<const char*, std::string> headings[] = {
      {"flaky", "flaky: they fail and pass at one commit, or pass after they have failed"},
      {"no-single-commit", "broken by more than one commit, or flaky: no single one explains their verdicts"},
      {"old", "failing at a " + options.term_old + " end as well"},
      {"fixed", "passing at the " + options.term_new + " end, failing at a " + options.term_old + " one"},
      {"passes", "passing at all ends: flaky, or failing for a reason that is not in the commits"},
      {"absent", "not there at the " + options.term_new + " end"},
      {"untestable", "without a verdict at the " + options.term_new + " end"},
      {"unfinished", "not decided yet"},
  };
  std::string text;
  for (const auto& heading : headings) {
    std::vector<events::OtherTest> some;
    std::ranges::copy_if(others, std::back_inserter(some), [&](const auto& one) { return one.state == heading.first; });
    if (some.empty()) continue;
    text += fmt::format("{} {}:\n", tests_text(some.size()), heading.second);
    text += indented(some, [](const events::OtherTest& one) {
      if (one.failed_at.empty()) return one.test;
      std::string where = " (failed at " + shortened(one.failed_at);
      if (!one.passed_at.empty()) where += ", passed at " + shortened(one.passed_at);
      return one.test + where + ")";
    });
  }
  return text;
}

void conclude(const search::ManyCulpritsPlan& plan, const TestRuns& tests, CulpritAnswer& answer) {
  const auto none = [&answer](int status, const char* result, std::string message) {
    answer.exit_status = status;
    answer.result = result;
    answer.message = std::move(message);
  };
  const auto have = [&plan](auto... kinds) {
    std::size_t count = 0;
    for (search::TestNumber test = 0; test < plan.tests(); ++test) {
      const Kind kind = plan.fate(test).kind;
      if (((kind == kinds) || ...)) ++count;
    }
    return count;
  };
  const std::string trouble = tests.trouble().empty() ? "" : ": " + tests.trouble();
  if (plan.without_list()) {
    return none(exit_nothing_testable, "nothing-testable", "the tests at the bad end cannot be listed" + trouble);
  }
  if (have(Kind::only_skipped) > 0) {
    const auto blurred = std::ranges::count(answer.culprits, std::string{"only-skipped"}, &events::Culprit::state);
    return none(exit_only_skipped, "only-skipped",
                fmt::format("for {} of {} answers only skipped commits are left", blurred, answer.culprits.size()));
  }
  if (have(Kind::found, Kind::since_added) > 0) {
    answer.exit_status = exit_found;
    answer.result = "found";
    return;
  }
  if (have(Kind::flaky, Kind::no_single_commit) > 0) {
    return none(exit_no_culprit, "no-culprit", "no commit is to blame: the tests that were searched for are flaky");
  }
  if (plan.tests() == 0) return none(exit_stopped, "nothing-to-search", "the bad end has no tests");
  if (const std::size_t old = have(Kind::old); old > 0) {
    return none(exit_stopped, "good-end-is-bad",
                fmt::format("nothing to search for: all {} tests that fail at the bad end fail at a good one as well; "
                            "give an older one (or, if they need what a world of their own hides, --isolate none)",
                            old));
  }
  if (have(Kind::passes, Kind::fixed) > 0) {
    return none(exit_stopped, "bad-end-is-good", "nothing to search for: no test fails at the bad end");
  }
  none(exit_nothing_testable, "nothing-testable", "no test has a verdict at the bad end" + trouble);
}

}  // namespace

CulpritAnswer culprit_answer(const search::ManyCulpritsPlan& plan, const TestRuns& tests,
                             const coordinator::RunEnd& end, const Options& options, const Names& names,
                             const std::function<std::string(dispatch::Subject)>& log_of) {
  CulpritAnswer answer;
  answer.culprits = culprits_of(plan, tests, names, log_of);
  answer.others = others_of(plan, tests, names);
  for (const events::Culprit& culprit : answer.culprits) answer.output += text_of(culprit, options);
  answer.output += text_of(answer.others, options);
  switch (end.why) {
    case dispatch::Stop::Why::interrupted:
      answer.exit_status = exit_interrupted;
      answer.result = "interrupted";
      answer.message = "interrupted";
      break;
    case dispatch::Stop::Why::no_workers:
      answer.result = "no-workers";
      answer.message = "no worker is left: " + end.reason;
      break;
    case dispatch::Stop::Why::finished:
      conclude(plan, tests, answer);
  }
  return answer;
}

}  // namespace nmz::nmzbisect
