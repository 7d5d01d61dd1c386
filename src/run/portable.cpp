#include "nmz/run/portable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

#include <archive.h>
#include <archive_entry.h>

#include "nmz/output/output_file.hpp"
#include "nmz/run/recording.hpp"

namespace nmz::run {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t piece = std::size_t{64} << 10;
constexpr std::uintmax_t most_bytes = std::uintmax_t{4} << 30;

struct Free {
  void operator()(archive* one) const noexcept { static_cast<void>(::archive_free(one)); }
  void operator()(archive_entry* one) const noexcept { ::archive_entry_free(one); }
};
using Archive = std::unique_ptr<archive, Free>;
using Entry = std::unique_ptr<archive_entry, Free>;

la_ssize_t write_to(archive* /*unused*/, void* out, const void* bytes, std::size_t size) {
  static_cast<output::OutputFile*>(out)->write({static_cast<const char*>(bytes), size});
  return static_cast<la_ssize_t>(size);
}

tl::unexpected<Error> trouble(archive* one, ErrorKind kind, const std::string& what) {
  const char* const why = ::archive_error_string(one);
  return fail(kind, what + ": " + (why == nullptr ? "it is damaged" : why));
}

/// A log that grows meanwhile is cut where it was.
Result<void> add_file(archive* out, const fs::path& path, const std::string& name) {
  std::ifstream file{path, std::ios::binary};
  std::error_code error;
  std::uintmax_t left = fs::file_size(path, error);
  if (!file || error) return {};  // it has gone
  constexpr int mode = 0644;
  const Entry entry{::archive_entry_new()};
  ::archive_entry_set_pathname(entry.get(), name.c_str());
  ::archive_entry_set_filetype(entry.get(), AE_IFREG);
  ::archive_entry_set_perm(entry.get(), mode);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(left));
  if (::archive_write_header(out, entry.get()) != ARCHIVE_OK) return trouble(out, ErrorKind::retryable, name);
  std::array<char, piece> bytes{};
  while (left > 0 && file) {
    file.read(bytes.data(), static_cast<std::streamsize>(std::min<std::uintmax_t>(left, bytes.size())));
    const auto got = static_cast<std::size_t>(file.gcount());
    if (::archive_write_data(out, bytes.data(), got) < 0) return trouble(out, ErrorKind::retryable, name);
    left -= got;
  }
  return {};
}

/// The entry's own name below the archive's one directory; empty for what is left out.
std::string name_of(archive_entry* entry) {
  const char* const path = ::archive_entry_pathname(entry);
  if (path == nullptr || ::archive_entry_filetype(entry) != AE_IFREG) return {};
  if (::archive_entry_hardlink(entry) != nullptr || ::archive_entry_symlink(entry) != nullptr) return {};
  const std::string_view whole{path};
  const std::string name{whole.substr(whole.rfind('/') + 1)};
  return name == "." || name == ".." ? std::string{} : name;
}

/// Returns how many bytes it was.
Result<std::uintmax_t> take_file(archive* in, const fs::path& target, std::uintmax_t most) {
  std::ofstream file{target, std::ios::binary};
  std::array<char, piece> bytes{};
  std::uintmax_t size = 0;
  for (;;) {
    const la_ssize_t got = ::archive_read_data(in, bytes.data(), bytes.size());
    if (got < 0) return trouble(in, ErrorKind::rejected, "the file of a run cannot be read");
    size += static_cast<std::uintmax_t>(got);
    if (size > most) return fail(ErrorKind::rejected, "the run in the file is larger than 4 GiB");
    if (got == 0) break;
    file.write(bytes.data(), got);
  }
  file.close();
  if (!file) return fail(ErrorKind::retryable, "cannot write '" + target.string() + "'");
  return size;
}

Result<fs::path> fresh_directory() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "nmz-run-XXXXXX").string();
  if (!error && ::mkdtemp(name.data()) != nullptr) return fs::path{name};
  return fail(ErrorKind::retryable, "no temporary directory can be made: " + std::generic_category().message(errno));
}

}  // namespace

UnpackedRun::~UnpackedRun() {
  std::error_code ignored;
  if (!directory_.empty()) fs::remove_all(directory_, ignored);
}

Result<void> pack_run(const fs::path& directory, const std::string& file) {
  std::error_code error;
  if (!fs::is_regular_file(directory / recording_name, error)) {
    return fail(ErrorKind::not_found, "there is no recording of a run in '" + directory.string() + "'");
  }
  auto target = output::OutputFile::open(file, output::OutputFile::Way::replaced);
  if (!target) return tl::unexpected{target.error()};
  const Archive out{::archive_write_new()};
  ::archive_write_add_filter_gzip(out.get());
  ::archive_write_set_format_pax_restricted(out.get());
  if (::archive_write_open(out.get(), &*target, nullptr, write_to, nullptr) != ARCHIVE_OK) {
    return trouble(out.get(), ErrorKind::retryable, file);
  }
  const fs::path whole = fs::absolute(directory, error).lexically_normal();
  const fs::path name = whole.has_filename() ? whole.filename() : whole.parent_path().filename();
  for (const fs::directory_entry& one : fs::directory_iterator{directory, error}) {
    if (!one.is_regular_file(error) || one.is_symlink(error)) continue;
    Result<void> added = add_file(out.get(), one.path(), (name / one.path().filename()).string());
    if (!added) return added;
  }
  if (::archive_write_close(out.get()) != ARCHIVE_OK) return trouble(out.get(), ErrorKind::retryable, file);
  return target->commit();
}

Result<UnpackedRun> unpack_run(const fs::path& file) {
  const Archive in{::archive_read_new()};
  ::archive_read_support_filter_gzip(in.get());
  ::archive_read_support_format_tar(in.get());
  if (::archive_read_open_filename(in.get(), file.c_str(), piece) != ARCHIVE_OK) {
    return trouble(in.get(), ErrorKind::rejected, "'" + file.string() + "' is no run");
  }
  auto made = fresh_directory();
  if (!made) return tl::unexpected{made.error()};
  UnpackedRun run{*made};
  std::uintmax_t left = most_bytes;
  archive_entry* entry = nullptr;
  int status = ::archive_read_next_header(in.get(), &entry);
  for (; status == ARCHIVE_OK; status = ::archive_read_next_header(in.get(), &entry)) {
    const std::string name = name_of(entry);
    if (name.empty()) continue;
    const auto taken = take_file(in.get(), run.directory() / name, left);
    if (!taken) return tl::unexpected{taken.error()};
    left -= *taken;
  }
  if (status != ARCHIVE_EOF) return trouble(in.get(), ErrorKind::rejected, "'" + file.string() + "' is no run");
  return run;
}

}  // namespace nmz::run
