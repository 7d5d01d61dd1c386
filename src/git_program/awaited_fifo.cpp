#include "awaited_fifo.hpp"

#include <array>
#include <climits>
#include <cstdint>
#include <sstream>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nmz/files/contents.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::git_program {
namespace {

using files::UniqueFd;

std::string place_of(pid_t process) { return "/proc/" + std::to_string(process) + '/'; }

std::string content(const std::string& path) { return files::contents(path).value_or(""); }

std::string link(const std::string& path) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

/// A path in the memory of the process.
std::string text_at(const std::string& process, std::uint64_t address) {
  std::array<char, PATH_MAX> bytes{};
  const UniqueFd memory{::open((process + "mem").c_str(), O_RDONLY | O_CLOEXEC)};
  const ssize_t got = memory ? ::pread(memory.get(), bytes.data(), bytes.size(), static_cast<off_t>(address)) : -1;
  const std::string_view text{bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  return std::string{text.substr(0, text.find('\0'))};
}

/// The path that the process opens or reads; empty when it does neither.
std::string opened_or_read(const std::string& process) {
  std::istringstream words{content(process + "syscall")};
  long number = -1;
  std::array<std::uint64_t, 2> arguments{};
  words >> number >> std::hex >> arguments[0] >> arguments[1];
  if (!words) return {};
  if (number == SYS_read) return link(process + "fd/" + std::to_string(arguments[0]));
#ifdef SYS_open
  if (number == SYS_open) arguments = {static_cast<std::uint32_t>(AT_FDCWD), arguments[0]};
  if (number != SYS_open && number != SYS_openat) return {};
#else
  if (number != SYS_openat) return {};
#endif
  std::string path = text_at(process, arguments[1]);
  if (path.starts_with('/')) return path;
  const auto directory = static_cast<int>(static_cast<std::uint32_t>(arguments[0]));
  return link(process + (directory == AT_FDCWD ? "cwd" : "fd/" + std::to_string(directory))) + '/' + path;
}

bool is_fifo(const std::string& path) {
  struct stat status {};
  return path.starts_with('/') && ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

/// Where the kernel lists them.
std::vector<pid_t> children(pid_t process) {
  std::vector<pid_t> found;
  std::istringstream words{content(place_of(process) + "task/" + std::to_string(process) + "/children")};
  for (pid_t child = 0; words >> child;) found.push_back(child);
  return found;
}

}  // namespace

std::optional<std::string> awaited_fifo(pid_t git) {
  constexpr std::size_t most = 100;
  std::vector<pid_t> family{git};
  for (std::size_t i = 0; i < family.size() && family.size() < most; ++i) {
    const std::string process = place_of(family[i]);
    if (!content(process + "comm").starts_with("git")) continue;
    if (std::string path = opened_or_read(process); is_fifo(path)) return path;
    for (const pid_t child : children(family[i])) family.push_back(child);
  }
  return std::nullopt;
}

}  // namespace nmz::git_program
