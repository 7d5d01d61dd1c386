#include "prepared_search.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "nmz/text/utf8.hpp"
#include "nmz/view/summary.hpp"

namespace nmz::nmzbisect {
std::vector<search::Node> retreat_of(const git::Range& range) {
  std::vector<search::Node> nodes;
  for (const git::RetreatStep& step : range.retreat) nodes.push_back(step.node);
  return nodes;
}

namespace {

std::vector<search::Check> checks_of(const git::Range& range) {
  std::vector<search::Check> checks;
  for (const git::OutsideCheck& outside : range.outside) {
    search::Check check;
    check.kind = outside.merge_base ? search::Check::Kind::merge_base : search::Check::Kind::sibling_good;
    checks.push_back(check);
  }
  return checks;
}

/// The commits of all subjects: the graph's nodes, then the checks.
std::vector<git::CommitId> subjects_of(const git::Range& range) {
  std::vector<git::CommitId> subjects = range.ids;
  for (const git::OutsideCheck& outside : range.outside) subjects.push_back(outside.id);
  return subjects;
}

/// Beyond, the commits' paths would take as long to read as the program takes to start; what the user suspects is worth
/// more.
std::size_t prior_limit(const Options& options) {
  constexpr std::size_t most = 256;
  constexpr std::size_t most_with_suspects = 1000;
  return options.suspects.empty() ? most : most_with_suspects;
}

search::BisectOptions bisect_options(const Options& options, const git::Range& range, std::uint32_t workers) {
  search::BisectOptions plan;
  plan.retreat = retreat_of(range);
  plan.skipped = range.skipped;
  plan.search.trust_ends = options.trust_ends;
  plan.strategy = options.strategy;
  plan.workers = workers;
  plan.timeout_means = options.on_timeout;
  plan.matching = !options.match.empty();
  plan.keep_going = options.keep_going;
  plan.find_fix = options.find_fix;
  return plan;
}

/// Containers have networks and directories of their own, unless the network is the machine's; their disk is one.
search::Confirm confirmation(const Options& options, const site::Site& site) {
  if (options.confirm) return *options.confirm ? search::Confirm::always : search::Confirm::never;
  return site.keeps_apart() ? search::Confirm::disk_tight : search::Confirm::unwatched;
}

/// More workers than there are commits to test have nothing to do, unless a commit is tested many times.
std::uint32_t worker_count(const Options& options, const git::Range& range, std::uint32_t cpus_there) {
  if (options.flaky) return options.workers == 0 ? cpus_there : options.workers;
  const std::size_t subjects = range.graph.size() + range.outside.size();
  const std::uint32_t wanted = options.workers == 0 ? cpus_there : options.workers;
  return static_cast<std::uint32_t>(std::min<std::size_t>(wanted, std::max<std::size_t>(subjects, 1)));
}

}  // namespace

std::string repository_name(const git::Repository& repository) {
  const std::string name = repository.top().filename().string();
  return name.empty() ? "repository" : name;
}

Search::Search(const Options& options_in, git::Repository repository_in, git::ObjectReader objects_in,
               git::Range range_in, const site::Site& site)
    : options{options_in},
      repository{std::move(repository_in)},
      objects{std::move(objects_in)},
      range{std::move(range_in)},
      subjects{subjects_of(range)},
      workers{worker_count(options, range, site.cpus())},
      confirm{confirmation(options, site)},
      priors{options, repository, range},
      plan{range.graph, checks_of(range), plan_options()} {}

search::SearchPlanOptions Search::plan_options() {
  search::SearchPlanOptions wanted;
  wanted.bisect = bisect_options(options, range, workers);
  if (!options.no_priors) {
    wanted.bisect.search.prior = [this](std::span<const search::Node> nodes) { return priors.weigh(nodes); };
    wanted.bisect.search.prior_limit = prior_limit(options);
  }
  wanted.confirm = confirm;
  wanted.flaky = options.flaky;
  wanted.noisy.noise = options.noise;
  wanted.noisy.confidence = options.confidence;
  wanted.noisy.max_tests = options.max_tests;
  return wanted;
}

void Search::begin_again() {
  std::destroy_at(&plan);
  std::construct_at(&plan, range.graph, checks_of(range), plan_options());
}

Named Search::name(dispatch::Subject subject) const {
  const dispatch::Subject commit = plan.commit_of(subject);
  const git::CommitId id = subjects.at(commit);
  const bool outside = commit >= range.graph.size();
  return {id, message_line(id), outside && range.outside[commit - range.graph.size()].merge_base};
}

namespace {

events::Part part_of(search::Role role) {
  switch (role) {
    case search::Role::candidate:
      return events::Part::candidate;
    case search::Role::good_end:
      return events::Part::good_end;
    case search::Role::passage:
      break;
  }
  return events::Part::passage;
}

}  // namespace

events::HistoryRead history_of(const Search& search) {
  // What is drawn and stored of a run has to end somewhere; a message costs a look into the repository.
  constexpr std::size_t most = 20000;
  constexpr std::size_t most_subjects = 4000;
  const search::CommitGraph& graph = search.range.graph;
  events::HistoryRead history;
  if (graph.size() > most) {
    history.left_out = graph.size();
    return history;
  }
  history.commits.reserve(graph.size());
  for (search::Node node = 0; node < graph.size(); ++node) {
    events::HistoryCommit& commit = history.commits.emplace_back();
    commit.commit = search.range.ids[node].hex();
    if (graph.size() <= most_subjects) commit.subject = search.message_line(search.range.ids[node]);
    commit.part = part_of(graph.role(node));
    commit.parents.assign(graph.parents(node).begin(), graph.parents(node).end());
  }
  return history;
}

events::SearchPlanned plan_of(Search& search) {
  events::SearchPlanned planned;
  planned.candidates = search.range.graph.candidates();
  planned.workers = search.workers;
  planned.rounds = search.plan.rounds_left();
  std::vector<dispatch::Subject> probes = search.plan.next(search.workers);
  for (dispatch::Subject& probe : probes) probe = search.plan.commit_of(probe);
  for (auto subject = static_cast<dispatch::Subject>(search.subjects.size()); subject-- > 0;) {
    const bool probed = std::ranges::find(probes, subject) != probes.end();
    const bool candidate =
        subject < search.range.graph.size() && search.range.graph.role(subject) == search::Role::candidate;
    if (!candidate && !probed) continue;
    const Named named = search.name(subject);
    planned.commits.push_back({named.id.hex(), named.subject, probed});
  }
  return planned;
}

std::string plan_text(const events::SearchPlanned& planned) {
  std::string text =
      fmt::format("{}, {}, {}; first probes are marked *\n", view::plural(planned.candidates, "candidate"),
                  view::plural(planned.workers, "worker"), view::rounds_of_tests(planned.rounds));
  for (const events::PlannedCommit& one : planned.commits) {
    text += fmt::format("{} {} {}\n", one.probe ? "*" : " ", one.commit, text::printable(one.subject));
  }
  return text;
}

git::BisectLogHead log_head(const Search& search, const std::vector<git::BisectLogEntry>& verdicts) {
  git::BisectLogHead head;
  head.bad = search.range.bad;
  head.bad_subject = search.message_line(head.bad);
  head.goods = search.range.goods;
  const auto found = std::ranges::find(verdicts, git::BisectLogEntry::Word::good, &git::BisectLogEntry::word);
  if (head.goods.empty() && found != verdicts.end()) head.goods.push_back(found->id);
  for (const git::CommitId& good : head.goods) {
    head.good_subjects.push_back(search.message_line(good));
  }
  head.pathspecs = search.options.pathspecs;
  head.first_parent = search.options.first_parent;
  head.term_old = search.options.term_old;
  head.term_new = search.options.term_new;
  return head;
}

std::string retreat_text(const Search& search) {
  constexpr std::size_t shown = 3;
  std::string tags;
  for (const git::RetreatStep& step : search.range.retreat) {
    if (!step.tag.empty()) tags += (tags.empty() ? "" : ", ") + step.tag;
    if (std::ranges::count(tags, ',') == shown - 1) break;
  }
  return fmt::format("no good revision is known: {}ancestors of {} at doubling distance are tried until one is {}",
                     tags.empty() ? "" : "the tags among its ancestors (" + tags + "), then ", search.options.bad,
                     search.options.term_old);
}

}  // namespace nmz::nmzbisect
