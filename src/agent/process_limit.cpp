// See process_limit.hpp. cgroups(7): a line of /proc/self/cgroup is ID:CONTROLLERS:PATH, and version 2 has "0::PATH".
#include "process_limit.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "process_tree.hpp"

namespace nmz::agent {
namespace {

/// pids.events of the cgroup that this process is in; empty where there is none.
std::string events_file() {
  std::string groups;
  read_file("/proc/self/cgroup", groups);
  for (std::string_view rest = groups; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t path = line.find(":/");
    if (path != std::string_view::npos && (line.starts_with("0::") || line.substr(0, path).ends_with(":pids"))) {
      const std::string place = line.starts_with("0::") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/pids";
      std::string file = place + std::string{line.substr(path + 1)} + "/pids.events";
      if (::access(file.c_str(), R_OK) == 0) {
        return file;
      }
    }
  }
  return {};
}

/// "max COUNT"
std::uint64_t refused_by(const std::string& file) {
  constexpr std::string_view name = "max ";
  std::string text;
  std::uint64_t count = 0;
  if (!file.empty() && read_file(file, text) && text.starts_with(name)) {
    std::from_chars(text.data() + name.size(), text.data() + text.size(), count);
  }
  return count;
}

bool speaks_of_it(const LastWords& words) {
  return words.has_line_with({"fork", "thread"}, {"resource temporarily unavailable", "cannot fork", "can't fork",
                                                  "process/resource limits", "failed to create new os thread"});
}

}  // namespace

ProcessLimit::ProcessLimit() : events_{events_file()}, refused_{refused_by(events_)} {}

std::string ProcessLimit::met(const LastWords& words) const {
  constexpr rlim_t small = 1024;
  if (refused_by(events_) > refused_) {
    return "the limit on processes was met (pids.max of the cgroup)";
  }
  rlimit limit{};
  if (::geteuid() == 0 || ::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
      !speaks_of_it(words) || (limit.rlim_cur >= small && threads_of(::getuid()) < limit.rlim_cur / 2)) {
    return {};
  }
  return "the limit on processes was met (ulimit -u " + std::to_string(limit.rlim_cur) + ')';
}

}  // namespace nmz::agent
