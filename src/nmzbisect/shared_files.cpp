#include "shared_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/mount_table.hpp"
#include "nmz/history/verdicts.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t most_in_place = 5'000;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

}  // namespace

std::vector<SharedFiles::Place> SharedFiles::places() {
  std::vector<Place> places{{variable("HOME"), false}, {variable("XDG_RUNTIME_DIR")}};
  for (const char* directory : {"/run", "/srv", "/opt", "/var/lib"}) places.push_back({directory});
  std::erase_if(places, [](const Place& place) { return !fs::path{place.directory}.is_absolute(); });
  return places;
}

SharedFiles::SharedFiles(std::vector<Place> places, const std::vector<fs::path>& besides) : places_{std::move(places)} {
  for (const char* name : {"systemd", "udev", "log", "utmp", "NetworkManager"}) {
    besides_.insert(fs::path{"/run"} / name);
  }
  for (const fs::path& path : besides) {
    if (path.empty()) continue;
    const fs::path whole = fs::absolute(path).lexically_normal();
    besides_.insert(whole.has_filename() ? whole : whole.parent_path());
  }
  for (const files::MountPoint& mount : files::mount_points()) {
    if (files::may_never_answer(mount)) besides_.insert(mount.path);
  }
  before_ = look();
}

std::string SharedFiles::mark() const {
  std::vector<std::string> all;
  for (const auto& [path, values] : before_) {
    all.push_back(path);
    for (const long value : values) all.push_back(std::to_string(value));
  }
  return history::verdict_key(all).bytes;
}

SharedFiles::Files SharedFiles::look() const {
  Files found;
  for (const Place& place : places_) look_in(place, 2, found.size() + most_in_place, found);
  return found;
}

std::vector<std::string> SharedFiles::appeared() const {
  std::vector<std::string> paths;
  for (const auto& [path, status] : look()) {
    if (!before_.contains(path)) paths.push_back(path);
  }
  return paths;
}

void SharedFiles::look_in(const Place& place, int depth, std::size_t most, Files& found) const {
  const files::Listing listing = files::open_listing(place.directory);
  while (const dirent* entry = listing && found.size() < most ? files::next(listing) : nullptr) {
    const std::string name{entry->d_name};
    const std::string path = fs::path{place.directory} / name;
    struct stat status {};
    if (name == "." || name == ".." || besides_.contains(path)) continue;
    if (::lstat(path.c_str(), &status) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      if (depth > 1) look_in({path, place.only_own}, depth - 1, most, found);
    } else if (!place.only_own || status.st_uid == ::geteuid()) {
      found[path] = {static_cast<long>(status.st_ino), status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
    }
  }
}

}  // namespace nmz::nmzbisect
