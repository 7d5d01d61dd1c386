// See removal_beside.hpp.
#include "removal_beside.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/unique_fd.hpp"

namespace nmz::orchestrator {
namespace {

/// Entries that are removed in an instant, however busy the machine is.
constexpr int few = 500;

/// What the child says instead of lines.
constexpr char much = '\0';

void close_others(std::span<const int> needed, int own) {
  std::vector<int> others;
  {
    const files::Listing listing = files::open_listing("/proc/self/fd");
    while (const dirent* found = listing ? files::next(listing) : nullptr) {
      others.push_back(std::atoi(found->d_name));  // NOLINT(cert-err34-c): the kernel's number
    }
  }
  for (const int fd : others) {
    if (fd > STDERR_FILENO && fd != own && std::ranges::find(needed, fd) == needed.end()) ::close(fd);
  }
}

void leave_the_program(std::span<const int> needed, int own) {
  ::setsid();
  for (const int signal : {SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);  // NOLINT(cert-err33-c)
  static_cast<void>(::chdir("/"));
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, standard);
  close_others(needed, own);
}

void tell(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno != EINTR) return;
    text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
}

/// Empty when there was much to do.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::string_view rest{text};
  while (!rest.empty() && rest.find(much) == std::string_view::npos) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return lines;
}

/// All that the child says, or as much as there is when it says that there is much to do.
std::string hear(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  while (text.find(much) == std::string::npos) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  return text;
}

}  // namespace

std::optional<std::vector<std::string>> removal_beside(
    std::span<const int> needed, const std::function<std::vector<std::string>(const files::Progress&)>& work) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const files::UniqueFd in{ends[0]};
  files::UniqueFd out{ends[1]};
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    leave_the_program(needed, out.get());
    int done = 0;
    std::string text;
    for (const std::string& line : work([&] {
           if (++done == few) tell(out.get(), {&much, 1});
         })) {
      text += line + '\n';
    }
    tell(out.get(), text);
    ::_exit(0);
  }
  out.reset();
  const std::string text = hear(in.get());
  if (text.find(much) == std::string::npos) ::waitpid(child, nullptr, 0);
  return lines_of(text);
}

}  // namespace nmz::orchestrator
