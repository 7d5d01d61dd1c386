#include "home_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "nmz/files/listing.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most = 5'000;

}  // namespace

HomeFiles::HomeFiles(const std::vector<fs::path>& besides) {
  for (const fs::path& path : besides) {
    if (path.empty()) continue;
    const fs::path whole = fs::absolute(path).lexically_normal();
    besides_.push_back(whole.has_filename() ? whole : whole.parent_path());
  }
  const char* const home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe)
  home_ = home == nullptr ? "" : home;
  before_ = look();
}

HomeFiles::Files HomeFiles::look() const {
  Files found;
  if (fs::path{home_}.is_absolute()) look_in(home_, 2, found);
  return found;
}

void HomeFiles::look_in(const std::string& directory, int depth, Files& found) const {
  const files::Listing listing = files::open_listing(directory);
  while (const dirent* entry = listing && found.size() < most ? files::next(listing) : nullptr) {
    const std::string name{entry->d_name};
    const std::string path = fs::path{directory} / name;
    struct stat status {};
    if (name == "." || name == ".." || std::ranges::find(besides_, fs::path{path}) != besides_.end()) continue;
    if (::lstat(path.c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      if (depth > 1) look_in(path, depth - 1, found);
    } else {
      found[path] = {static_cast<long>(status.st_ino), status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
    }
  }
}

}  // namespace nmz::nmzbisect
