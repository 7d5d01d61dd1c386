// Patches that every commit, or some, are tested with: a repair of the build, a test that came later. And a commit
// without another one: what the bad end would be if the culprit were reverted.
//
// git applies them, since it alone reads every kind (binary, mode, renames, mail), to an index and an object directory
// of the run's own that borrows the user's objects. What differs then is checked out by git as well, so that line ends
// and filters are right, and sent in the place of the commit's files, as today's files are (TreeRequest::patched).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"

namespace nmz::git {

struct PatchRequest {
  std::string file;   ///< as typed in the start directory
  std::string range;  ///< A..B: only on commits that are in B and not in A; empty = on all
};

class Patches {
 public:
  /// Works in a directory that it makes in `place`, or among the temporary files where that is empty, and removes it
  /// at its end. One clear line (misconfigured) for a file or a range that cannot be read.
  [[nodiscard]] static Result<std::shared_ptr<const Patches>> create(const Repository& repository,
                                                                     const std::vector<PatchRequest>& requests,
                                                                     const std::filesystem::path& place);

  ~Patches();
  Patches(const Patches&) = delete;
  Patches& operator=(const Patches&) = delete;
  Patches(Patches&&) = delete;
  Patches& operator=(Patches&&) = delete;

  /// The files of the commit that its patches change, in the order of their paths; rejected: one does not apply. From
  /// any thread.
  [[nodiscard]] Result<std::vector<TodaysFile>> files(const CommitId& commit) const;

  /// The same of the commit `at` with what `culprit` has changed since `parent` (nothing: it is a root) taken back, as
  /// `git revert` would; rejected: it cannot be reverted cleanly.
  [[nodiscard]] Result<std::vector<TodaysFile>> files_without(const CommitId& culprit,
                                                              const std::optional<CommitId>& parent,
                                                              const CommitId& at) const;

 private:
  struct Patch {
    std::string file;
    std::string text;
    std::optional<std::unordered_set<CommitId>> only;
  };
  class Bench;
  [[nodiscard]] Result<void> apply(const Bench& bench, const CommitId& commit) const;
  [[nodiscard]] std::vector<const Patch*> wanted(const CommitId& commit) const;
  Patches(Repository repository, std::filesystem::path scratch)
      : repository_{std::move(repository)}, scratch_{std::move(scratch)} {}

  Repository repository_;
  std::filesystem::path scratch_;
  std::vector<Patch> patches_;
};

}  // namespace nmz::git
