#include "nmz/orchestrator/run_identity.hpp"

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "nmz/process/randomness.hpp"

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

/// The boot and the process id namespace: only in the same ones does a process id mean the same. (CI jobs in containers
/// of one machine share its kernel and often its Engine, but not their process ids.)
std::string here() {
  std::error_code ignored;
  const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();  // pid:[4026531836]
  const std::size_t number = space.find_first_of("0123456789");
  return first_line("/proc/sys/kernel/random/boot_id") + "." +
         (number == std::string::npos ? "" : space.substr(number, space.find(']') - number));
}

enum class Owner : std::uint8_t { alive, dead, elsewhere };

Owner state_of(const std::string& owner) {
  const std::size_t first = owner.find(':');
  const std::size_t second = owner.rfind(':');
  if (first == std::string::npos || first == second || owner.substr(0, first) != here()) return Owner::elsewhere;
  const bool same = start_time(owner.substr(first + 1, second - first - 1)) == owner.substr(second + 1);
  return same ? Owner::alive : Owner::dead;
}

}  // namespace

RunIdentity RunIdentity::create() {
  std::array<unsigned char, 6> random{};
  process::fill_with_randomness(std::span<unsigned char>{random});
  RunIdentity identity;
  constexpr std::string_view digits = "0123456789abcdef";
  for (const unsigned char byte : random) identity.run += {digits[byte >> 4U], digits[byte & 15U]};
  const std::string pid = std::to_string(::getpid());
  identity.owner = here() + ":" + pid + ":" + start_time(pid);
  return identity;
}

bool is_dead(const std::string& owner) { return state_of(owner) == Owner::dead; }

bool is_swept(const std::map<std::string, std::string>& labels, Sweep which) {
  const auto owner = labels.find(owner_label);
  if (owner == labels.end()) return false;
  const Owner state = state_of(owner->second);
  return state == Owner::dead || (state == Owner::elsewhere && which == Sweep::all);
}

}  // namespace nmz::orchestrator
