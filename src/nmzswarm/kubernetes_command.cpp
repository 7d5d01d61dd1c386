#include "kubernetes_command.hpp"

#include "nmz/cluster/kubernetes_cluster.hpp"
#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/kubernetes/rights.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/program.hpp"

#include "swarm.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr const char* explanation = R"(
The Role holds the rights that --orchestrator kubernetes uses, and no other:

  nmzswarm kubernetes role --namespace ci | kubectl apply -f -
  kubectl -n ci create rolebinding nmzswarm --role nmzswarm --user alice

A run asks the cluster for each of them before it starts, and names those that are missing.
)";

constexpr run::Program command{"nmzswarm kubernetes", events::Kind::suite, run::exit_usage};

int complain(const Error& error) {
  output::complain(command.name, error.message);
  return run::exit_usage;
}

}  // namespace

int kubernetes_command(const std::vector<std::string>& arguments) {
  cluster::Options options;
  std::vector<std::string> words;
  command_line::Headline line;
  line.name = command.name;
  line.purpose = "Prints the Role that runs on a Kubernetes cluster need.";
  line.usage = "Usage: nmzswarm kubernetes role [OPTION...]\n";
  line.footer = explanation;
  line.hint = "see nmzswarm kubernetes --help";
  command_line::Parser parser{line};
  parser.take_words(words);
  parser.add({command_line::value("--context", "NAME", command_line::text(options.context),
                                  "The context of the kubeconfig [as kubectl]"),
              command_line::value("--namespace", "NAME", command_line::text(options.name_space),
                                  "The namespace that the Role is for [as kubectl]")});
  const auto configured = run::configured_options(program, parser, {"namespace"});
  if (!configured) return complain(configured.error());
  const auto page = parser.parse(arguments, *configured);
  if (!page) return complain(page.error());
  if (*page) return run::print_page(command, **page);
  if (words.size() != 1 || words.front() != "role") {
    const std::string said = words.empty() ? "the command is missing" : "there is no command '" + words.back() + "'";
    return complain({ErrorKind::misconfigured, said + ": nmzswarm kubernetes role (see nmzswarm kubernetes --help)"});
  }
  std::string name_space = options.name_space;
  if (name_space.empty()) {
    // It can be printed where no cluster is known.
    name_space = cluster::KubernetesCluster::name_space(options).value_or("default");
  }
  return run::print_page(command, kubernetes::role_manifest(name_space));
}

}  // namespace nmz::nmzswarm
