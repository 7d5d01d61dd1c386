// Brings the work tree to a commit, message by message.
//
// The stream is data from a commit that nobody trusts, into a directory where the last test left anything it liked.
// So every path is checked (tree_path.hpp), every parent is opened component by component without following symlinks,
// and what stands in the way is removed, inside the tree only. The directories of the last path stay open: streams are
// sorted, and most paths share their parent with the one before.
//
// The first failure decides the answer; the rest of that tree is read and ignored. After it nothing is known about the
// files, and the coordinator has to start over with TreeBegin::replace.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "failure.hpp"
#include "file_writer.hpp"
#include "manifest.hpp"
#include "sweep.hpp"
#include "tree_root.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class TreeWriter {
 public:
  /// `root`: the work tree; without a path when this worker has none, and every tree fails.
  TreeWriter(std::shared_ptr<TreeRoot> root, Progress progress);

  /// Takes over what an earlier search has left, if that is known; says what it is. From then on the first change of
  /// the tree removes what was not laid out.
  [[nodiscard]] wire::KeptTree inherit();
  /// Leaves the tree to another search, where it may be kept. `since`: when the last job began.
  void bequeath(const timespec& since) const;

  /// False when the message makes no sense at this place of the conversation.
  [[nodiscard]] bool begin(const wire::TreeBegin& message);
  [[nodiscard]] bool remove(const wire::TreeRemove& message);
  [[nodiscard]] bool file(wire::TreeFile message);
  [[nodiscard]] bool data(const wire::TreeData& message);
  [[nodiscard]] bool directory(const wire::TreeDirectory& message);
  /// The answer for TreeReady, or nothing when the stream was incomplete.
  [[nodiscard]] std::optional<job::Outcome> end(const wire::TreeEnd& message);

  /// Where the disk is full, what the last job has left in the tree goes now: other workers need room at once.
  void leave_room() const;

  [[nodiscard]] bool is_open() const { return open_; }
  /// Why there is no tree to run in, after a failure.
  [[nodiscard]] const std::optional<job::Outcome>& failure() const { return failure_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  [[nodiscard]] const std::string& root() const { return root_->path(); }
  /// The tree's root; none when a test has removed or replaced it.
  [[nodiscard]] UniqueFd open_root() const { return root_->open(); }

 private:
  struct OpenDirectory {
    std::string name;
    UniqueFd fd;
  };

  void note(Attempt<> attempt);
  [[nodiscard]] Attempt<> start(const wire::TreeBegin& message);
  [[nodiscard]] Attempt<> tidy_git();
  [[nodiscard]] Attempt<> start_file(wire::TreeFile message);
  [[nodiscard]] Attempt<> remove_path(const std::string& path);
  [[nodiscard]] Attempt<> remove_here(const std::string& name);
  void remove_empty_parents(std::string_view path);
  [[nodiscard]] Attempt<> make_directory(const std::string& path);
  [[nodiscard]] Attempt<> finish_file();

  /// Opens `path`'s directories and leaves the last one open; creates what is missing. False: there is none.
  enum class Missing : bool { is_an_answer, is_created };
  [[nodiscard]] Attempt<bool> enter(std::string_view path, Missing missing);
  [[nodiscard]] Attempt<UniqueFd> create_directory(const std::string& name, std::string_view path);
  /// The name `path` in the directory that is open now.
  [[nodiscard]] TreePlace place(std::string_view path);
  [[nodiscard]] Attempt<> clear_way(const std::string& path, int parent);
  [[nodiscard]] bool make_room();
  [[nodiscard]] int here() const {
    return open_directories_.empty() ? root_fd_.get() : open_directories_.back().fd.get();
  }

  std::shared_ptr<TreeRoot> root_;
  Progress progress_;
  mode_t mask_;
  Manifest manifest_;
  UniqueFd root_fd_;
  std::vector<OpenDirectory> open_directories_;  ///< from the root down, of the path last entered
  std::optional<FileWriter> writer_;
  std::uint64_t ignored_ = 0;  ///< bytes of the current file still to be read and thrown away, after a failure
  std::optional<job::Outcome> failure_;
  bool open_ = false;
  bool made_room_ = false;
  bool inherited_ = false;            ///< what another search has left is still in it
  std::string label_;                 ///< of what was laid out last as a whole; empty when it may not be kept
  std::vector<std::string> touched_;  ///< since then
};

}  // namespace nmz::agent
