#include "garbage.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
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
  command_line::Headline line;
  line.name = "nmzswarm gc";
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
  const auto page = parser.parse({arguments.begin() + 1, arguments.end()});
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
