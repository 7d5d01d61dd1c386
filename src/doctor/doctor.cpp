#include "nmz/doctor/doctor.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <system_error>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/orchestrator/local.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::doctor {
namespace fs = std::filesystem;
namespace {

constexpr double mib = 1024.0 * 1024;

class Page {
 public:
  void line(std::string_view name, const std::string& value) {
    text_ += fmt::format("{:<18} {}\n", name, text::printable(value));
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

/// The first line that a fixed command prints; empty when there is no such program.
std::string first_line_of(const char* command) {
  const auto close = [](std::FILE* file) { ::pclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> out{::popen(command, "re"), close};  // NOLINT: ours, not the user's
  std::array<char, 256> line{};
  if (!out || std::fgets(line.data(), line.size(), out.get()) == nullptr) return {};
  std::string text{line.data()};
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string first_line_of_file(const char* path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

void versions(Page& page, const std::string& program) {
  utsname kernel{};
  ::uname(&kernel);
  page.line("program", program + " " NMZ_VERSION);
  const auto agent = installation::find_agent();
  page.line("agent", agent ? agent->string() : agent.error().message);
  const std::string git = first_line_of("timeout 5 git --version 2>/dev/null");
  page.line("git", git.empty() ? "not installed, not in PATH, or without an answer for 5 s" : git);
  page.line("kernel", std::string{kernel.sysname} + " " + kernel.release + " " + kernel.machine);
}

std::string swarm_words(const docker::Info& info) {
  if (info.swarm != docker::Info::Swarm::active) return "not part of a Swarm";
  if (!info.manager) return "a worker of a Swarm (its managers take services)";
  return fmt::format("a manager of a Swarm with {} node(s), address {}", info.nodes, info.node_address);
}

/// True when containers could run.
bool engine(Page& page) {
  boost::asio::io_context io{1};
  const auto facts = cluster::examine_engine(io, {});
  if (!facts) {
    page.line("Docker Engine", facts.error().message);
    return false;
  }
  page.line("Docker Engine",
            fmt::format("{} at {}, API {}, {} CPUs, {:.0f} MiB", facts->info.server_version, facts->endpoint,
                        facts->api, facts->info.cpus, static_cast<double>(facts->info.memory) / mib));
  page.line("Swarm", swarm_words(facts->info));
  return true;
}

std::string limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return "unknown";
  return limit.rlim_cur == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_cur);
}

void limits(Page& page) {
  page.line("open files", limit_of(RLIMIT_NOFILE));
  page.line("processes", limit_of(RLIMIT_NPROC));
  const std::string namespaces = first_line_of_file("/proc/sys/user/max_user_namespaces");
  const std::string allowed = first_line_of_file("/proc/sys/kernel/unprivileged_userns_clone");
  page.line("user namespaces",
            namespaces.empty() ? "unknown" : namespaces + (allowed == "0" ? " (for root only)" : ""));
}

/// What is below a directory, in bytes; what cannot be read is left out.
std::uintmax_t size_below(const fs::path& directory) {
  std::uintmax_t bytes = 0;
  std::error_code error;
  const auto skip = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at{directory, skip, error}, end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->is_symlink(gone) || !at->is_regular_file(gone)) continue;
    const std::uintmax_t size = at->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

void place(Page& page, std::string_view name, const Result<fs::path>& where) {
  if (!where) return page.line(name, where.error().message);
  fs::path there = *where;
  std::error_code error;
  const double used = static_cast<double>(size_below(there)) / mib;
  while (!fs::exists(there, error) && there.has_relative_path()) there = there.parent_path();
  struct statvfs space {};
  const bool known = ::statvfs(there.c_str(), &space) == 0;
  const double free = known ? static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize) / mib : 0;
  page.line(name, fmt::format("{} ({:.1f} MiB used, {:.0f} MiB free)", where->string(), used, free));
}

}  // namespace

std::string examine(const std::string& program) {
  Page page;
  versions(page, program);
  const bool containers = engine(page);
  limits(page);
  place(page, "work trees", installation::cache_directory());
  place(page, "logs", installation::state_directory());
  place(page, "history", installation::data_directory());
  page.line("without an image", fmt::format("{} worker(s): processes on this machine", orchestrator::local_cpus()));
  page.line("with an image", containers ? "containers on that Engine" : "cannot run: no Docker Engine");
  return page.take();
}

}  // namespace nmz::doctor
