#include "runner_choice.hpp"

namespace nmz::nmzswarm {

Result<std::unique_ptr<runner::Runner>> find_runner(const std::string& name) {
  if (auto known = runner::make(name)) return known;
  std::string all;
  for (const std::string& one : runner::names()) all += (all.empty() ? "" : ", ") + one;
  return fail(ErrorKind::misconfigured, "--runner: there is no runner '" + name + "'; there are " + all);
}

}  // namespace nmz::nmzswarm
