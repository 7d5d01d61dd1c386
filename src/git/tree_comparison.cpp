// See tree_comparison.hpp.
#include "tree_comparison.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace nmz::git {

namespace {

enum class EntryKind : std::uint8_t { file, directory, submodule };

EntryKind kind_of(const git_tree_entry* entry) {
  switch (git_tree_entry_type(entry)) {
    case GIT_OBJECT_TREE:
      return EntryKind::directory;
    case GIT_OBJECT_COMMIT:
      return EntryKind::submodule;
    default:
      return EntryKind::file;
  }
}

/// Old repositories have modes like 100664; libgit2's normal form knows five.
wire::FileMode mode_of(const git_tree_entry* entry) {
  switch (git_tree_entry_filemode(entry)) {
    case GIT_FILEMODE_BLOB_EXECUTABLE:
      return wire::FileMode::executable;
    case GIT_FILEMODE_LINK:
      return wire::FileMode::symlink;
    default:
      return wire::FileMode::regular;
  }
}

bool same_content(const git_tree_entry* left, const git_tree_entry* right) {
  return git_oid_equal(git_tree_entry_id(left), git_tree_entry_id(right)) != 0;
}

/// The regular file of this name; git does not follow a .gitattributes that is a symlink.
const git_tree_entry* file_named(const git_tree* tree, const char* name) {
  const git_tree_entry* entry = tree == nullptr ? nullptr : git_tree_entry_byname(tree, name);
  return entry != nullptr && kind_of(entry) == EntryKind::file && mode_of(entry) != wire::FileMode::symlink ? entry
                                                                                                            : nullptr;
}

/// One commit as one side of the comparison.
struct Side {
  ObjectSource* source = nullptr;
  CommitId commit;
  TreeHandle root;
  AttributeStack attributes;

  [[nodiscard]] bool exists() const { return source != nullptr; }
};

Result<Side> open_side(ObjectSource& source, const CommitId& commit) {
  Result<TreeHandle> root = source.tree_of_commit(commit);
  if (!root) {
    return tl::unexpected{root.error()};
  }
  return Side{&source, commit, std::move(*root), source.base_attributes()};
}

/// Adds a directory's .gitattributes to a side for the time it is walked.
class Descent {
 public:
  Descent(Side& side, const git_tree* tree, std::string_view directory) : side_{side} {
    if (const git_tree_entry* entry = file_named(tree, ".gitattributes")) {
      side_.attributes.push(side_.source->attributes(*git_tree_entry_id(entry), directory.empty()), directory);
      pushed_ = true;
    }
  }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;
  ~Descent() {
    if (pushed_) {
      side_.attributes.pop();
    }
  }

 private:
  Side& side_;
  bool pushed_ = false;
};

/// The comparison of two commits of one repository, mounted somewhere in the work tree. Submodules are comparisons
/// within the comparison.
class Comparison {
 public:
  Comparison(const ComparisonRequest& request, TreeDifference& difference, std::string mount, Side& from, Side& to)
      : request_{request}, difference_{difference}, mount_{std::move(mount)}, from_{from}, to_{to} {
    if (to_.exists()) {
      origin_ = static_cast<std::uint32_t>(difference_.origins.size());
      difference_.origins.push_back({to_.source, to_.commit, mount_});
    }
  }

  Result<void> run() {
    // Another repository behind the same path has its own configuration.
    const bool all_attributes_differ = from_.exists() && to_.exists() && from_.source != to_.source;
    return compare(from_.root.get(), to_.root.get(), "", all_attributes_differ);
  }

 private:
  using Entry = const git_tree_entry*;

  /// `directory`: below the mount, "" or "a/b/". Either tree may be missing. `attributes_differ`: between the two
  /// sides, somewhere above.
  Result<void> compare(const git_tree* from, const git_tree* to, const std::string& directory, bool attributes_differ) {
    const bool same = from != nullptr && to != nullptr && git_oid_equal(git_tree_id(from), git_tree_id(to)) != 0;
    if (same && !attributes_differ && !looks_below(directory)) {
      return {};
    }
    const Descent from_descent{from_, from, directory};
    const Descent to_descent{to_, to, directory};
    const Entry from_rules = file_named(from, ".gitattributes");
    const Entry to_rules = file_named(to, ".gitattributes");
    const bool same_rules =
        (from_rules == nullptr) == (to_rules == nullptr) && (to_rules == nullptr || same_content(from_rules, to_rules));
    attributes_differ = from != nullptr && (attributes_differ || !same_rules);
    if (Result<void> gone = remove_missing(from, to, directory); !gone) {
      return gone;
    }
    for (std::size_t i = 0, count = to == nullptr ? 0 : git_tree_entrycount(to); i < count; ++i) {
      const Entry entry = git_tree_entry_byindex(to, i);
      const Entry old = from == nullptr ? nullptr : git_tree_entry_byname(from, git_tree_entry_name(entry));
      if (Result<void> done = add(old, entry, directory, attributes_differ); !done) {
        return done;
      }
    }
    return {};
  }

  /// Everything of `from` that is not, or not the same kind of thing, in `to`.
  Result<void> remove_missing(const git_tree* from, const git_tree* to, const std::string& directory) {
    for (std::size_t i = 0, count = from == nullptr ? 0 : git_tree_entrycount(from); i < count; ++i) {
      const Entry entry = git_tree_entry_byindex(from, i);
      const Entry now = to == nullptr ? nullptr : git_tree_entry_byname(to, git_tree_entry_name(entry));
      if (now == nullptr || kind_of(now) != kind_of(entry)) {
        if (Result<void> gone = remove(entry, directory + git_tree_entry_name(entry)); !gone) {
          return gone;
        }
      }
    }
    return {};
  }

  Result<void> remove(Entry entry, const std::string& path) {
    switch (kind_of(entry)) {
      case EntryKind::directory: {
        const Result<TreeHandle> tree = from_.source->tree(*git_tree_entry_id(entry));
        return tree ? compare(tree->get(), nullptr, path + '/', false) : tl::unexpected{tree.error()};
      }
      case EntryKind::submodule:
        record_removed(path);
        return compare_submodules(entry, nullptr, path);
      case EntryKind::file:
        break;
    }
    difference_.removed.push_back(mount_ + path);
    record_removed(path);
    return {};
  }

  Result<void> add(Entry old, Entry entry, const std::string& directory, bool attributes_differ) {
    if (old != nullptr && kind_of(old) != kind_of(entry)) {
      old = nullptr;
    }
    const std::string path = directory + git_tree_entry_name(entry);
    switch (kind_of(entry)) {
      case EntryKind::directory:
        return add_directory(old, entry, path + '/', attributes_differ);
      case EntryKind::submodule:
        if (old == nullptr || !same_content(old, entry)) {
          record(path, entry);
        }
        return compare_submodules(old, entry, path);
      case EntryKind::file:
        add_file(old, entry, path, attributes_differ);
        break;
    }
    return {};
  }

  Result<void> add_directory(Entry old, Entry entry, const std::string& path, bool attributes_differ) {
    if (old != nullptr && same_content(old, entry) && !attributes_differ && !looks_below(path)) {
      return {};
    }
    const Result<TreeHandle> to = to_.source->tree(*git_tree_entry_id(entry));
    if (!to) {
      return tl::unexpected{to.error()};
    }
    if (old == nullptr) {
      return compare(nullptr, to->get(), path, false);
    }
    const Result<TreeHandle> from = from_.source->tree(*git_tree_entry_id(old));
    return from ? compare(from->get(), to->get(), path, attributes_differ) : tl::unexpected{from.error()};
  }

  void add_file(Entry old, Entry entry, const std::string& path, bool attributes_differ) {
    const bool differs = old == nullptr || !same_content(old, entry) || mode_of(old) != mode_of(entry);
    const bool again = request_.changed.contains(mount_ + path);
    if (!differs && !again && !attributes_differ) {
      return;
    }
    const wire::FileMode mode = mode_of(entry);
    const bool plain = mode == wire::FileMode::symlink;
    const Treatment treatment = plain ? Treatment{} : treatment_for(to_, path);
    if (!differs && !again && (plain || treatment == treatment_for(from_, path))) {
      return;
    }
    FileToSend file;
    file.path = mount_ + path;
    file.blob = to_id(*git_tree_entry_id(entry));
    file.mode = plain && !to_.source->config().symlinks ? wire::FileMode::regular : mode;
    file.keep_if_same = !differs && !again;
    file.origin = origin_;
    file.treatment = number_of(treatment);
    difference_.files.push_back(std::move(file));
    record(path, entry);
  }

  static Treatment treatment_for(const Side& side, const std::string& path) {
    return treatment_of(side.attributes.empty() ? Attributes{} : side.attributes.of(path), side.source->config());
  }

  std::uint32_t number_of(const Treatment& treatment) {
    std::vector<Treatment>& known = difference_.treatments;
    const auto found = std::ranges::find(known, treatment);
    const auto number = static_cast<std::uint32_t>(found - known.begin());
    if (found == known.end()) {
      known.push_back(treatment);
    }
    return number;
  }

  /// The submodule's commit on each side, where there is one, becomes a comparison of its own.
  Result<void> compare_submodules(Entry old, Entry now, const std::string& path) {
    const std::string full = mount_ + path;
    if (old != nullptr && now != nullptr && same_content(old, now) && !looks_below(path + '/') &&
        !request_.changed.contains(full)) {
      return {};
    }
    difference_.submodules.push_back(full);
    Result<Side> from = submodule_side(from_, request_.inherited ? nullptr : old, path);
    Result<Side> to = submodule_side(to_, now, path);
    if (!from || !to) {
      return tl::unexpected{from ? to.error() : from.error()};
    }
    difference_.has_submodule_files = difference_.has_submodule_files || from->exists() || to->exists();
    if (old != nullptr && !from->exists() && (now == nullptr || to->exists())) {
      difference_.removed.push_back(full);  // the empty directory
    }
    if (now != nullptr && !to->exists()) {
      difference_.directories.push_back(full);
    }
    return Comparison{request_, difference_, full + '/', *from, *to}.run();
  }

  Result<Side> submodule_side(Side& parent, Entry entry, const std::string& path) const {
    if (entry == nullptr) {
      return Side{};
    }
    std::string name = path;
    if (const Entry modules = file_named(parent.root.get(), ".gitmodules")) {
      const auto& names = parent.source->submodule_names(*git_tree_entry_id(modules));
      if (const auto known = names.find(path); known != names.end()) {
        name = known->second;
      }
    }
    const CommitId commit = to_id(*git_tree_entry_id(entry));
    ObjectSource* source = request_.submodules->find(*parent.source, name, path, commit);
    return source == nullptr ? Side{} : open_side(*source, commit);
  }

  /// Whether a path that has to be sent again is below `directory` ("" or "a/b/"), or may be.
  [[nodiscard]] bool looks_below(const std::string& directory) const {
    if (request_.inherited) {
      return true;
    }
    const std::string full = mount_ + directory;
    const auto next = request_.changed.lower_bound(full);
    return next != request_.changed.end() && next->starts_with(full);
  }

  void record(const std::string& path, Entry entry) {
    if (mount_.empty()) {
      TreeStream::Change change;
      change.path = path;
      change.mode = mode_of(entry);
      change.submodule = kind_of(entry) == EntryKind::submodule;
      change.blob = to_id(*git_tree_entry_id(entry));
      difference_.changes.push_back(std::move(change));
    }
  }

  void record_removed(const std::string& path) {
    if (mount_.empty()) {
      TreeStream::Change change;
      change.path = path;
      change.removed = true;
      difference_.changes.push_back(std::move(change));
    }
  }

  const ComparisonRequest& request_;
  TreeDifference& difference_;
  std::string mount_;
  Side& from_;
  Side& to_;
  std::uint32_t origin_ = 0;
};

}  // namespace

Result<TreeDifference> compare_trees(const ComparisonRequest& request) {
  Side from;
  if (request.from) {
    Result<Side> opened = open_side(*request.source, *request.from);
    if (!opened) {
      return tl::unexpected{opened.error()};
    }
    from = std::move(*opened);
  }
  Result<Side> to = open_side(*request.source, request.to);
  if (!to) {
    return tl::unexpected{to.error()};
  }
  TreeDifference difference;
  if (Result<void> done = Comparison{request, difference, "", from, *to}.run(); !done) {
    return tl::unexpected{done.error()};
  }
  return difference;
}

}  // namespace nmz::git
