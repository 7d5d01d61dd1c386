// The objects of submodules that are present locally.
//
// A submodule's repository is where `git submodule update` puts it (modules/<name> in the git directory, of the linked
// work tree or of all) or, for one that was cloned by hand, in its own work tree. Nothing is cloned or fetched here.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "nmz/git/commit_id.hpp"

#include "object_source.hpp"

namespace nmz::git {

/// A name from .gitmodules becomes part of a path in the git directory.
[[nodiscard]] bool is_safe_submodule_name(std::string_view name);

/// Keeps what it has opened, because opening costs.
class SubmoduleSources {
 public:
  /// The source that has `commit`; nothing when the submodule is not present locally or lacks it.
  [[nodiscard]] ObjectSource* find(ObjectSource& parent, const std::string& name, const std::string& path,
                                   const CommitId& commit);

 private:
  [[nodiscard]] ObjectSource* open(const std::filesystem::path& git_dir, const std::filesystem::path& work_tree);

  std::map<std::string, std::unique_ptr<ObjectSource>> sources_;
};

}  // namespace nmz::git
