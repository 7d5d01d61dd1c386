// See mask.hpp. A whiteout is a character device 0/0, which everybody may make since Linux 5.8.
#include "mask.hpp"

#include <cerrno>
#include <map>
#include <memory>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace nmz::sandbox {
namespace fs = std::filesystem;
namespace {

/// The untracked entries as a tree; one without children is seen as it is, with everything below.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
};

void add(Node& top, std::string_view path) {
  Node* at = &top;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    auto& child = at->children[std::string{path.substr(0, slash)}];
    if (!child) child = std::make_unique<Node>();
    at = child.get();
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
}

bool is_special(fs::file_type type) {
  return type == fs::file_type::fifo || type == fs::file_type::socket || type == fs::file_type::character ||
         type == fs::file_type::block;
}

/// What git neither tracks nor tells of: FIFOs, sockets, devices. Not looked for in what is seen as it is.
void add_specials(Node& top, const Node* untracked, const fs::path& directory, const fs::path& path) {
  std::error_code error;
  for (fs::directory_iterator at{directory, error}, end; !error && at != end; at.increment(error)) {
    const fs::path name = at->path().filename();
    const fs::file_type type = at->symlink_status(error).type();
    const Node* below = nullptr;
    if (untracked != nullptr) {
      const auto found = untracked->children.find(name.string());
      below = found == untracked->children.end() ? nullptr : found->second.get();
      if (below != nullptr && below->children.empty()) continue;
    }
    if (is_special(type)) add(top, (path / name).string());
    if (type == fs::file_type::directory && name != ".git") add_specials(top, below, at->path(), path / name);
  }
}

class Masker {
 public:
  Result<void> cover(const Node& node, const fs::path& seen, const fs::path& layer) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator{seen, error}) {
      const std::string name = entry.path().filename().string();
      const auto found = node.children.find(name);
      const fs::path here = layer / name;
      Result<void> done;
      if (found == node.children.end()) {
        done = hide(here);
      } else if (!found->second->children.empty()) {
        done = ::mkdir(here.c_str(), S_IRWXU) == 0 ? cover(*found->second, entry.path(), here) : cannot(here);
        copy_mode(entry.path(), here);
      }
      if (!done) return done;
    }
    return {};
  }

 private:
  Result<void> hide(const fs::path& entry) {
    if (!made_) {
      made_ = ::mknod(entry.c_str(), S_IFCHR, makedev(0, 0)) == 0;
      first_ = entry;
      return made_ ? Result<void>{} : cannot(entry);
    }
    if (::link(first_.c_str(), entry.c_str()) == 0) return {};
    if (errno != EMLINK) return cannot(entry);
    made_ = false;
    return hide(entry);
  }

  /// The topmost layer that has a directory decides how it looks.
  static void copy_mode(const fs::path& from, const fs::path& to) {
    struct stat status {};
    if (::stat(from.c_str(), &status) == 0) ::chmod(to.c_str(), status.st_mode & 07777U);
  }

  static tl::unexpected<Error> cannot(const fs::path& entry) {
    return fail(ErrorKind::rejected,
                "cannot make '" + entry.string() + "': " + std::error_code{errno, std::generic_category()}.message());
  }

  fs::path first_;  ///< a whiteout, to which the others are links
  bool made_ = false;
};

}  // namespace

Result<void> make_mask(const fs::path& checkout, const std::vector<std::string>& untracked, const fs::path& mask) {
  Node known;
  Node top;
  for (const std::string& path : untracked) {
    add(known, path);
    add(top, path);
  }
  add_specials(top, &known, checkout, {});
  return Masker{}.cover(top, checkout, mask);
}

}  // namespace nmz::sandbox
