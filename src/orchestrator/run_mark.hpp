// The lock of a run directory, the mark in it that says whose the directory is, and the removal of what carries it
// (see nmz/orchestrator/run_directory.hpp).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::orchestrator {

inline constexpr const char* lock_name = "lock";
/// The permissions of a directory until its mark is written: a name and a mark can't come into being at once, and these
/// are no one's (a sticky bit where nobody else may write). So what a run left that was killed between is known, too.
inline constexpr mode_t unmarked = S_ISVTX | S_IRWXU;

[[nodiscard]] std::string reason(int error);

/// A lock file's descriptor, locked; none with errno set.
[[nodiscard]] files::UniqueFd open_locked(int directory, const std::filesystem::path& path, int how);

/// 0 or an errno.
[[nodiscard]] int write_mark(int directory, const std::filesystem::path& path, int lock);
[[nodiscard]] bool is_ours(int directory, const std::filesystem::path& path, int lock);

/// What could not be removed; a line each.
[[nodiscard]] std::vector<std::string> lines(const std::filesystem::path& path, const files::Leftovers& left);

/// Removes the open directory and its name in `base`. Tries again for what a dying process may just have created.
[[nodiscard]] std::vector<std::string> remove_directory(
    int base, int directory, const std::filesystem::path& path, const files::Progress& progress = [] {});

}  // namespace nmz::orchestrator
