#include "garbage.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"

#include "swarm.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr const char* explanation = R"(
Runs remove what they made when they end, and the next run on an Engine removes what killed ones left. This does the
same without a run: containers, services and configs of nmzswarm and nmzbisect runs of this machine whose program is
gone.
)";

constexpr run::Program command{"nmzswarm gc", events::Kind::suite, run::exit_usage};

int complain(const Error& error) {
  output::complain(command.name, error.message);
  return run::exit_usage;
}

}  // namespace

int collect_garbage(const std::vector<std::string>& arguments) {
  cluster::Options options;
  bool all = false;
  command_line::Headline line;
  line.name = command.name;
  line.purpose = "Removes what killed runs left on a Docker Engine.";
  line.usage = "Usage: nmzswarm gc [OPTION...]\n";
  line.footer = explanation;
  line.hint = "see nmzswarm gc --help";
  command_line::Parser parser{line};
  parser.add({command_line::value("--host", "HOST", command_line::text(options.host),
                                  "The Docker Engine [as the docker command]"),
              command_line::value("--context", "NAME", command_line::text(options.context),
                                  "The Docker context [as the docker command]"),
              command_line::flag("--all", all, "Also what runs of other machines made, which may be running")});
  const auto configured = run::configured_options(program, parser, {"host", "context"});
  if (!configured) return complain(configured.error());
  const auto page = parser.parse(arguments, *configured);
  if (!page) return complain(page.error());
  if (*page) return run::print_page(command, **page);
  boost::asio::io_context io{1};
  const auto removed =
      cluster::Cluster::collect(io, options, all ? orchestrator::Sweep::all : orchestrator::Sweep::dead);
  if (!removed) return complain(removed.error());
  return run::print_page(command, fmt::format("removed {} container(s), service(s) and config(s)\n", *removed));
}

}  // namespace nmz::nmzswarm
