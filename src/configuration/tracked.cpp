#include "nmz/configuration/tracked.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"
#include "nmz/git_program/git_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/output/output_file.hpp"

#include "listing.hpp"

namespace nmz::configuration {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t longest = std::size_t{64} << 10;

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (::EVP_Digest(text.data(), text.size(), digest.data(), &size, ::EVP_sha256(), nullptr) != 1) size = 0;
  std::string hex;
  constexpr std::string_view digits = "0123456789abcdef";
  for (unsigned int i = 0; i < size; ++i) {
    hex += digits[digest.at(i) >> 4U];
    hex += digits[digest.at(i) & 15U];
  }
  return hex;
}

/// A plain file, and not more of it than a person reads; nothing with `trouble` otherwise.
std::optional<std::string> bytes_of(const fs::path& path, std::string& trouble) {
  const files::UniqueFd file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    trouble = errno == ELOOP ? "it is a symbolic link" : std::generic_category().message(errno);
    return std::nullopt;
  }
  if (!S_ISREG(status.st_mode)) {
    trouble = "it is no file";
    return std::nullopt;
  }
  std::string bytes(longest + 1, '\0');
  std::size_t size = 0;
  for (ssize_t got = 1; got != 0 && size < bytes.size(); size += static_cast<std::size_t>(got)) {
    got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0) {
      trouble = std::generic_category().message(errno);
      return std::nullopt;
    }
  }
  bytes.resize(size);
  if (size <= longest) return bytes;
  trouble = "it is larger than 64 KiB";
  return std::nullopt;
}

/// Whether it is worth a process: git's work tree is here or above.
bool may_be_there(const fs::path& directory) {
  std::error_code error;
  for (fs::path above = fs::absolute(directory, error).lexically_normal();; above = above.parent_path()) {
    if (fs::exists(fs::symlink_status(above / tracked_name, error))) return true;
    if (above == above.parent_path()) return false;
  }
}

/// What is remembered of a work tree: its path and the content's SHA-256, a line each.
Result<fs::path> record_of(const fs::path& path) {
  return installation::state_directory().map(
      [&](const fs::path& state) { return state / "trusted" / sha256(path.string()); });
}

std::string record_text(const TrackedFile& file) { return file.path.string() + '\n' + sha256(file.content) + '\n'; }

/// Empty: there is none that is the user's own and nobody else's to write.
std::string read_record(const fs::path& path) {
  const files::UniqueFd file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return {};
  std::array<char, 8192> buffer{};
  const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
  return got <= 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(got)};
}

}  // namespace

Result<std::optional<TrackedFile>> find_tracked(const std::string& directory) {
  const fs::path start = directory.empty() ? "." : directory;
  if (!may_be_there(start)) return std::optional<TrackedFile>{};
  git_program::GitCommand command;
  command.arguments = {"rev-parse", "--show-toplevel"};
  command.directory = start;
  const Result<git_program::GitText> text = git_program::run_git(command);
  if (!text || text->exit_code != 0) return std::optional<TrackedFile>{};  // no git, no repository or no work tree
  TrackedFile file;
  file.path = fs::path{git_program::without_newline(text->out)} / tracked_name;
  std::error_code error;
  if (!fs::exists(fs::symlink_status(file.path, error))) return std::optional<TrackedFile>{};
  if (auto bytes = bytes_of(file.path, file.trouble)) file.content = std::move(*bytes);
  return file;
}

Result<bool> is_trusted(const TrackedFile& file) {
  if (!file.trouble.empty()) return false;
  return record_of(file.path).map([&](const fs::path& record) { return read_record(record) == record_text(file); });
}

Result<void> trust(const TrackedFile& file) {
  if (!file.trouble.empty())
    return fail(ErrorKind::rejected, "'" + file.path.string() + "' cannot be used: " + file.trouble);
  const Result<fs::path> record = record_of(file.path);
  if (!record) return tl::unexpected<Error>{record.error()};
  auto out = output::OutputFile::open(record->string(), output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected<Error>{out.error()};
  out->write(record_text(file));
  if (Result<void> written = out->commit(); !written) return written;
  // With a umask of 002 it would be the group's as well, and count for nothing.
  if (::chmod(record->c_str(), S_IRUSR | S_IWUSR) == 0) return {};
  return fail(ErrorKind::retryable,
              "cannot keep '" + record->string() + "': " + std::generic_category().message(errno));
}

Result<bool> revoke(const fs::path& path) {
  const Result<fs::path> record = record_of(path);
  if (!record) return tl::unexpected<Error>{record.error()};
  if (::unlink(record->c_str()) == 0) return true;
  if (errno == ENOENT) return false;
  return fail(ErrorKind::retryable,
              "cannot remove '" + record->string() + "': " + std::generic_category().message(errno));
}

Result<std::vector<Value>> values_of(const TrackedFile& file) {
  git_program::GitCommand command;
  command.arguments = listing({"--no-includes", "--file", "-"});
  command.directory = file.path.parent_path();
  command.input = file.content;
  Result<std::vector<Value>> values = list(command, file.path.parent_path());
  if (!values) return fail(values.error().kind, values.error().message + ", '" + file.path.string() + "'");
  for (Value& value : *values) {
    value.scope = "tracked";
    value.origin = "file:" + file.path.string();
  }
  return values;
}

}  // namespace nmz::configuration
