// One git directory of a worker, kept as its image says whatever tests do to it.
//
// A test can put anything in its place, the user's own repository before all. So the git directory is the one that was
// made, held by descriptor, and everything below is reached as held_directory.hpp says. What is found at its name and
// is another is renamed, and the git directory made anew. libgit2 gets the index's path through the descriptor
// (/proc/self/fd/N), and a name at which there is no link.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"

#include "git_image.hpp"
#include "worktree_index.hpp"

namespace nmz::git {

class OwnGitDir {
 public:
  /// `path`: for messages, its last component being the name. `last_words`: what is appended to the configuration.
  OwnGitDir(std::shared_ptr<const GitImage> image, std::string path, std::string last_words);

  /// Below the open directory: makes it where it is missing or another, and puts right what is not as in the image.
  /// What somebody has put in its place goes to the directory `aside`.
  [[nodiscard]] Result<void> restore(int parent, int aside);
  [[nodiscard]] Result<void> set_head(std::string_view content) const;
  /// Valid from the first restore() on.
  [[nodiscard]] WorktreeIndex& index() { return *index_; }
  [[nodiscard]] int fd() const { return git_.get(); }
  [[nodiscard]] const std::shared_ptr<const GitImage>& image() const { return image_; }

 private:
  [[nodiscard]] Result<void> make(int parent, int aside);
  void remove_strangers(int directory, const std::string& path) const;
  [[nodiscard]] Result<void> restore_files() const;
  [[nodiscard]] Result<void> restore_file(const std::string& path, const GitImage::File& file) const;
  [[nodiscard]] Result<void> restore_link(const std::string& path, const std::string& target) const;
  [[nodiscard]] Result<void> restore_refs();
  [[nodiscard]] Result<void> restore_packed_refs();
  [[nodiscard]] bool belongs(const std::string& path) const;
  [[nodiscard]] tl::unexpected<Error> cannot(const char* what, std::string_view path) const;

  std::shared_ptr<const GitImage> image_;
  std::string path_;
  std::string name_;
  std::string last_words_;
  files::UniqueFd git_;
  Stamp refs_stamp_;
  std::optional<WorktreeIndex> index_;
};

}  // namespace nmz::git
