#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "answer.hpp"
#include "bisect.hpp"
#include "options.hpp"

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> arguments{argv + 1, argv + argc};
    const auto request = nmz::nmzbisect::parse(arguments);
    if (!request) {
      fmt::print(stderr, "nmzbisect: {}\n", request.error().message);
      return nmz::nmzbisect::exit_usage;
    }
    if (request->print) {
      fmt::print("{}", *request->print);
      return 0;
    }
    return nmz::nmzbisect::bisect(request->options);
  } catch (const std::exception& bug) {
    fmt::print(stderr, "nmzbisect: internal error: {}\n", bug.what());
    return nmz::nmzbisect::exit_stopped;
  }
}
