#include "nmz/orchestrator/agent_archive.hpp"

#include <fstream>
#include <iterator>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

namespace nmz::orchestrator {
namespace {

using Archive = std::unique_ptr<archive, decltype(&::archive_write_free)>;
using Entry = std::unique_ptr<archive_entry, decltype(&::archive_entry_free)>;

la_ssize_t append(archive* /*writer*/, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

bool add(archive* writer, const char* name, unsigned type, unsigned mode, const std::string& content) {
  const Entry entry{::archive_entry_new(), &::archive_entry_free};
  ::archive_entry_set_pathname(entry.get(), name);
  ::archive_entry_set_filetype(entry.get(), type);
  ::archive_entry_set_perm(entry.get(), mode);
  ::archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  return ::archive_write_header(writer, entry.get()) == ARCHIVE_OK &&
         ::archive_write_data(writer, content.data(), content.size()) == static_cast<la_ssize_t>(content.size());
}

constexpr unsigned for_all = 01777;
constexpr unsigned program_mode = 0755;
constexpr unsigned text_mode = 0644;

/// `fill` adds the entries.
template <class Fill>
Result<std::string> tar_with(const std::filesystem::path& agent, Fill fill) {
  std::ifstream file{agent, std::ios::binary};
  const std::string program{std::istreambuf_iterator<char>{file}, {}};
  if (!file || program.empty()) return fail(ErrorKind::rejected, "cannot read '" + agent.string() + "'");
  std::string tar;
  const Archive writer{::archive_write_new(), &::archive_write_free};
  const bool written = ::archive_write_set_format_ustar(writer.get()) == ARCHIVE_OK &&
                       ::archive_write_open(writer.get(), &tar, nullptr, &append, nullptr) == ARCHIVE_OK &&
                       fill(writer.get(), program) && ::archive_write_close(writer.get()) == ARCHIVE_OK;
  if (!written) return fail(ErrorKind::retryable, "cannot put '" + agent.string() + "' into an archive");
  return tar;
}

}  // namespace

Result<std::string> agent_archive(const std::filesystem::path& agent) {
  return tar_with(agent, [](archive* writer, const std::string& program) {
    return add(writer, "nmz", AE_IFDIR, for_all, "") && add(writer, "nmz/agent", AE_IFREG, program_mode, program);
  });
}

Result<std::string> agent_build_context(const std::filesystem::path& agent, const std::string& image) {
  const std::string dockerfile = "FROM " + image + "\nADD nmz.tar /\n";
  // ADD unpacks an archive with the modes that are in it; COPY would make the directory with its own.
  Result<std::string> inner = agent_archive(agent);
  if (!inner) return inner;
  return tar_with(agent, [&](archive* writer, const std::string& /*program*/) {
    return add(writer, "Dockerfile", AE_IFREG, text_mode, dockerfile) &&
           add(writer, "nmz.tar", AE_IFREG, text_mode, *inner);
  });
}

}  // namespace nmz::orchestrator
