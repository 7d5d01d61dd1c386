// See snapshot.hpp.
#include "snapshot.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "support/temp_directory.hpp"

namespace nmz::conformance {

namespace fs = std::filesystem;

namespace {

std::string facts_of(const fs::directory_entry& entry, bool with_time) {
  const fs::file_status status = entry.symlink_status();
  const auto kind = static_cast<int>(status.type());
  if (status.type() == fs::file_type::symlink) {
    return fmt::format("{} {}", kind, fs::read_symlink(entry.path()).string());
  }
  return fmt::format("{} {:o} {} {}", kind, static_cast<unsigned>(status.permissions()),
                     with_time ? entry.last_write_time().time_since_epoch().count() : 0,
                     status.type() == fs::file_type::regular ? support::read_file(entry.path()) : "");
}

}  // namespace

Snapshot::Snapshot(const fs::path& root) : root_{root} {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator{root}) {
    const std::string path = entry.path().lexically_relative(root).string();
    facts_.emplace(path, facts_of(entry, !path.starts_with(".git/objects/")));
  }
}

std::vector<std::string> Snapshot::changes() const {
  const Snapshot now{root_};
  std::vector<std::pair<std::string, std::string>> different;
  std::ranges::set_symmetric_difference(facts_, now.facts_, std::back_inserter(different));
  std::vector<std::string> paths;
  std::ranges::transform(different, std::back_inserter(paths), [](const auto& fact) { return fact.first; });
  return paths;
}

}  // namespace nmz::conformance
