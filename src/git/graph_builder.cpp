// See graph_builder.hpp.
#include "graph_builder.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace nmz::git {

using search::Node;
using search::Role;

namespace {

constexpr std::size_t id_digits = 40;

}  // namespace

GraphBuilder::GraphBuilder(const Ends& ends, bool first_parent) : bad_{ends.bad}, first_parent_{first_parent} {
  for (const CommitId& good : ends.goods) {
    goods_.emplace(good, std::nullopt);
  }
}

bool GraphBuilder::line(std::string_view text) {
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

bool GraphBuilder::linked(const CommitId& good) const {
  if (goods_.at(good)) {
    return true;
  }
  const std::size_t counted =
      first_parent_ ? std::min<std::size_t>(pending_parents_.size(), 1) : pending_parents_.size();
  return std::ranges::any_of(pending_parents_.begin(), pending_parents_.begin() + static_cast<std::ptrdiff_t>(counted),
                             [&](const CommitId& parent) { return parent == good; });
}

void GraphBuilder::finish(const std::vector<CommitId>& unlinked, Range& range) {
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

Node GraphBuilder::add(const CommitId& id, Role role, const std::vector<Node>& parents) {
  for (const Node parent : parents) {
    has_child_[parent] = true;
  }
  has_child_.push_back(false);
  ids_.push_back(id);
  return graph_.add(role, parents);
}

Node GraphBuilder::good_node(const CommitId& id) {
  std::optional<Node>& node = goods_.at(id);
  if (!node) {
    first_parents_.emplace_back();
    node = add(id, Role::good_end, {});
  }
  return *node;
}

std::optional<Node> GraphBuilder::node_of(const CommitId& id) {
  if (const auto known = nodes_.find(id); known != nodes_.end()) {
    return known->second;
  }
  return goods_.contains(id) ? std::optional{good_node(id)} : std::nullopt;
}

/// Adds the commit read last. It is held back until it is known whether it is the end.
void GraphBuilder::flush(const std::vector<Node>& more_parents) {
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
  first_parents_.push_back(parents.empty() ? std::nullopt : std::optional{parents.front()});
  std::ranges::sort(parents);
  parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
  nodes_.emplace(*pending_, add(*pending_, role_of(*pending_), parents));
  pending_.reset();
}

Role GraphBuilder::role_of(const CommitId& id) const {
  return !candidates_ || candidates_->contains(id) ? Role::candidate : Role::passage;
}

std::optional<Node> GraphBuilder::node_at(const CommitId& id) const {
  const auto known = nodes_.find(id);
  return known == nodes_.end() ? std::nullopt : std::optional{known->second};
}

std::vector<Node> GraphBuilder::first_parents() const {
  std::vector<Node> line;
  for (std::optional<Node> node = node_at(bad_); node; node = first_parents_[*node]) {
    line.push_back(*node);
  }
  return line;
}

}  // namespace nmz::git
