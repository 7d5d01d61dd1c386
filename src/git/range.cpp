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
#include <cctype>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "nmz/search/retreat.hpp"

#include "commit_graph_file.hpp"
#include "git_process.hpp"
#include "graph_builder.hpp"

namespace nmz::git {

namespace {

constexpr std::size_t id_digits = 40;

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
  if (ends.oldest) {
    arguments.push_back(fmt::format("^{}^@", ends.oldest->hex()));
  }
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), request.pathspecs.begin(), request.pathspecs.end());
  return arguments;
}

Result<Ends> resolve(const Repository& repository, const RangeRequest& request) {
  if (request.goods.empty() && !request.find_good) {
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
  // As for git, histories without anything in common have nothing to test first. A shallow clone may only not know it.
  if (bases->empty() && history.shallow()) {
    return fail(ErrorKind::misconfigured,
                fmt::format("{} and {} have no common history in this shallow clone: git fetch --unshallow",
                            request.goods.front(), request.bad));
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

/// How far back a good end is looked for.
Result<Ends> with_limit(const Repository& repository, const History& history, const RangeRequest& request, Ends ends) {
  const std::string& limit = request.good_limit;
  const bool is_count = std::ranges::all_of(limit, [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!request.find_good || limit.empty()) {
    return ends;
  }
  const Result<CommitId> oldest = repository.commit(is_count ? ends.bad.hex() + '~' + limit : limit);
  if (!oldest) {
    return is_count ? Result<Ends>{std::move(ends)} : tl::unexpected{oldest.error()};  // the root is nearer
  }
  const Result<bool> ancestor = is_ancestor(history, *oldest, ends.bad);
  if (!ancestor) {
    return tl::unexpected{ancestor.error()};
  }
  if (!*ancestor || *oldest == ends.bad) {
    return fail(ErrorKind::misconfigured, fmt::format("{} is no ancestor of {}", limit, request.bad));
  }
  ends.oldest = *oldest;
  return ends;
}

/// The tags of the graph's nodes.
Result<std::map<search::Node, std::string>> tags_in(const History& history, const GraphBuilder& builder) {
  std::map<search::Node, std::string> tags;
  const Result<void> listed =
      list(history, {"for-each-ref", "--format=%(objectname) %(*objectname) %(refname:short)", "refs/tags"},
           [&](std::string_view line) {
             // "<tag> <commit> <name>" for an annotated one, and two blanks where there is no commit.
             const std::string_view name = line.substr(line.rfind(' ') + 1);
             const std::string_view peeled = line.substr(std::min(line.size(), id_digits + 1), id_digits);
             for (const std::string_view id : {line.substr(0, id_digits), peeled}) {
               const std::optional<CommitId> commit = CommitId::parse(id);
               const std::optional<search::Node> node = commit ? builder.node_at(*commit) : std::nullopt;
               if (node) {
                 tags.emplace(*node, name);
               }
             }
             return true;
           });
  if (!listed) {
    return tl::unexpected{listed.error()};
  }
  return tags;
}

Result<void> plan_retreat(const History& history, const RangeRequest& request, const GraphBuilder& builder,
                          Range& range) {
  const Result<std::map<search::Node, std::string>> tags = tags_in(history, builder);
  if (!tags) {
    return tl::unexpected{tags.error()};
  }
  std::vector<search::Node> tagged;
  for (const auto& [node, name] : *tags) {
    tagged.push_back(node);
  }
  for (const search::Node node : search::retreat(range.graph, builder.first_parents(), tagged)) {
    const auto tag = tags->find(node);
    range.retreat.push_back({node, tag == tags->end() ? std::string{} : tag->second});
  }
  if (range.retreat.empty()) {
    return fail(ErrorKind::misconfigured, fmt::format("{} has no ancestor that could be good", request.bad));
  }
  return {};
}

/// A commit that is said to be skipped and is no candidate makes no difference.
Result<std::vector<search::Node>> skipped_nodes(const Repository& repository, const History& history,
                                                const RangeRequest& request, const GraphBuilder& builder,
                                                const Range& range) {
  std::vector<search::Node> nodes;
  const auto add = [&](const CommitId& commit) {
    const std::optional<search::Node> node = builder.node_at(commit);
    if (node && range.graph.role(*node) == search::Role::candidate) {
      nodes.push_back(*node);
    }
  };
  for (const std::string& revision : request.skipped) {
    if (revision.find("..") == std::string::npos) {
      const Result<CommitId> commit = repository.commit(revision);
      if (!commit) {
        return tl::unexpected{commit.error()};
      }
      add(*commit);
      continue;
    }
    const Result<void> listed =
        list(history, {"rev-list", "--end-of-options", revision, "--"}, [&](std::string_view line) {
          const std::optional<CommitId> commit = CommitId::parse(line);
          if (commit) {
            add(*commit);
          }
          return commit.has_value();
        });
    if (!listed) {
      return fail(ErrorKind::misconfigured, fmt::format("--skip {}: no such range of commits", revision));
    }
  }
  std::ranges::sort(nodes);
  nodes.erase(std::unique(nodes.begin(), nodes.end()), nodes.end());
  return nodes;
}

}  // namespace

Result<Range> read_range(const Repository& repository, const RangeRequest& request) {
  const History history{repository};
  const Result<Ends> ends = resolve(repository, request).and_then([&](Ends found) {
    return with_limit(repository, history, request, std::move(found));
  });
  if (!ends) {
    return tl::unexpected{ends.error()};
  }
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
    const std::string between = request.goods.empty()
                                    ? "up to " + request.bad
                                    : fmt::format("between {} and {}", request.goods.front(), request.bad);
    return fail(ErrorKind::misconfigured, fmt::format("no commit {} touches the given paths", between));
  }
  Result<std::vector<search::Node>> skipped = skipped_nodes(repository, history, request, builder, range);
  if (!skipped) {
    return tl::unexpected{skipped.error()};
  }
  range.skipped = std::move(*skipped);
  if (request.find_good) {
    if (const Result<void> planned = plan_retreat(history, request, builder, range); !planned) {
      return tl::unexpected{planned.error()};
    }
  }
  return range;
}

}  // namespace nmz::git
