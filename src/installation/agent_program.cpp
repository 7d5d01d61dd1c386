#include "nmz/installation/agent_program.hpp"

#include <cstdlib>
#include <system_error>
#include <vector>

#include <unistd.h>

namespace nmz::installation {
namespace fs = std::filesystem;

Result<fs::path> find_agent() {
  if (const char* chosen = std::getenv("NMZ_AGENT")) {  // NOLINT(concurrency-mt-unsafe)
    if (::access(chosen, X_OK) == 0) return fs::absolute(chosen);
    return fail(ErrorKind::misconfigured, "NMZ_AGENT names '" + std::string{chosen} + "', which cannot be executed");
  }
  std::error_code error;
  const fs::path self = fs::canonical("/proc/self/exe", error);
  if (error) return fail(ErrorKind::misconfigured, "cannot tell where this program is: " + error.message());
  const fs::path here = self.parent_path();
  for (const fs::path& place : {here / "nmzagent", here.parent_path() / "libexec" / "namazu-swarm" / "nmzagent"}) {
    if (::access(place.c_str(), X_OK) == 0) return place;
  }
  return fail(ErrorKind::misconfigured, "nmzagent is not beside '" + self.string() + "' (reinstall, or set NMZ_AGENT)");
}

}  // namespace nmz::installation
