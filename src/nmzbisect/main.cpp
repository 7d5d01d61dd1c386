#include "nmz/hook/command.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"

#include "bisect.hpp"
#include "history_command.hpp"
#include "options.hpp"
#include "trees.hpp"

int main(int argc, char** argv) {
  using namespace nmz::nmzbisect;  // NOLINT(google-build-using-namespace)
  return nmz::run::enter(program, argc, argv,
                         {{"trees", trees_command},
                          {"history", history_command},
                          {"config", config_command},
                          {"trust", trust_command},
                          {"test", test_command},
                          {"hook", nmz::hook::command}},
                         nmz::run::reader(parse, bisect, program));
}
