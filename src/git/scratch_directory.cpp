// See scratch_directory.hpp.
#include "scratch_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>

#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

Result<fs::path> fresh_directory(const fs::path& parent, std::string_view what) {
  std::error_code error;
  const fs::path where = parent.empty() ? fs::temp_directory_path(error) : parent;
  std::string name = where / "namazu-swarm-XXXXXX";
  if (error || !where.is_absolute() || ::mkdtemp(name.data()) == nullptr) {
    const std::string why = error ? error.message() : std::error_code{errno, std::generic_category()}.message();
    return fail(ErrorKind::misconfigured,
                fmt::format("cannot make a directory for {} in '{}': {}", what, where.string(), why));
  }
  return fs::path{name};
}

void remove_directory(const fs::path& directory) {
  const files::UniqueFd parent{
      ::open(directory.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  if (parent) static_cast<void>(files::remove_entry(parent.get(), directory.filename().string(), [] {}));
}

}  // namespace nmz::git
