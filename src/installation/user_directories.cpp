// Without a home everything goes below the system's temporary directory, under a name that anybody can guess and make
// first. So it is used only when it is a directory of our own that nobody else can enter, which is asked of the
// directory itself, not of its name; and when nobody else can rename what is in the temporary directory.
#include "nmz/installation/user_directories.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"

namespace nmz::installation {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view name = "namazu-swarm";

/// The specification wants relative values ignored.
fs::path absolute_variable(const char* variable) {
  const char* value = std::getenv(variable);  // NOLINT(concurrency-mt-unsafe)
  fs::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : fs::path{};
}

tl::unexpected<Error> refused(const fs::path& path, const std::string& why) {
  return fail(ErrorKind::misconfigured, "cannot use '" + path.string() + "', where things go without HOME: " + why);
}

bool protects_its_entries(const struct stat& status) {
  const bool ours = status.st_uid == 0 || status.st_uid == ::geteuid();
  return ours && ((status.st_mode & (S_IWGRP | S_IWOTH)) == 0 || (status.st_mode & S_ISVTX) != 0);
}

Result<fs::path> temporary_directory() {
  std::error_code error;
  const fs::path above = fs::temp_directory_path(error);
  if (error) {
    return fail(ErrorKind::misconfigured,
                "HOME is not set, and there is no directory for temporary files instead (TMPDIR): " + error.message());
  }
  fs::path path = above / (std::string{name} + "-" + std::to_string(::geteuid()));
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  struct stat status {};
  const files::UniqueFd holder{::open(above.c_str(), flags)};
  if (!holder || ::fstat(holder.get(), &status) != 0) return refused(path, std::system_category().message(errno));
  if (!protects_its_entries(status)) return refused(path, "others can rename what is in '" + above.string() + "'");
  ::mkdirat(holder.get(), path.filename().c_str(), S_IRWXU);
  const files::UniqueFd own{::openat(holder.get(), path.filename().c_str(), flags | O_NOFOLLOW)};
  if (!own || ::fstat(own.get(), &status) != 0) return refused(path, std::system_category().message(errno));
  if (status.st_uid != ::geteuid()) return refused(path, "it is somebody else's");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return refused(path, "it is open to others");
  return path;
}

Result<fs::path> user_directory(const char* variable, std::string_view below_home) {
  if (const fs::path chosen = absolute_variable(variable); !chosen.empty()) return chosen / name;
  if (const fs::path home = absolute_variable("HOME"); !home.empty()) return home / below_home / name;
  return temporary_directory();
}

}  // namespace

Result<fs::path> cache_directory() { return user_directory("XDG_CACHE_HOME", ".cache"); }
Result<fs::path> data_directory() { return user_directory("XDG_DATA_HOME", ".local/share"); }
Result<fs::path> state_directory() { return user_directory("XDG_STATE_HOME", ".local/state"); }

}  // namespace nmz::installation
