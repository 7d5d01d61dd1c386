#include "garbage.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/command_line/arguments.hpp"
#include "nmz/output/standard_streams.hpp"

#include "swarm.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr const char* explanation = R"(
Runs remove what they made when they end, and the next run on an Engine removes what killed ones left. This does the
same without a run: containers, services and configs of nmzswarm and nmzbisect runs of this machine whose program is
gone.
)";

int complain(const Error& error) {
  output::complain("nmzswarm gc", error.message);
  return exit_usage;
}

int answered(const std::string& text) {
  output::print(text);
  const Result<void> printed = output::complete_standard_output();
  return printed ? exit_passed : complain(printed.error());
}

}  // namespace

int collect_garbage(const std::vector<std::string>& arguments) {
  cluster::Options options;
  bool all = false;
  CLI::App app{"Removes what killed runs left on a Docker Engine.", "nmzswarm gc"};
  command_line::set_up(app, "Usage: nmzswarm gc [OPTION...]\n");
  app.footer(explanation);
  app.add_option("--host", options.host, "The Docker Engine [as the docker command]")->type_name("HOST");
  app.add_option("--context", options.context, "The Docker context [as the docker command]")->type_name("NAME");
  app.add_flag("--all", all, "Also what runs of other machines made, which may be running");
  const auto page = command_line::parse(app, {arguments.begin() + 1, arguments.end()}, "see nmzswarm gc --help");
  if (!page) return complain(page.error());
  if (*page) {
    return answered(**page);
  }
  boost::asio::io_context io{1};
  const auto removed =
      cluster::Cluster::collect(io, options, all ? orchestrator::Sweep::all : orchestrator::Sweep::dead);
  if (!removed) return complain(removed.error());
  return answered(fmt::format("removed {} container(s), service(s) and config(s)\n", *removed));
}

}  // namespace nmz::nmzswarm
