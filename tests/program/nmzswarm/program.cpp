#include "program.hpp"

#include <fstream>
#include <iterator>
#include <utility>

namespace nmz::nmzswarm {

support::Ended Swarm::run(const std::string& list, const std::vector<std::string>& options, const std::string& script) {
  std::vector<std::string> arguments{"--workloads", "-"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  for (const std::string word : {"--", "/bin/sh", "-c", script.c_str()}) arguments.push_back(word);
  return call(arguments, list);
}

support::Ended Swarm::call(const std::vector<std::string>& arguments, const std::string& input) {
  support::Program program{{NMZ_NMZSWARM}};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  program.input = input;
  return start(std::move(program));
}

support::Ended Swarm::shell(const std::string& script) {
  support::Program program{{"/bin/sh", "-c", script}};
  program.env.push_back(std::string{"SWARM="} + NMZ_NMZSWARM);
  return start(std::move(program));
}

support::Ended Swarm::start(support::Program program) {
  program.directory = place();
  program.unset = {"GITHUB_ACTIONS", "NMZ_*"};
  for (const char* const kind : {"XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"}) {
    program.env.push_back(std::string{kind} + "=" + (place() / kind).string());
  }
  program.env.insert(program.env.end(), environment.begin(), environment.end());
  return support::run_program(program);
}

std::string Swarm::read(const std::string& name) const {
  std::ifstream file{place() / name, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace nmz::nmzswarm
