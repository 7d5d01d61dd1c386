#include "garbage.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "nmz/cluster/cluster.hpp"
#include "nmz/cluster/kubernetes_cluster.hpp"
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
gone; with --orchestrator kubernetes the Jobs, with their pods and ConfigMaps, in one namespace.
)";

constexpr run::Program command{"nmzswarm gc", events::Kind::suite, run::exit_usage};

int complain(const Error& error) {
  output::complain(command.name, error.message);
  return run::exit_usage;
}

}  // namespace

int collect_garbage(const std::vector<std::string>& arguments) {
  cluster::Options options;
  bool kubernetes = false;
  bool all = false;
  command_line::Headline line;
  line.name = command.name;
  line.purpose = "Removes what killed runs left on a Docker Engine, or in a Kubernetes cluster.";
  line.usage = "Usage: nmzswarm gc [OPTION...]\n";
  line.footer = explanation;
  line.hint = "see nmzswarm gc --help";
  command_line::Parser parser{line};
  parser.add({command_line::value("--host", "HOST", command_line::text(options.host),
                                  "The Docker Engine [as the docker command]"),
              command_line::value("--context", "NAME", command_line::text(options.context),
                                  "The context of docker, or of the kubeconfig [as the docker command, as kubectl]"),
              command_line::value("--orchestrator", "NAME",
                                  command_line::one_of<bool>(kubernetes, {{"docker", false}, {"kubernetes", true}}),
                                  "What to look at: docker or kubernetes [docker]"),
              command_line::value("--namespace", "NAME", command_line::text(options.name_space),
                                  "Kubernetes: the namespace [as kubectl]"),
              command_line::flag("--all", all, "Also what runs of other machines made, which may be running")});
  const auto configured = run::configured_options(program, parser, {"host", "context", "namespace"});
  if (!configured) return complain(configured.error());
  const auto page = parser.parse(arguments, *configured);
  if (!page) return complain(page.error());
  if (*page) return run::print_page(command, **page);
  boost::asio::io_context io{1};
  const auto which = all ? orchestrator::Sweep::all : orchestrator::Sweep::dead;
  const auto removed = kubernetes ? cluster::KubernetesCluster::collect(io, options, which)
                                  : cluster::Cluster::collect(io, options, which);
  if (!removed) return complain(removed.error());
  if (kubernetes) return run::print_page(command, fmt::format("removed {} Job(s)\n", *removed));
  return run::print_page(command, fmt::format("removed {} container(s), service(s) and config(s)\n", *removed));
}

}  // namespace nmz::nmzswarm
