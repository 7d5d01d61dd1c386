// Work trees that are kept from one search to the next, so that it begins with a difference
// (nmz/orchestrator/kept_trees.hpp): whose they are, what else than the commit decides about the files in them, and
// what the user can do about them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nmz/orchestrator/kept_trees.hpp"
#include "nmz/site/site.hpp"

#include "inputs.hpp"
#include "prepared_search.hpp"

namespace nmz::nmzbisect {

/// Not where the user has said where they go.
[[nodiscard]] bool keeps_trees(const Options& options);

/// Who may take the trees of this repository over; empty when none are kept.
[[nodiscard]] std::string owner_of_trees(const Options& options, const git::Repository& repository);

/// All that decides about the files of a commit, in short. Two that differ may only look alike, never the reverse: then
/// the trees are laid out as a whole.
[[nodiscard]] std::string rules_of_trees(const git::ObjectReader& objects);

/// What the mark of this search's trees says.
[[nodiscard]] orchestrator::KeptTrees trees_to_keep(const Search& search, const Inputs& inputs, const site::Site& site,
                                                    const std::map<std::string, std::string>& in_trees);

/// `nmzbisect trees` and `nmzbisect trees prune`; `arguments` without the first word. Returns the exit status.
[[nodiscard]] int trees_command(const std::vector<std::string>& arguments);

}  // namespace nmz::nmzbisect
