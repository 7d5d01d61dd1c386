// The directory a local run lives in, and what earlier runs left behind.
//
//     BASE/lock                   there and held while run directories come and go
//     BASE/run-NAME/lock          held by the run for as long as it lives
//     BASE/run-NAME/w0/...        a worker's work tree and git directory
//
// A run directory whose lock is free, and that is not kept for the next run (kept_trees.hpp), belongs to a program that
// was killed: whoever comes next ends what still runs from there (found by NMZ_RUN in its environment) and removes the
// directory.
//
// The base is the user's to choose, and may hold directories of his called run-anything. Ours are those whose lock file
// says so, in words that name the device and inode of the directory it is in, and our user: a copy, a backup or a file
// that happens to be called lock is none. So is one that was just made and has no mark yet, which shows in its
// permissions. Everything else is left alone. What is removed is the directory that was
// looked at, by its descriptor (nmz/files/removal.hpp); a name is never resolved again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"
#include "nmz/orchestrator/kept_trees.hpp"

namespace nmz::orchestrator {

class RunDirectory {
 public:
  struct Swept {
    std::size_t directories = 0;    ///< that are gone
    std::size_t processes = 0;      ///< that were ended
    std::vector<std::string> left;  ///< what could not be removed, and why; a line each
  };

  /// Creates a fresh run directory below `base` (made if missing) after sweeping what dead runs left there.
  /// `remedy`: what a user can do where `base` cannot be used. `name`: what its name begins with, so that it is the
  /// same from one run to the next (compilers put it into what they make, and caches of theirs look for it); without
  /// one it is any. `owner`: takes a directory of this name over that is kept for him.
  /// `title`: what the run is about, for whoever lists the directories.
  [[nodiscard]] static Result<RunDirectory> create(const std::filesystem::path& base,
                                                   const std::string& remedy = "choose another place with --work-dir",
                                                   const std::string& name = {}, const std::string& owner = {},
                                                   const std::string& title = {});

  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  RunDirectory(RunDirectory&& other) noexcept = default;
  RunDirectory& operator=(RunDirectory&& other) noexcept = delete;
  /// Removes the directory as remove() does, if that has not been done.
  ~RunDirectory();

  /// Removes the directory with everything in it. What could not be removed, and why; a line each.
  std::vector<std::string> remove();
  /// The same at the end of a program, which need not wait for a large directory: a process of its own goes on, and
  /// what that cannot remove is told by the next run.
  std::vector<std::string> remove_beside();
  /// Keeps the trees for the next run instead, as the limits allow, and removes the rest likewise.
  std::vector<std::string> keep_beside(const KeptTrees& trees, const KeptLimits& limits = {});

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const Swept& swept() const { return swept_; }
  /// What it was kept with, when it was taken over.
  [[nodiscard]] const std::optional<KeptTrees>& inherited() const { return inherited_; }

 private:
  [[nodiscard]] static tl::expected<RunDirectory, int> make(const std::filesystem::path& base, int place,
                                                            const std::string& name);
  [[nodiscard]] static std::optional<RunDirectory> take_over(const std::filesystem::path& base, int place,
                                                             const std::string& name, const std::string& owner,
                                                             Swept& swept);
  std::vector<std::string> keep(KeptTrees trees, KeptLimits limits, const files::Progress& progress);
  std::vector<std::string> end_beside(const std::function<std::vector<std::string>(const files::Progress&)>& work);
  RunDirectory(std::filesystem::path path, files::UniqueFd base, files::UniqueFd directory);

  std::filesystem::path path_;
  files::UniqueFd base_;
  files::UniqueFd directory_;
  files::UniqueFd lock_;  ///< none when removed
  Swept swept_;
  std::optional<KeptTrees> inherited_;
};

}  // namespace nmz::orchestrator
