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

/// Where a controller's file of this process's cgroup is; empty where there is none.
std::string file_of(const std::string& root, std::string_view controller, const std::string& unified_name,
                    const std::string& own_name) {
  std::string groups;
  read_file(root + "/proc/self/cgroup", groups);
  for (std::string_view rest = groups; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t path = line.find(":/");
    const bool unified = line.starts_with("0::");
    if (path == std::string_view::npos || (!unified && !line.substr(0, path).ends_with(controller))) {
      continue;
    }
    const std::string place = root + "/sys/fs/cgroup" + (unified ? "" : '/' + std::string{controller.substr(1)});
    // In a container the place may be its own cgroup, whatever the path.
    for (const std::string& below : {std::string{line.substr(path + 1)}, std::string{}}) {
      std::string file = place + below + '/' + (unified ? unified_name : own_name);
      if (::access(file.c_str(), R_OK) == 0) {
        return file;
      }
    }
  }
  return {};
}

/// The number behind a name, which is the first word of a line.
std::uint64_t count_in(const std::string& file, std::string_view name) {
  std::string text;
  std::uint64_t count = 0;
  if (file.empty() || !read_file(file, text)) {
    return count;
  }
  text.insert(text.begin(), '\n');
  const std::size_t at = text.find('\n' + std::string{name} + ' ');
  if (at != std::string::npos) {
    std::from_chars(text.data() + at + name.size() + 2, text.data() + text.size(), count);
  }
  return count;
}

bool speaks_of_it(const LastWords& words) {
  return words.has_line_with({"fork", "thread"}, {"resource temporarily unavailable", "cannot fork", "can't fork",
                                                  "process/resource limits", "failed to create new os thread"});
}

}  // namespace

ProcessLimit::ProcessLimit(const std::string& root)
    : events_{file_of(root, ":pids", "pids.events", "pids.events")},
      memory_events_{file_of(root, ":memory", "memory.events", "memory.oom_control")},
      refused_{count_in(events_, "max")},
      killed_{count_in(memory_events_, "oom_kill")} {}

std::string ProcessLimit::met(const LastWords& words) const {
  constexpr rlim_t small = 1024;
  if (count_in(memory_events_, "oom_kill") > killed_) {
    return "there was not enough memory (the kernel killed a process for it)";
  }
  if (count_in(events_, "max") > refused_) {
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
