// See tree_writer.hpp.
#include "tree_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/wire/kept_tree.hpp"

#include "disk_space.hpp"
#include "kept_manifest.hpp"
#include "tree_path.hpp"

namespace nmz::agent {
namespace {

// umask() can only be read by setting it; harmless in a program of one thread.
mode_t current_umask() {
  const mode_t mask = ::umask(022);
  ::umask(mask);
  return mask;
}

}  // namespace

TreeWriter::TreeWriter(std::shared_ptr<TreeRoot> root, Progress progress)
    : root_{std::move(root)}, progress_{std::move(progress)}, mask_{current_umask()} {}

void TreeWriter::note(Attempt<> attempt) {
  if (!attempt && !failure_) {
    failure_ = std::move(attempt.error());
  }
}

wire::KeptTree TreeWriter::inherit() {
  inherited_ = true;
  wire::KeptTree kept;
  const std::optional<KeptFacts> facts = take_manifest(root_->place(), manifest_, kept);
  const UniqueFd tree = root_->open();
  touched_ = kept.changed;  // if this search changes nothing, the next one has to know as well
  std::size_t bytes = 0;
  for (const std::string& path : kept.changed) {
    bytes += path.size();
  }
  const auto report = [&](std::string path) {
    bytes += path.size();
    if (bytes <= wire::most_bytes_of_changes) {
      kept.changed.push_back(std::move(path));
    }
    progress_();
  };
  manifest_.report_changes(tree.get(), facts ? facts->since : timespec{}, report, 0777U & ~mask_);
  if (!facts || !tree || facts->tree != root_->inode() || bytes > wire::most_bytes_of_changes) {
    manifest_.clear();
    return {};
  }
  manifest_.set_known(true);
  label_ = kept.label;
  return kept;
}

void TreeWriter::bequeath(const timespec& since) const {
  const bool known = open_ ? !failure_ : manifest_.known();
  if (!known || label_.empty() || !root_->is_at_its_path()) {
    return;
  }
  KeptFacts facts;
  facts.tree = root_->inode();
  facts.since = since;
  keep_manifest(root_->place(), facts, label_, manifest_, touched_);
}

void TreeWriter::leave_room() const {
  const UniqueFd tree = manifest_.known() && !open_ ? root_->open() : UniqueFd{};
  if (tree && disk_is_full(tree.get())) {
    static_cast<void>(sweep(tree.get(), &manifest_.root(), progress_));  // what cannot go is told by the next layout
  }
}

bool TreeWriter::begin(const wire::TreeBegin& message) {
  if (open_) {
    return false;
  }
  open_ = true;
  made_room_ = false;
  ignored_ = 0;
  failure_.reset();
  note(start(message));
  return true;
}

Attempt<> TreeWriter::start(const wire::TreeBegin& message) {
  if (root().empty()) {
    return failed(ENOTDIR, "lay out a tree", "without --tree");
  }
  if (!manifest_.known() && !message.replace) {
    return failed(ESTALE, "change the tree (what is in it is not known)", root());
  }
  open_directories_.clear();
  root_fd_ = root_->open_or_make();
  if (!root_fd_) {
    return failed(errno, "open", root());
  }
  manifest_.set_known(false);
  const GitFiles git = inherited_ ? GitFiles::go : GitFiles::stay;
  const bool clean = std::exchange(inherited_, false) || message.clean;
  if (message.replace) {
    manifest_.clear();
    label_.clear();
    return sweep(root_fd_.get(), nullptr, progress_, git);
  }
  return clean ? sweep(root_fd_.get(), &manifest_.root(), progress_, git) : Attempt<>{};
}

bool TreeWriter::remove(const wire::TreeRemove& message) {
  if (!open_ || writer_ || ignored_ != 0) {
    return false;
  }
  if (!failure_) {
    touched_.push_back(message.path);
    note(remove_path(message.path));
  }
  return true;
}

bool TreeWriter::file(wire::TreeFile message) {
  if (!open_ || writer_ || ignored_ != 0) {
    return false;
  }
  const std::uint64_t size = message.size;
  if (!failure_) {
    touched_.push_back(message.path);
    note(start_file(std::move(message)));
  }
  if (failure_) {
    writer_.reset();
    ignored_ = size;
  } else if (size == 0) {
    note(finish_file());
  }
  return true;
}

bool TreeWriter::data(const wire::TreeData& message) {
  const std::uint64_t size = message.bytes.size();
  if (!open_ || size > (writer_ ? writer_->missing() : ignored_)) {
    return false;
  }
  if (!writer_) {
    ignored_ -= size;
    return true;
  }
  const std::uint64_t rest = writer_->missing() - size;
  note(writer_->add(message.bytes));
  if (failure_) {
    writer_.reset();
    ignored_ = rest;
  } else if (rest == 0) {
    note(finish_file());
  }
  return true;
}

bool TreeWriter::directory(const wire::TreeDirectory& message) {
  if (!open_ || writer_ || ignored_ != 0) {
    return false;
  }
  if (!failure_) {
    touched_.push_back(message.path);
    note(make_directory(message.path));
  }
  return true;
}

std::optional<job::Outcome> TreeWriter::end(const wire::TreeEnd& message) {
  if (!open_ || writer_ || ignored_ != 0) {
    return std::nullopt;
  }
  open_ = false;
  open_directories_.clear();
  if (!failure_) {
    note(tidy_git());
  }
  root_fd_.reset();
  if (!failure_ && !root_->is_at_its_path()) {
    note(failed(ESTALE, "find the tree at", root()));  // a test has moved the directory that it is in
  }
  touched_.clear();
  label_ = message.label;
  if (failure_) {
    manifest_.clear();
    return failure_;
  }
  manifest_.set_known(true);
  job::Outcome ready;
  ready.kind = job::OutcomeKind::exited;
  return ready;
}

/// A git directory of the coordinator's is as it was sent: no locks, refs, objects or half merges of a test.
Attempt<> TreeWriter::tidy_git() {
  const Manifest::Directory* const sent = manifest_.find_directory(".git");
  const UniqueFd git{sent == nullptr ? -1 : files::open_own_directory(root_fd_.get(), ".git")};
  return git ? sweep(git.get(), sent, progress_) : Attempt<>{};
}

Attempt<> TreeWriter::start_file(wire::TreeFile message) {
  if (const auto why = refusal(message.path, message.git ? PathOf::coordinator : PathOf::commit)) {
    return untestable(*why, message.path);
  }
  // Recorded before it exists, so that making room does not take it or its new directories for untracked ones.
  if (manifest_.find_file(message.path) == nullptr) {
    manifest_.record_file(message.path, Signature{});
  }
  if (auto entered = enter(parent_of(message.path), Missing::is_created); !entered) {
    return tl::unexpected<job::Outcome>{std::move(entered.error())};
  }
  TreePlace where = place(message.path);
  auto writer = FileWriter::start(std::move(message), std::move(where), mask_);
  if (!writer) {
    return tl::unexpected<job::Outcome>{std::move(writer.error())};
  }
  writer_.emplace(std::move(*writer));
  return {};
}

Attempt<> TreeWriter::finish_file() {
  FileWriter writer = std::move(*writer_);
  writer_.reset();
  const auto signature = writer.finish();
  if (!signature) {
    return tl::unexpected<job::Outcome>{signature.error()};
  }
  manifest_.record_file(writer.path(), *signature);
  return {};
}

Attempt<> TreeWriter::remove_path(const std::string& path) {
  const auto why = refusal(path, manifest_.find_file(path) != nullptr ? PathOf::coordinator : PathOf::commit);
  if (why) {
    return untestable(*why, path);
  }
  const auto entered = enter(parent_of(path), Missing::is_an_answer);
  if (!entered) {
    return tl::unexpected<job::Outcome>{entered.error()};
  }
  manifest_.erase(path);
  if (*entered) {
    if (auto removed = remove_here(std::string{name_of(path)}); !removed) {
      return removed;
    }
  }
  remove_empty_parents(path);
  return {};
}

Attempt<> TreeWriter::remove_here(const std::string& name) {
  struct stat status {};
  if (::unlinkat(here(), name.c_str(), 0) == 0 || ::fstatat(here(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return {};
  }
  if (!S_ISDIR(status.st_mode)) {
    return remove_entry(here(), name, progress_);
  }
  // A directory at this place is a submodule's or the test's: what is in it is not tracked, and stays.
  static_cast<void>(::unlinkat(here(), name.c_str(), AT_REMOVEDIR));
  return {};
}

// Those that are open now, which are fewer than the path has when a test removed some of them.
void TreeWriter::remove_empty_parents(std::string_view path) {
  std::vector<std::string_view> parents;
  for (path = parent_of(path); !path.empty(); path = parent_of(path)) {
    parents.push_back(path);
  }
  while (!open_directories_.empty() &&
         manifest_.find_directory(parents[parents.size() - open_directories_.size()]) == nullptr) {
    const std::string last = std::move(open_directories_.back().name);
    open_directories_.pop_back();
    if (::unlinkat(here(), last.c_str(), AT_REMOVEDIR) != 0) {
      return;
    }
  }
}

Attempt<> TreeWriter::make_directory(const std::string& path) {
  if (const auto why = refusal(path)) {
    return untestable(*why, path);
  }
  manifest_.record_directory(path);
  if (auto entered = enter(path, Missing::is_created); !entered) {
    return tl::unexpected<job::Outcome>{std::move(entered.error())};
  }
  return {};
}

Attempt<bool> TreeWriter::enter(std::string_view path, Missing missing) {
  std::size_t depth = 0;
  for (std::string_view rest = path; !rest.empty(); ++depth) {
    const std::string name{take_component(rest)};
    if (depth < open_directories_.size() && open_directories_[depth].name == name) {
      continue;
    }
    open_directories_.erase(open_directories_.begin() + static_cast<std::ptrdiff_t>(depth), open_directories_.end());
    UniqueFd fd{files::open_own_directory(here(), name.c_str())};
    if (!fd) {
      const std::string_view so_far = path.substr(0, path.size() - rest.size() - (rest.empty() ? 0 : 1));
      if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) {
        return failed(errno, "open the directory", so_far);
      }
      if (missing == Missing::is_an_answer) {
        return false;
      }
      auto created = create_directory(name, so_far);
      if (!created) {
        return tl::unexpected<job::Outcome>{std::move(created.error())};
      }
      fd = std::move(*created);
    }
    open_directories_.push_back({name, std::move(fd)});
  }
  open_directories_.erase(open_directories_.begin() + static_cast<std::ptrdiff_t>(depth), open_directories_.end());
  return true;
}

Attempt<UniqueFd> TreeWriter::create_directory(const std::string& name, std::string_view path) {
  const auto make = [&] { return ::mkdirat(here(), name.c_str(), 0777) == 0; };
  if (auto made = with_remedies(place(path), "create the directory", make); !made) {
    return tl::unexpected<job::Outcome>{std::move(made.error())};
  }
  UniqueFd fd{files::open_own_directory(here(), name.c_str())};
  if (!fd) {
    return failed(errno, "open the directory", path);
  }
  return fd;
}

TreePlace TreeWriter::place(std::string_view path) {
  TreePlace place;
  place.parent = here();
  place.path = path;
  place.clear_way = [this, path = place.path, parent = here()] { return clear_way(path, parent); };
  place.make_room = [this] { return make_room(); };
  return place;
}

Attempt<> TreeWriter::clear_way(const std::string& path, int parent) {
  struct stat status {};
  const std::string name{name_of(path)};
  if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return {};
  }
  if (manifest_.collides(path, status, root_fd_.get())) {
    return untestable("path that this file system does not tell from another one of the same commit", path);
  }
  return remove_entry(parent, name, progress_);
}

bool TreeWriter::make_room() {
  return !std::exchange(made_room_, true) && sweep(root_fd_.get(), &manifest_.root(), progress_).has_value();
}

}  // namespace nmz::agent
