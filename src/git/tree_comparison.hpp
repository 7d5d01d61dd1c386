// What has to be removed and what has to be written to get from one commit's tree to another's.
//
// Both trees are walked side by side. Subtrees with the same id are not read, unless something below has to be looked
// at all the same: a path that the test changed, or files whose treatment (line ends, filters) differs because a
// .gitattributes file above them differs; all are read where the tree is one of an earlier search, which may have seen
// fewer submodules. Submodules that are present locally are walked into as if they were
// directories, each side with the objects, attributes and configuration of its own repository.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"
#include "nmz/git/tree_stream.hpp"

#include "attributes.hpp"
#include "libgit2.hpp"
#include "object_source.hpp"
#include "submodule_sources.hpp"
#include "treatment.hpp"

namespace nmz::git {

/// A file to send.
struct FileToSend {
  std::string path;
  CommitId blob;
  wire::FileMode mode = wire::FileMode::regular;
  bool keep_if_same = false;
  std::uint32_t origin = 0;     ///< position in TreeDifference::origins
  std::uint32_t treatment = 0;  ///< position in TreeDifference::treatments
};

/// Where a file comes from: for reading it, and for telling a person.
struct Origin {
  const ObjectSource* source = nullptr;
  CommitId commit;
  std::string mounted_at;  ///< "" or "path/of/submodule/"
};

struct TreeDifference {
  std::vector<std::string> removed;
  std::vector<std::string> directories;
  std::vector<FileToSend> files;
  std::vector<TreeStream::Change> changes;  ///< of the superproject's index
  std::vector<std::string> submodules;      ///< paths whose files were looked at
  std::vector<Origin> origins;
  std::vector<Treatment> treatments;
  bool has_submodule_files = false;
};

struct ComparisonRequest {
  ObjectSource* source = nullptr;
  SubmoduleSources* submodules = nullptr;
  std::optional<CommitId> from;
  CommitId to;
  std::set<std::string> changed;
  bool inherited = false;  ///< `from` has no submodule's files, whatever is present now
};

[[nodiscard]] Result<TreeDifference> compare_trees(const ComparisonRequest& request);

}  // namespace nmz::git
