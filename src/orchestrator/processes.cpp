#include "processes.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"

namespace nmz::orchestrator {
namespace {

constexpr std::chrono::seconds patience{1};
constexpr std::chrono::milliseconds between_looks{5};

/// What can be read of it. Not a stream: a process that ends between open and read makes read fail, which a stream
/// buffer throws.
std::string read_file(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> buffer{};
  ssize_t count = 0;
  while ((count = ::read(fd, buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
  return text;
}

}  // namespace

/// proc(5), /proc/pid/stat: "pid (comm) state ppid pgrp session ..."; comm may hold anything, so count from its end.
std::optional<ProcessFacts> facts_of(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos || end + 4 >= stat.size()) return std::nullopt;
  if (const char state = stat[end + 2]; state == 'Z' || state == 'X') return std::nullopt;
  std::array<pid_t, 3> numbers{};
  const char* at = stat.data() + end + 4;
  const char* const stop = stat.data() + stat.size();
  for (pid_t& number : numbers) {
    const auto [next, error] = std::from_chars(at, stop, number);
    if (error != std::errc{} || next == stop) return std::nullopt;
    at = next + 1;
  }
  return ProcessFacts{.pid = pid, .parent = numbers[0], .session = numbers[2]};
}

std::vector<ProcessFacts> processes() {
  std::vector<ProcessFacts> all;
  const files::Listing proc = files::open_listing("/proc");
  if (!proc) return all;
  while (const dirent* entry = files::next(proc)) {
    const std::string_view name{static_cast<const char*>(entry->d_name)};
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size()) continue;
    if (const auto found = facts_of(pid)) all.push_back(*found);
  }
  return all;
}

bool started_with(pid_t pid, std::string_view name_and_value) {
  const std::string environment = '\0' + read_file("/proc/" + std::to_string(pid) + "/environ");
  std::string wanted{'\0'};
  wanted += name_and_value;
  wanted += '\0';
  return environment.find(wanted) != std::string::npos;
}

Killed kill_all(const std::function<bool(const ProcessFacts&)>& belongs) {
  std::set<pid_t> killed;
  std::vector<pid_t> victims;
  for (const auto until = std::chrono::steady_clock::now() + patience;;) {
    victims.clear();
    for (const ProcessFacts& process : processes()) {
      if (belongs(process)) victims.push_back(process.pid);
    }
    if (victims.empty() || std::chrono::steady_clock::now() >= until) break;
    for (const pid_t pid : victims) {
      if (::kill(pid, SIGKILL) == 0) killed.insert(pid);
    }
    std::this_thread::sleep_for(between_looks);
    for (const pid_t pid : victims) ::waitpid(pid, nullptr, WNOHANG);
  }
  for (const pid_t pid : killed) ::waitpid(pid, nullptr, WNOHANG);
  return {killed.size(), std::move(victims)};
}

std::string name_of(pid_t pid) {
  std::string name = read_file("/proc/" + std::to_string(pid) + "/comm");
  if (name.ends_with('\n')) name.pop_back();
  return name;
}

}  // namespace nmz::orchestrator
