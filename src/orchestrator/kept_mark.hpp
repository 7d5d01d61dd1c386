// The file that says of a run directory that it is kept, and what stays in such a directory
// (nmz/orchestrator/kept_trees.hpp).
//
// The file is lines of text as long as names are, ended by NUL because paths may contain anything else; it comes into
// being by being renamed, whole. What cannot be read is no mark, and then the directory is a dead one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nmz/files/removal.hpp"
#include "nmz/orchestrator/kept_trees.hpp"

namespace nmz::orchestrator {

inline constexpr const char* kept_name = "kept";

[[nodiscard]] std::string encode(const KeptTrees& trees);
[[nodiscard]] std::optional<KeptTrees> decode_kept(std::string_view text);

/// In the open run directory.
[[nodiscard]] std::optional<KeptTrees> read_kept(int directory);
[[nodiscard]] bool write_kept(int directory, const KeptTrees& trees);
/// False when it is still there.
[[nodiscard]] bool drop_kept(int directory);

/// What a run that goes on says of itself, for people; empty when it has said nothing.
[[nodiscard]] std::string read_title(int directory);
void write_title(int directory, const std::string& title);

/// Moves all but the trees that are worth keeping to the open directory `aside`, which is quicker than removing it;
/// says whose they are, and how large. False when something cannot be moved.
[[nodiscard]] bool trim(int directory, int aside, KeptTrees& trees, const files::Progress& progress);

}  // namespace nmz::orchestrator
