#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"

#include "garbage.hpp"
#include "history_command.hpp"
#include "kubernetes_command.hpp"
#include "options.hpp"
#include "swarm.hpp"

int main(int argc, char** argv) {
  using namespace nmz::nmzswarm;  // NOLINT(google-build-using-namespace)
  return nmz::run::enter(program, argc, argv,
                         {{"gc", collect_garbage},
                          {"history", history_command},
                          {"kubernetes", kubernetes_command},
                          {"config", config_command},
                          {"trust", trust_command}},
                         nmz::run::reader(parse, swarm, program));
}
