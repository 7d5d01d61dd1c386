// See range.hpp.
//
// One `git rev-list --parents` gives candidates and edges, parents first. A parent that is not listed is reachable
// from a good end: it becomes a node if it is a good end itself and is left out otherwise, since "good" follows for
// it. With pathspecs git rewrites the parents and has to print merges only because they join branches; a second run
// without --parents tells these (passages) from the candidates, exactly the commits `git bisect` would count.
//
// Only the last node may stand for bad. If bad touches none of the paths it is not listed: then it is added as a
// passage over all tips, which are tested like any candidate, as git does. When every candidate then turns out good,
// nothing that touches the paths is the culprit; the search calls that "the bad end is good".
#include "nmz/git/range.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "commit_graph_file.hpp"
#include "git_process.hpp"

namespace nmz::git {

namespace {

using search::Node;
using search::Role;

constexpr std::size_t id_digits = 40;

struct Ends {
  std::vector<CommitId> goods;
  CommitId bad;
};

std::vector<std::string> rev_list_arguments(const Ends& ends, const RangeRequest& request, bool edges) {
  std::vector<std::string> arguments{"rev-list"};
  if (edges) {
    arguments.insert(arguments.end(), {"--topo-order", "--reverse", "--parents"});
  }
  if (request.first_parent) {
    arguments.emplace_back("--first-parent");
  }
  arguments.push_back(ends.bad.hex());
  std::ranges::transform(ends.goods, std::back_inserter(arguments),
                         [](const CommitId& id) { return fmt::format("^{}", id.hex()); });
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), request.pathspecs.begin(), request.pathspecs.end());
  return arguments;
}

/// Turns the lines of rev-list into the graph.
class GraphBuilder {
 public:
  GraphBuilder(const Ends& ends, bool first_parent) : bad_{ends.bad}, first_parent_{first_parent} {
    for (const CommitId& good : ends.goods) {
      goods_.emplace(good, std::nullopt);
    }
  }

  /// Only these are candidates; without this call, all commits are.
  void restrict_to(std::unordered_set<CommitId> candidates) { candidates_ = std::move(candidates); }

  /// "<id> <parent>...". False when it is anything else.
  bool line(std::string_view text) {
    flush({});
    pending_parents_.clear();
    pending_ = CommitId::parse(text.substr(0, id_digits));
    for (text.remove_prefix(std::min(text.size(), id_digits)); !text.empty(); text.remove_prefix(id_digits + 1)) {
      const std::optional<CommitId> parent = CommitId::parse(text.substr(1, id_digits));
      if (!parent) {
        return false;
      }
      pending_parents_.push_back(*parent);
    }
    return pending_.has_value();
  }

  /// Whether a commit of the range has this good end as its parent.
  [[nodiscard]] bool linked(const CommitId& good) const {
    if (goods_.at(good)) {
      return true;
    }
    const std::size_t counted =
        first_parent_ ? std::min<std::size_t>(pending_parents_.size(), 1) : pending_parents_.size();
    return std::ranges::any_of(pending_parents_.begin(),
                               pending_parents_.begin() + static_cast<std::ptrdiff_t>(counted),
                               [&](const CommitId& parent) { return parent == good; });
  }

  /// `unlinked`: good ends that are ancestors of bad, but no listed commit's parent.
  void finish(const std::vector<CommitId>& unlinked, Range& range) {
    if (pending_ != bad_) {
      flush({});
      pending_ = bad_;
      pending_parents_.clear();
    }
    for (const CommitId& good : unlinked) {
      static_cast<void>(good_node(good));
    }
    std::vector<Node> tips;
    for (Node node = 0; node < has_child_.size(); ++node) {
      if (!has_child_[node]) {
        tips.push_back(node);
      }
    }
    flush(tips);
    range.graph = std::move(graph_);
    range.ids = std::move(ids_);
  }

 private:
  Node add(const CommitId& id, Role role, const std::vector<Node>& parents) {
    for (const Node parent : parents) {
      has_child_[parent] = true;
    }
    has_child_.push_back(false);
    ids_.push_back(id);
    return graph_.add(role, parents);
  }

  Node good_node(const CommitId& id) {
    std::optional<Node>& node = goods_.at(id);
    if (!node) {
      node = add(id, Role::good_end, {});
    }
    return *node;
  }

  std::optional<Node> node_of(const CommitId& id) {
    if (const auto known = nodes_.find(id); known != nodes_.end()) {
      return known->second;
    }
    return goods_.contains(id) ? std::optional{good_node(id)} : std::nullopt;
  }

  /// Adds the commit read last. It is held back until it is known whether it is the end.
  void flush(const std::vector<Node>& more_parents) {
    if (!pending_) {
      return;
    }
    std::vector<Node> parents;
    for (const CommitId& id : pending_parents_) {
      if (const std::optional<Node> node = node_of(id)) {
        parents.push_back(*node);
      }
      if (first_parent_) {
        break;
      }
    }
    parents.insert(parents.end(), more_parents.begin(), more_parents.end());
    std::ranges::sort(parents);
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    nodes_.emplace(*pending_, add(*pending_, role_of(*pending_), parents));
    pending_.reset();
  }

  [[nodiscard]] Role role_of(const CommitId& id) const {
    return !candidates_ || candidates_->contains(id) ? Role::candidate : Role::passage;
  }

  CommitId bad_;
  bool first_parent_;
  std::optional<std::unordered_set<CommitId>> candidates_;
  std::unordered_map<CommitId, std::optional<Node>> goods_;
  std::unordered_map<CommitId, Node> nodes_;
  std::optional<CommitId> pending_;
  std::vector<CommitId> pending_parents_;
  search::CommitGraph graph_;
  std::vector<CommitId> ids_;
  std::vector<bool> has_child_;
};

Result<Ends> resolve(const Repository& repository, const RangeRequest& request) {
  if (request.goods.empty()) {
    return fail(ErrorKind::misconfigured, "no good revision was given");
  }
  Ends ends;
  const Result<CommitId> bad = repository.commit(request.bad);
  if (!bad) {
    return tl::unexpected{bad.error()};
  }
  ends.bad = *bad;
  for (const std::string& revision : request.goods) {
    const Result<CommitId> good = repository.commit(revision);
    if (!good) {
      return tl::unexpected{good.error()};
    }
    if (*good == ends.bad) {
      return fail(ErrorKind::misconfigured,
                  fmt::format("{} and {} are the same commit: there is nothing between them", revision, request.bad));
    }
    if (std::ranges::find(ends.goods, *good) == ends.goods.end()) {
      ends.goods.push_back(*good);
    }
  }
  return ends;
}

/// How git is asked about the history: not by a commit-graph that is damaged.
class History {
 public:
  explicit History(const Repository& repository)
      : repository_{repository}, whole_{commit_graphs_are_whole(repository.common_dir() / "objects")} {}

  [[nodiscard]] GitCommand command(std::vector<std::string> arguments) const {
    if (!whole_) {
      arguments.insert(arguments.begin(), {"-c", "core.commitGraph=false"});
    }
    return git_command(repository_, std::move(arguments));
  }
  [[nodiscard]] bool shallow() const { return repository_.shallow(); }

 private:
  const Repository& repository_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  bool whole_;
};

/// Runs rev-list for its lines.
Result<void> list(const History& history, std::vector<std::string> arguments, const LineSink& sink) {
  bool understood = true;
  const Result<GitEnd> end = run_git(history.command(std::move(arguments)), [&](std::string_view line) {
    understood = sink(line);
    return understood;
  });
  if (!end) {
    return tl::unexpected{end.error()};
  }
  if (!understood) {
    return fail(ErrorKind::rejected, "git rev-list printed what is not understood");
  }
  if (end->exit_code != 0) {
    return fail(ErrorKind::rejected, fmt::format("the history cannot be read (see git fsck): {}", complaint(end->err)));
  }
  return {};
}

Result<bool> is_ancestor(const History& history, const CommitId& older, const CommitId& newer) {
  const Result<GitText> text = run_git(history.command({"merge-base", "--is-ancestor", older.hex(), newer.hex()}));
  if (!text) {
    return tl::unexpected{text.error()};
  }
  if (text->exit_code > 1) {
    return fail(ErrorKind::rejected,
                fmt::format("the history cannot be read (see git fsck): {}", complaint(text->err)));
  }
  return text->exit_code == 0;
}

Result<std::vector<CommitId>> merge_bases(const History& history, const Ends& ends) {
  std::vector<std::string> arguments{"merge-base", "--all", ends.bad.hex()};
  std::ranges::transform(ends.goods, std::back_inserter(arguments), [](const CommitId& id) { return id.hex(); });
  const Result<GitText> text = run_git(history.command(std::move(arguments)));
  if (!text) {
    return tl::unexpected{text.error()};
  }
  if (text->exit_code > 1) {
    return fail(ErrorKind::rejected,
                fmt::format("the history cannot be read (see git fsck): {}", complaint(text->err)));
  }
  std::vector<CommitId> bases;
  for (std::size_t at = 0; at + id_digits <= text->out.size(); at += id_digits + 1) {
    if (const std::optional<CommitId> id = CommitId::parse(std::string_view{text->out}.substr(at, id_digits))) {
      bases.push_back(*id);
    }
  }
  return bases;
}

/// What has to be tested beside the graph when some good ends are no ancestors of bad.
Result<std::vector<OutsideCheck>> outside_checks(const History& history, const RangeRequest& request, const Ends& ends,
                                                 const std::vector<CommitId>& siblings) {
  const Result<std::vector<CommitId>> bases = merge_bases(history, ends);
  if (!bases) {
    return tl::unexpected{bases.error()};
  }
  if (bases->empty()) {
    return fail(ErrorKind::misconfigured,
                fmt::format("{} and {} have no common history{}", request.goods.front(), request.bad,
                            history.shallow() ? " in this shallow clone: git fetch --unshallow" : ""));
  }
  std::vector<OutsideCheck> checks;
  for (const CommitId& base : *bases) {
    if (base == ends.bad) {
      return fail(ErrorKind::misconfigured,
                  fmt::format("{} is an ancestor of a good revision ({}): are good and bad the wrong way round?",
                              request.bad, request.goods.front()));
    }
    if (std::ranges::find(ends.goods, base) == ends.goods.end()) {
      OutsideCheck check;
      check.id = base;
      check.merge_base = true;
      checks.push_back(check);
    }
  }
  for (const CommitId& sibling : siblings) {
    OutsideCheck check;
    check.id = sibling;
    checks.push_back(check);
  }
  return checks;
}

/// The good ends that the listing did not meet: which are ancestors of bad all the same, and which are not.
struct Unmet {
  std::vector<CommitId> ancestors;
  std::vector<CommitId> siblings;
};
Result<Unmet> sort_unmet(const History& history, const Ends& ends, const GraphBuilder& builder) {
  Unmet unmet;
  for (const CommitId& good : ends.goods) {
    if (builder.linked(good)) {
      continue;
    }
    const Result<bool> ancestor = is_ancestor(history, good, ends.bad);
    if (!ancestor) {
      return tl::unexpected{ancestor.error()};
    }
    (*ancestor ? unmet.ancestors : unmet.siblings).push_back(good);
  }
  return unmet;
}

Result<std::unordered_set<CommitId>> touching_commits(const History& history, const Ends& ends,
                                                      const RangeRequest& request) {
  std::unordered_set<CommitId> commits;
  const Result<void> listed = list(history, rev_list_arguments(ends, request, false), [&](std::string_view line) {
    const std::optional<CommitId> id = CommitId::parse(line);
    return id && commits.insert(*id).second;
  });
  if (!listed) {
    return tl::unexpected{listed.error()};
  }
  return commits;
}

Result<void> list_commits(const History& history, const RangeRequest& request, const Ends& ends,
                          GraphBuilder& builder) {
  if (!request.pathspecs.empty()) {
    Result<std::unordered_set<CommitId>> touching = touching_commits(history, ends, request);
    if (!touching) {
      return tl::unexpected{touching.error()};
    }
    builder.restrict_to(std::move(*touching));
  }
  return list(history, rev_list_arguments(ends, request, true),
              [&](std::string_view line) { return builder.line(line); });
}

}  // namespace

Result<Range> read_range(const Repository& repository, const RangeRequest& request) {
  const Result<Ends> ends = resolve(repository, request);
  if (!ends) {
    return tl::unexpected{ends.error()};
  }
  const History history{repository};
  GraphBuilder builder{*ends, request.first_parent};
  if (const Result<void> listed = list_commits(history, request, *ends, builder); !listed) {
    return tl::unexpected{listed.error()};
  }
  const Result<Unmet> unmet = sort_unmet(history, *ends, builder);
  if (!unmet) {
    return tl::unexpected{unmet.error()};
  }
  Range range;
  range.goods = ends->goods;
  range.bad = ends->bad;
  if (!unmet->siblings.empty()) {
    Result<std::vector<OutsideCheck>> outside = outside_checks(history, request, *ends, unmet->siblings);
    if (!outside) {
      return tl::unexpected{outside.error()};
    }
    range.outside = std::move(*outside);
  }
  builder.finish(unmet->ancestors, range);
  if (range.graph.candidates() == 0) {
    return fail(ErrorKind::misconfigured,
                fmt::format("no commit between {} and {} touches the given paths", request.goods.front(), request.bad));
  }
  return range;
}

}  // namespace nmz::git
