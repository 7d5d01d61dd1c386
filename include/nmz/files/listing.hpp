// What is in a directory, with readdir(3): by a descriptor, where a name could lead elsewhere.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace nmz::files {

struct CloseDir {
  void operator()(DIR* listing) const { ::closedir(listing); }
};
using Listing = std::unique_ptr<DIR, CloseDir>;

/// None, with errno, for what cannot be read.
[[nodiscard]] inline Listing open_listing(const std::string& directory) {
  return Listing{::opendir(directory.c_str())};
}

/// The same, of an open directory, from its beginning; the descriptor stays the caller's.
[[nodiscard]] inline Listing open_listing(int directory) {
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (again < 0) return nullptr;
  Listing listing{::fdopendir(again)};
  if (!listing) ::close(again);
  return listing;
}

/// The next entry; null at the end.
[[nodiscard]] inline const dirent* next(const Listing& listing) {
  return ::readdir(listing.get());  // NOLINT(concurrency-mt-unsafe): a listing is its owner's alone
}

/// The names in an open directory; none when it cannot be read.
[[nodiscard]] inline std::vector<std::string> names_in(int directory) {
  std::vector<std::string> names;
  const Listing listing = open_listing(directory);
  while (const dirent* entry = listing ? next(listing) : nullptr) {
    const std::string_view name{static_cast<const char*>(entry->d_name)};
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

}  // namespace nmz::files
