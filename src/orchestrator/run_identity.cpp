#include "nmz/orchestrator/run_identity.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

#include <sys/random.h>
#include <unistd.h>

namespace nmz::orchestrator {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

/// Field 22 of /proc/PID/stat; empty when there is no such process. The name in field 2 may hold anything.
std::string start_time(const std::string& pid) {
  const std::string stat = first_line("/proc/" + pid + "/stat");
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields{stat.substr(name_end + 1)};
  std::string field;
  constexpr int fields_after_name = 20;
  for (int i = 0; i < fields_after_name; ++i) fields >> field;
  return field;
}

std::string boot_id() { return first_line("/proc/sys/kernel/random/boot_id"); }

}  // namespace

RunIdentity RunIdentity::create() {
  std::array<unsigned char, 6> random{};
  if (::getrandom(random.data(), random.size(), 0) < 0) random.fill(static_cast<unsigned char>(::getpid()));
  RunIdentity identity;
  constexpr std::string_view digits = "0123456789abcdef";
  for (const unsigned char byte : random) identity.run += {digits[byte >> 4U], digits[byte & 15U]};
  const std::string pid = std::to_string(::getpid());
  identity.owner = boot_id() + ":" + pid + ":" + start_time(pid);
  return identity;
}

bool is_dead(const std::string& owner) {
  const std::size_t first = owner.find(':');
  const std::size_t second = owner.rfind(':');
  if (first == std::string::npos || first == second || owner.substr(0, first) != boot_id()) return false;
  return start_time(owner.substr(first + 1, second - first - 1)) != owner.substr(second + 1);
}

}  // namespace nmz::orchestrator
