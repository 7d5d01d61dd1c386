#include "proof.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "nmz/error/steps.hpp"
#include "nmz/git/patches.hpp"
#include "nmz/job/outcome.hpp"
#include "nmz/search/proof_plan.hpp"
#include "nmz/text/utf8.hpp"

#include "proof_reporter.hpp"

namespace nmz::nmzbisect {
namespace {

constexpr std::size_t short_id = 12;

bool has_found(const Search& search) {
  return search.plan.result().kind == search::BisectResult::Kind::found && !search.options.single;
}

git::CommitId culprit_of(const Search& search) {
  return search.subjects.at(search.plan.result().suspects.front().node);
}

/// Of a merge those that the search has followed.
std::vector<git::CommitId> parents_of(const Search& search, const git::CommitId& commit) {
  std::vector<git::CommitId> parents = search.repository.parents(commit).value_or(std::vector<git::CommitId>{});
  if (search.options.first_parent && parents.size() > 1) parents.resize(1);
  return parents;
}

/// What is tested, in the order in which it is told.
struct Exhibit {
  events::Claim claim;
  git::CommitId commit;
  std::optional<std::vector<git::TodaysFile>> files;  ///< that it has besides
  bool tested = true;
};

class Case {
 public:
  Case(const Search& search, const Workshop& shop) : search_{search}, culprit_{culprit_of(search)} {
    add("culprit", culprit_, search.options.term_new);
    const std::vector<git::CommitId> parents = parents_of(search, culprit_);
    for (const git::CommitId& parent : parents) add("parent", parent, search.options.term_old);
    add("reverted", search.range.bad, search.options.term_old);
    revert(parents.empty() ? std::nullopt : std::optional{parents.front()}, shop);
  }

  /// Those that are tested first.
  std::vector<Exhibit> exhibits;

 private:
  void add(const char* about, const git::CommitId& commit, const std::string& claim) {
    Exhibit exhibit;
    exhibit.claim.about = about;
    exhibit.claim.commit = commit.hex();
    exhibit.claim.claim = claim;
    exhibit.commit = commit;
    exhibits.push_back(std::move(exhibit));
  }

  void leave_out(std::string why) {
    exhibits.back().tested = false;
    exhibits.back().claim.state = "not-tested";
    exhibits.back().claim.detail = std::move(why);
  }

  void revert(const std::optional<git::CommitId>& parent, const Workshop& shop) {
    if (search_.options.no_checkout) return leave_out("the image carries the files");
    if (culprit_ == search_.range.bad && parent) return leave_out("without it the bad end is the parent");
    auto patches = shop.patches;
    if (!patches) patches = need(git::Patches::create(search_.repository, {}, shop.site.directory()));
    auto files = patches->files_without(culprit_, parent, search_.range.bad);
    if (!files) return leave_out(files.error().message);
    exhibits.back().files = std::move(*files);
  }

  const Search& search_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  git::CommitId culprit_;
};

search::ProofOptions proof_options(const Search& search) {
  search::ProofOptions options;
  if (const auto& certainty = search.plan.result().certainty) {
    options.rates = {.false_failure = certainty->false_failure, .false_pass = certainty->false_pass};
  }
  options.timeout_means = search.options.on_timeout;
  options.matching = !search.options.match.empty();
  options.find_fix = search.options.find_fix;
  options.one_at_a_time = search.plan.one_at_a_time();
  return options;
}

search::ProofPlan plan_of(const Search& search, const std::vector<Exhibit>& exhibits) {
  std::vector<search::Claim> claims;
  for (const Exhibit& exhibit : exhibits) {
    if (!exhibit.tested) continue;
    search::Claim claim;
    claim.bad = exhibit.claim.about == "culprit";
    claim.times = exhibit.claim.about == "reverted" ? 1 : search.options.prove;
    claims.push_back(claim);
  }
  return search::ProofPlan{std::move(claims), proof_options(search)};
}

ProofReporter narrator_of(const Search& search, const search::ProofPlan& plan, const std::vector<Exhibit>& exhibits,
                          Reporter& reporter, logs::LogStore& logs) {
  std::vector<ProofReporter::Item> items;
  for (const Exhibit& exhibit : exhibits) {
    if (!exhibit.tested) continue;
    const bool reverted = exhibit.files.has_value();
    std::string subject = search.message_line(exhibit.commit);
    if (reverted) subject = fmt::format("without {}: {}", culprit_of(search).hex().substr(0, short_id), subject);
    items.push_back(
        {Named{exhibit.commit, std::move(subject)}, exhibit.commit.hex() + (reverted ? ".reverted" : ".proof")});
  }
  return ProofReporter{plan, std::move(items), reporter, logs, {search.options.term_old, search.options.term_new}};
}

const char* word_of(search::Claim::State state) {
  using State = search::Claim::State;
  switch (state) {
    case State::held:
      return "held";
    case State::failed:
      return "failed";
    case State::untestable:
      return "untestable";
    case State::undecided:
      return "undecided";
    case State::open:
      break;
  }
  return "not-tested";
}

std::vector<events::Claim> results(const search::ProofPlan& plan, const std::vector<Exhibit>& exhibits) {
  std::vector<events::Claim> results;
  std::size_t next = 0;
  for (const Exhibit& exhibit : exhibits) {
    events::Claim result = exhibit.claim;
    if (exhibit.tested) {
      const search::Claim& claim = plan.claims().at(next++);
      result.state = word_of(claim.state);
      result.right = claim.right;
      result.wrong = claim.wrong;
      if (claim.state == search::Claim::State::untestable) result.detail = job::describe(claim.outcome);
    }
    results.push_back(std::move(result));
  }
  return results;
}

/// "its parent 0123456789ab is good: in 3 of 3 tests".
std::string line_of(const events::Claim& claim) {
  const std::string commit = claim.commit.substr(0, short_id);
  std::string text = claim.about == "culprit"  ? fmt::format("{} is {}", commit, claim.claim)
                     : claim.about == "parent" ? fmt::format("its parent {} is {}", commit, claim.claim)
                                               : fmt::format("with it reverted {} is {}", commit, claim.claim);
  if (claim.state == "not-tested") return text + ": not tested" + (claim.detail.empty() ? "" : ", " + claim.detail);
  if (claim.state == "untestable") return text + ": cannot be tested, " + claim.detail;
  const std::size_t tests = claim.right + claim.wrong;
  const std::string counts = fmt::format("in {} of {} test{}", claim.right, tests, tests == 1 ? "" : "s");
  if (claim.state == "undecided") return text + ": undecided, " + counts;
  return text + (claim.state == "held" ? ": " : ": NO, ") + counts;
}

}  // namespace

Proof prove(Search& search, const coordinator::RunEnd& end, const wire::Run& command, Workshop& shop,
            Reporter& reporter, logs::LogStore& logs) {
  Proof proof;
  const bool finished = end.why == dispatch::Stop::Why::finished;
  if (search.options.prove == 0 || !finished || !has_found(search)) return proof;
  const std::vector<Exhibit> exhibits = Case{search, shop}.exhibits;
  reporter.show(events::Notice{fmt::format("{} is tested again, with its parents, in fresh trees (--prove)",
                                           culprit_of(search).hex().substr(0, short_id))});
  search::ProofPlan plan = plan_of(search, exhibits);
  ProofReporter narrator = narrator_of(search, plan, exhibits, reporter, logs);
  Repetition repetition;
  for (const Exhibit& exhibit : exhibits) {
    if (!exhibit.tested) continue;
    if (exhibit.files) repetition.files[static_cast<dispatch::Subject>(repetition.commits.size())] = *exhibit.files;
    repetition.commits.push_back(exhibit.commit);
  }
  repetition.trials = [&plan](dispatch::Subject trial) {
    return CommitWork::Trial{static_cast<dispatch::Subject>(plan.claim_of(trial)), plan.number_of(trial)};
  };
  proof.end =
      carry_out_again(search, repetition, command, shop, plan,
                      {narrator, [&reporter](const std::string& text) { reporter.show(events::Notice{text}); }});
  proof.claims = results(plan, exhibits);
  return proof;
}

void add_proof(const Proof& proof, Answer& answer) {
  if (proof.claims.empty()) return;
  bool held = true;
  for (const events::Claim& claim : proof.claims) {
    const bool may_lack = claim.about == "reverted" && (claim.state == "not-tested" || claim.state == "untestable");
    held &= claim.state == "held" || may_lack;
    answer.output += line_of(claim) + '\n';
  }
  if (proof.end.why == dispatch::Stop::Why::interrupted) {
    answer.exit_status = exit_interrupted;
    answer.result = "interrupted";
    answer.message = "interrupted while the answer was tested again";
  } else if (!held) {
    answer.exit_status = exit_not_confident;
    answer.result = "not-proven";
    const auto failed = std::ranges::find(proof.claims, "failed", &events::Claim::state);
    answer.message = failed == proof.claims.end() ? "the answer is not proven" : "the answer did not stand its proof";
    if (!proof.end.reason.empty()) answer.message += ": " + proof.end.reason;
  }
}

std::string doubt_of_culprit(const Search& search) {
  if (!has_found(search)) return {};
  const git::CommitId culprit = culprit_of(search);
  const auto files = search.objects.tree_id(culprit);
  for (const git::CommitId& parent : parents_of(search, culprit)) {
    const auto of_parent = search.objects.tree_id(parent);
    if (!files || !of_parent || *files != *of_parent) continue;
    return fmt::format(
        "{} has the same files as its parent {}: no test of them can tell the two apart, and this one is "
        "flaky, or looks at something else (--flaky auto, --prove)",
        culprit.hex().substr(0, short_id), parent.hex().substr(0, short_id));
  }
  return {};
}

}  // namespace nmz::nmzbisect
