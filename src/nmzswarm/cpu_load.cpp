#include "cpu_load.hpp"

#include <utility>

namespace nmz::nmzswarm {
namespace {

constexpr const char* script =
    "nmz_loops=${1:-$((2 * $(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)))}; shift\n"
    "while [ \"$nmz_loops\" -gt 0 ]; do\n"
    "  (while :; do :; done </dev/null >/dev/null 2>&1 &)\n"
    "  nmz_loops=$((nmz_loops - 1))\n"
    "done\n"
    "unset nmz_loops\n"
    "exec \"$@\"\n";

std::vector<std::string> beside(std::vector<std::string> command, std::string loops) {
  command.insert(command.begin(), {"/bin/sh", "-c", script, "sh", std::move(loops)});
  return command;
}

}  // namespace

std::vector<std::string> beside_loops(std::vector<std::string> command, std::uint32_t loops) {
  return loops == 0 ? command : beside(std::move(command), std::to_string(loops));
}

std::vector<std::string> beside_full_load(std::vector<std::string> command) { return beside(std::move(command), ""); }

}  // namespace nmz::nmzswarm
