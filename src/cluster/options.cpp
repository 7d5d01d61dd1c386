#include "nmz/cluster/options.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "nmz/command_line/values.hpp"

#include "mount_option.hpp"

namespace nmz::cluster {

namespace {

/// "busybox", "docker.io/busybox" and "library/busybox:latest" name one image.
std::string full_name(std::string reference) {
  for (const std::string_view implied : {"docker.io/", "index.docker.io/", "library/"}) {
    if (reference.starts_with(implied)) reference.erase(0, implied.size());
  }
  const std::size_t slash = reference.rfind('/');
  const std::size_t mark = reference.find_first_of(":@", slash == std::string::npos ? 0 : slash);
  return mark == std::string::npos ? reference + ":latest" : reference;
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::docker:
      return "docker";
    case Kind::swarm:
      return "swarm";
    case Kind::kubernetes:
      return "kubernetes";
    case Kind::funker:
      return "funker";
    case Kind::local:
      break;
  }
  return "local";
}

constexpr std::array of_kubernetes{"--namespace",         "--queue",      "--pod-template",   "--agent-image",
                                   "--node-selector",     "--toleration", "--priority-class", "--service-account",
                                   "--image-pull-secret", "--pod-timeout"};

/// Its workers are there already, with all that they have.
Result<void> check_funker(command_line::Parser& parser, const std::string& image_option, const Options& options) {
  const auto apart = [&parser](const std::string& one, const std::string& other, const std::string& why) {
    return parser.contradiction({one, other}, why);
  };
  if (options.kind != Kind::funker) {
    if (options.endpoints.empty()) return {};
    return apart("--endpoint", "--orchestrator", "--endpoint is for --orchestrator funker");
  }
  std::vector<std::string> started{image_option, "--docker-stack", "--host",       "--context", "--network",
                                   "--cpus",     "--memory",       "--constraint", "--mount",   "--secret",
                                   "--inject",   "--target",       "--push"};
  started.insert(started.end(), of_kubernetes.begin(), of_kubernetes.end());
  for (const std::string& name : started) {
    if (!parser.given(name)) continue;
    return apart(name, "--orchestrator",
                 name + " says how workers are started; those of --orchestrator funker are there already");
  }
  if (!options.endpoints.empty()) return {};
  return apart("--orchestrator", "--endpoint",
               "--orchestrator funker needs --endpoint HOST:PORT: where its workers are");
}

/// What the options say about each other.
Result<void> check_pairs(command_line::Parser& parser, const std::string& image_option, const Options& options) {
  const auto apart = [&parser](const std::string& one, const std::string& other, const std::string& why) {
    return parser.contradiction({one, other}, why);
  };
  if (Result<void> checked = check_funker(parser, image_option, options); !checked || options.kind == Kind::funker) {
    return checked;
  }
  const std::string needs_image = " is for containers and needs " + image_option + " IMAGE";
  if (options.kind && *options.kind != Kind::local && options.image.empty()) {
    return apart("--orchestrator", image_option,
                 "--orchestrator " + std::string{name_of(*options.kind)} + " needs " + image_option + " IMAGE");
  }
  if (options.kind == Kind::local && !options.image.empty()) {
    return apart("--orchestrator", image_option, image_option + " is for containers; --orchestrator local has none");
  }
  for (const char* name : {"--host", "--context", "--network", "--cpus", "--memory", "--constraint", "--mount",
                           "--secret", "--inject", "--target", "--push"}) {
    if (options.image.empty() && parser.given(name)) return apart(name, name, name + needs_image);
  }
  for (const char* name : of_kubernetes) {
    if (options.image.empty() && parser.given(name)) return apart(name, name, name + needs_image);
  }
  for (const char* name : {"--host", "--network", "--constraint", "--inject", "--target", "--push"}) {
    if (options.kind == Kind::kubernetes && parser.given(name)) {
      return apart(name, "--orchestrator",
                   std::string{name} + " is for a Docker Engine; a Kubernetes cluster has none");
    }
  }
  for (const char* name : of_kubernetes) {
    if (options.kind != Kind::kubernetes && parser.given(name)) {
      return apart(name, "--orchestrator", std::string{name} + " is for --orchestrator kubernetes");
    }
  }
  for (const char* name : {"--constraint", "--secret"}) {
    if (options.kind == Kind::docker && parser.given(name)) {
      return apart(name, "--orchestrator", std::string{name} + " is for a Swarm; --orchestrator docker has none");
    }
  }
  if (options.kind == Kind::docker && options.inject == Inject::config) {
    return apart("--inject", "--orchestrator", "--inject config is for a Swarm; --orchestrator docker has none");
  }
  if (options.kind == Kind::swarm && options.inject == Inject::archive) {
    return apart("--inject", "--orchestrator", "--inject archive is for plain containers (--orchestrator docker)");
  }
  if (options.push && options.target.empty()) {
    return apart("--push", "--target", "--push needs --target IMAGE: the name to push to");
  }
  if (!options.target.empty() && full_name(options.target) == full_name(options.image)) {
    return apart("--target", "--target", "--target is the image itself ('" + options.image + "'): choose another name");
  }
  if (!options.target.empty() && options.inject != Inject::automatic && options.inject != Inject::image) {
    return apart("--target", "--inject", "--target names the derived image of --inject image");
  }
  return {};
}

bool is_name(const std::string& name) {
  constexpr std::size_t longest = 40;  // with what is added a service's name stays below 63
  return !name.empty() && name.size() <= longest && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

}  // namespace

std::vector<command_line::Option> option_table(Options& options, const std::string& image_names,
                                               const std::string& image_help) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  const auto mount = [&options](const std::string& /*option*/, const std::string& text) {
    return parse_mount(text).map([&](docker::Mount&& read) { options.mounts.push_back(std::move(read)); });
  };
  return {
      value(image_names, "IMAGE", text(options.image), image_help),
      value("--orchestrator", "NAME",
            one_of<std::optional<Kind>>(options.kind,
                                        {{"local", Kind::local},
                                         {"docker", Kind::docker},
                                         {"swarm", Kind::swarm},
                                         {"kubernetes", Kind::kubernetes},
                                         {"funker", Kind::funker}},
                                        is_one_of),
            "Where workers are: local, docker, swarm, kubernetes; for nmzswarm also funker [without an image: local; "
            "on the "
            "manager of a Swarm: swarm; with a kubeconfig and no Engine: kubernetes; else docker]"),
      value("--docker-stack", "NAME", text(options.name),
            "What the names of all that is made on the Engine or in the cluster start with"),
      value("--host", "HOST", text(options.host),
            "The Docker Engine: unix://, tcp:// or ssh:// [as the docker command]"),
      value("--context", "NAME", text(options.context),
            "The context of docker, or of the kubeconfig [as the docker command, as kubectl]"),
      value("--namespace", "NAME", text(options.name_space), "Kubernetes: the namespace [as kubectl]"),
      value("--queue", "NAME", text(options.queue), "Kubernetes: the Kueue queue that admits the workers [none]"),
      value("--pod-template", "FILE", text(options.pod_template),
            "Kubernetes: a pod template (YAML or JSON) for what no option says; what a run needs is merged over it"),
      value("--agent-image", "IMAGE", text(options.agent_image),
            "Kubernetes: the agent comes out of an image that has it as /nmzagent [out of a ConfigMap]"),
      list("--node-selector", "KEY=VALUE", texts(options.node_selector),
           "Kubernetes: only on nodes with that label; may be repeated"),
      list("--toleration", "TAINT", texts(options.tolerations),
           "Kubernetes: also on nodes with that taint, KEY[=VALUE][:EFFECT]; may be repeated"),
      value("--priority-class", "NAME", text(options.priority_class), "Kubernetes: the pods' priority class"),
      value("--service-account", "NAME", text(options.service_account),
            "Kubernetes: the pods' service account, whose token they do not get"),
      list("--image-pull-secret", "NAME", texts(options.pull_secrets),
           "Kubernetes: the secret with a registry's credentials; may be repeated"),
      value("--pod-timeout", "TIME", time(options.pod_timeout),
            "Kubernetes: give up when no worker has run for so long [10m; 20s where it will not help to wait]"),
      value("--network", "NAME", text(options.network), "The containers' network [the Engine's default]"),
      value("--cpus", "N", stored(options.nano_cpus, parse_cpus),
            "Limit a container to N CPUs (1.5); Kubernetes: also its request"),
      value("--memory", "SIZE", stored(options.memory, parse_memory), "Limit a container's memory (512m, 2g)"),
      list("--mount", "MOUNT", mount,
           "Mount into the containers, as docker's --mount; on Kubernetes bind is a path of the node and volume a "
           "PersistentVolumeClaim; may be repeated"),
      list("--constraint", "TEXT", texts(options.constraints),
           "Swarm: only on nodes like node.role==worker; may be repeated"),
      list("--secret", "NAME", texts(options.secrets),
           "Swarm, Kubernetes: put the secret into /run/secrets; may be repeated"),
      value("--inject", "HOW",
            one_of<Inject>(options.inject,
                           {{"auto", Inject::automatic},
                            {"archive", Inject::archive},
                            {"config", Inject::config},
                            {"image", Inject::image}},
                           is_one_of),
            "How the agent gets into the containers: archive, config, image [chosen by the cluster]"),
      value("--target", "IMAGE", text(options.target), "Build an image of that name: IMAGE and the agent"),
      flag("--push", options.push, "Push it, for the other nodes"),
  };
}

Result<void> check(const Options& options, const std::string& image_names, command_line::Parser& parser) {
  const std::string image_option = image_names.substr(image_names.rfind(',') + 1);
  if (Result<void> checked = check_pairs(parser, image_option, options); !checked) return checked;
  if (options.name.empty() || is_name(options.name)) return {};
  return fail(ErrorKind::misconfigured,
              "--docker-stack needs a name of at most 40 letters, digits, '-' and '_', not '" + options.name + "'");
}

}  // namespace nmz::cluster
