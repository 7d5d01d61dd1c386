// The objects of one repository (the user's, or one of its submodules') and what its configuration says about
// contents.
//
// libgit2 opens the object database alone, not the repository: then no format extension, foreign owner or unusual
// configuration stands in its way, and git's own word (Repository::open) on these is the only one. Configuration
// comes from `git config`, so that includes, GIT_CONFIG_* and `git -c` count as they do for git. Replaced objects
// (git replace) are followed as git follows them.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/repository.hpp"

#include "attributes.hpp"
#include "blob_cache.hpp"
#include "git_process.hpp"
#include "libgit2.hpp"
#include "treatment.hpp"

namespace nmz::git {

/// Where a repository is. A submodule's work tree is where the superproject has it.
struct Place {
  std::filesystem::path git_dir;
  std::filesystem::path common_dir;
  std::filesystem::path work_tree;  ///< may be empty
};

class ObjectSource {
 public:
  [[nodiscard]] static Result<std::unique_ptr<ObjectSource>> open(Place place);
  /// With the same settings, and an object database of its own; blobs that one has read lately the other need not.
  [[nodiscard]] Result<std::unique_ptr<ObjectSource>> another() const;

  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] const ContentConfig& config() const { return config_; }

  [[nodiscard]] bool has(const CommitId& id) const;
  /// In a partial clone: asks the promisor remote for these objects, as git does before a checkout.
  [[nodiscard]] Result<void> fetch(const std::vector<CommitId>& ids) const;
  [[nodiscard]] Result<std::string> message_line(const CommitId& id) const;
  [[nodiscard]] Result<TreeHandle> tree_of_commit(const CommitId& id) const;
  [[nodiscard]] Result<TreeHandle> tree(const git_oid& id) const;
  [[nodiscard]] Result<SharedBlob> blob(const CommitId& id) const;

  /// The attributes that count before any .gitattributes of a commit is looked at.
  [[nodiscard]] AttributeStack base_attributes() const { return base_attributes_; }
  /// The text of all that decides about contents and is in no commit: configuration, attributes, replaced objects.
  [[nodiscard]] const std::string& content_rules() const { return content_rules_; }
  /// A .gitattributes blob, parsed. A missing one counts as empty.
  [[nodiscard]] std::shared_ptr<const AttributeFile> attributes(const git_oid& blob, bool top);

  /// Where the submodules of a .gitmodules blob are mounted: path to name.
  [[nodiscard]] const std::map<std::string, std::string>& submodule_names(const git_oid& gitmodules);

  /// git, in this repository.
  [[nodiscard]] GitCommand command(std::vector<std::string> arguments) const;

 private:
  ObjectSource() = default;
  [[nodiscard]] Result<void> open_objects();
  [[nodiscard]] Result<void> read_config();
  void read_replacements();
  void read_base_attributes();
  [[nodiscard]] git_oid replaced(const git_oid& id) const;
  [[nodiscard]] Result<CommitHandle> commit(const CommitId& id) const;
  [[nodiscard]] Result<SharedBlob> read_blob(const CommitId& id) const;
  /// Whether looking again makes sense: the object may have been fetched now.
  [[nodiscard]] bool fetched(const git_oid& id) const;

  Place place_;
  OdbHandle odb_;
  std::shared_ptr<BlobCache> blobs_;
  RepositoryHandle repository_;
  ContentConfig config_;
  AttributeStack base_attributes_;
  std::string content_rules_;
  std::unordered_map<CommitId, CommitId> replacements_;
  std::map<std::pair<CommitId, bool>, std::shared_ptr<const AttributeFile>> attribute_files_;
  std::map<CommitId, std::map<std::string, std::string>> submodule_names_;
};

}  // namespace nmz::git
