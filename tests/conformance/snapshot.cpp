// See snapshot.hpp.
#include "snapshot.hpp"

#include <fmt/format.h>

#include "support/temp_directory.hpp"

namespace nmz::conformance {

namespace fs = std::filesystem;

std::map<std::string, std::string> snapshot(const fs::path& root) {
  std::map<std::string, std::string> result;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root}) {
    const fs::file_status status = entry.symlink_status();
    std::string facts =
        fmt::format("{} {:o} ", static_cast<int>(status.type()), static_cast<unsigned>(status.permissions()));
    if (status.type() == fs::file_type::symlink) {
      facts += fs::read_symlink(entry.path()).string();
    } else {
      facts += fmt::format("{} ", entry.last_write_time().time_since_epoch().count());
    }
    if (status.type() == fs::file_type::regular) {
      facts += support::read_file(entry.path());
    }
    result.emplace(entry.path().lexically_relative(root).string(), std::move(facts));
  }
  return result;
}

}  // namespace nmz::conformance
