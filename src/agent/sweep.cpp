// See sweep.hpp.
#include "sweep.hpp"

#include <string>
#include <vector>

namespace nmz::agent {
namespace {

/// What is tracked, and what the coordinator has put into the tree.
class KeepTracked final : public files::Keep {
 public:
  KeepTracked(const Manifest::Directory* tracked, GitFiles git) : git_{git}, path_{tracked} {}

  [[nodiscard]] bool keeps(const std::string& name, bool is_directory) const override {
    if (git_ == GitFiles::stay && name == ".git" && (path_.size() == 1 || !is_directory)) return true;
    return !is_directory && path_.back() != nullptr && path_.back()->files.contains(name);
  }
  void enter(const std::string& name) override {
    const Manifest::Directory* tracked = nullptr;
    if (path_.back() != nullptr) {
      const auto child = path_.back()->directories.find(name);
      tracked = child == path_.back()->directories.end() ? nullptr : child->second.get();
    }
    path_.push_back(tracked);
  }
  bool leave() override {
    const bool tracked = path_.back() != nullptr;
    path_.pop_back();
    return tracked;
  }

 private:
  GitFiles git_;
  std::vector<const Manifest::Directory*> path_;  ///< from the root to the directory that is emptied; null: untracked
};

}  // namespace

Attempt<> sweep(int tree, const Manifest::Directory* keep, const Progress& progress, GitFiles git) {
  KeepTracked tracked{keep, git};
  for (const files::Leftover& left : files::empty_directory(tree, &tracked, progress).first) {
    if (!left.mounted) {
      return failed(left.error, "remove", left.path);
    }
  }
  return {};
}

Attempt<> remove_entry(int parent, const std::string& name, const Progress& progress) {
  const files::Leftovers left = files::remove_entry(parent, name, progress);
  if (left.count > 0) {
    return failed(left.first.front().error, "remove", left.first.front().path);
  }
  return {};
}

}  // namespace nmz::agent
