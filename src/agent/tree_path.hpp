// Which paths of a commit may be laid out.
//
// A commit is somebody else's data. git refuses some paths when it checks a tree out, because on one file system or
// another they name the repository itself, whose hooks and configuration are programs; the agent refuses the same, on
// every file system, so that a run does not depend on where a worker happens to be:
//   - empty components, ".", "..", absolute paths, NUL bytes;
//   - ".git" in any case; with code points that HFS+ ignores (verify_path with core.protectHFS);
//   - what NTFS takes for it: "git~1", trailing dots and spaces, ":stream" suffixes, backslash as a separator
//     (is_ntfs_dotgit with core.protectNTFS, which git has on by default everywhere since CVE-2019-1353).
#pragma once

#include <optional>
#include <string_view>

namespace nmz::agent {

/// Whose path it is. The coordinator's own may begin or end with ".git", spelled like that: a git directory that it
/// puts into the tree, and the .git files of submodules.
enum class PathOf : bool { commit, coordinator };

/// Why the path may not be laid out, or nothing when it may.
[[nodiscard]] std::optional<std::string_view> refusal(std::string_view path, PathOf whose = PathOf::commit);

/// "a/b" of "a/b/c"; "" of "c".
[[nodiscard]] std::string_view parent_of(std::string_view path);
/// "c" of "a/b/c".
[[nodiscard]] std::string_view name_of(std::string_view path);
/// Cuts the first component off the front of `path` and returns it.
[[nodiscard]] std::string_view take_component(std::string_view& path);

}  // namespace nmz::agent
