#include "nmz/sandbox/watch.hpp"

#include <ctime>
#include <system_error>
#include <utility>

#include <sys/sysmacros.h>
#include <unistd.h>

namespace nmz::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_directories = 2000;
constexpr std::size_t most_entries = 5000;
constexpr std::size_t most_told = 20;

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator{directory, error}) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

bool is_newer(const fs::path& path, const timespec& than) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return true;
  return status.st_ctim.tv_sec != than.tv_sec ? status.st_ctim.tv_sec > than.tv_sec
                                              : status.st_ctim.tv_nsec > than.tv_nsec;
}

/// Whether the entry, or something in it, has changed; of a large directory only its first entries are looked at.
bool changed_since(const fs::path& path, const timespec& began, std::size_t& budget) {
  if (is_newer(path, began)) return true;
  std::error_code error;
  fs::recursive_directory_iterator at{path, fs::directory_options::skip_permission_denied, error};
  for (; !error && at != fs::recursive_directory_iterator{} && budget > 0; at.increment(error), --budget) {
    if (is_newer(at->path(), began)) return true;
  }
  return false;
}

}  // namespace

Watch::Watch(fs::path checkout, const std::vector<std::string>& untracked, fs::path mask)
    : checkout_{std::move(checkout)}, mask_{std::move(mask)}, seen_{untracked} {
  ::clock_gettime(CLOCK_REALTIME_COARSE, &began_);  // the file systems' clock
  names_.emplace("", names_in(checkout_));
  for (const std::string& path : untracked) {
    const std::size_t whole = path.ends_with('/') ? path.size() - 1 : path.size();
    for (std::size_t slash = path.find('/'); slash < whole && names_.size() < most_directories;
         slash = path.find('/', slash + 1)) {
      const auto [place, is_new] = names_.try_emplace(path.substr(0, slash));
      if (is_new) place->second = names_in(checkout_ / place->first);
    }
  }
}

void Watch::hide_new_names() {
  const std::lock_guard lock{mutex_};
  for (auto& [directory, names] : names_) {
    for (const std::string& name : names_in(checkout_ / directory)) {
      if (!names.insert(name).second) continue;
      const fs::path path = fs::path{directory} / name;
      ::mknod((mask_ / path).c_str(), S_IFCHR, makedev(0, 0));
      came_.insert(path.string());
    }
  }
}

std::vector<std::string> Watch::changes() {
  hide_new_names();
  std::vector<std::string> changed{came_.begin(), came_.end()};
  std::size_t budget = most_entries;
  for (const std::string& path : seen_) {
    if (changed.size() >= most_told) break;
    if (changed_since(checkout_ / path, began_, budget)) changed.push_back(path);
  }
  return changed;
}

}  // namespace nmz::sandbox
