#include "place.hpp"

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

#include <unistd.h>

#include "schema.hpp"

namespace nmz::history {
namespace fs = std::filesystem;
namespace {

Error unusable(const fs::path& file, const std::string& why, const std::string& remedy) {
  return {ErrorKind::misconfigured, "cannot keep the history in '" + file.string() + "': " + why + ": " + remedy +
                                        ", " + std::string{another_file}};
}

/// What SQLite would say late or not at all: it opens what is no file, and tells that it cannot write a journal beside
/// the file only when a run's results are to be kept.
Result<void> check_place(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (fs::is_directory(status)) return tl::unexpected{unusable(file, "it is a directory", "move it away")};
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return tl::unexpected{unusable(file, "it is not a regular file", "move it away")};
  }
  constexpr std::uintmax_t smallest_page = 512;
  const std::uintmax_t size = fs::exists(status) ? fs::file_size(file, error) : 0;
  if (!error && size > 0 && size < smallest_page) {  // SQLite takes a file of one byte for an empty one
    return tl::unexpected{unusable(file, "it is no database", "move it away")};
  }
  const fs::path directory = fs::absolute(file).parent_path();
  error.clear();
  fs::create_directories(directory, error);
  if (!error && ::access(directory.c_str(), W_OK | X_OK) != 0) error = {errno, std::generic_category()};
  if (!error) return {};
  return tl::unexpected{
      unusable(file, error.message() + " ('" + directory.string() + "')", "make that directory writable")};
}

}  // namespace

Result<std::unique_ptr<Connection>> open_database(const fs::path& file, std::chrono::milliseconds patience) {
  if (const auto place = check_place(file); !place) return tl::unexpected{place.error()};
  auto connection = Connection::open(file, patience);
  if (!connection) return connection;
  if ((*connection)->read_only()) {
    return tl::unexpected{unusable(file, "it is not writable", "make it writable")};
  }
  // 100,000 workloads fit the cache (32 MiB), whatever the order in which they are asked for.
  auto set = (*connection)->execute("PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
  if (!set) return tl::unexpected{set.error()};
  if (const auto prepared = prepare_schema(**connection); !prepared) return tl::unexpected{prepared.error()};
  return connection;
}

}  // namespace nmz::history
