#include "nmz/cluster/options.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "nmz/command_line/quantities.hpp"

#include "mount_option.hpp"

namespace nmz::cluster {

struct Arguments::Texts {
  std::string image_option;
  std::string orchestrator;
  std::string inject;
  std::optional<std::string> cpus;
  std::optional<std::string> memory;
  std::vector<std::string> mounts;
  Options options;
};

namespace {

template <class Word>
struct Choice {
  std::string_view word;
  Word value;
};
constexpr std::array<Choice<Kind>, 3> kinds{{{"local", Kind::local}, {"docker", Kind::docker}, {"swarm", Kind::swarm}}};
constexpr std::array<Choice<Inject>, 4> injections{
    {{"auto", Inject::automatic}, {"archive", Inject::archive}, {"config", Inject::config}, {"image", Inject::image}}};

template <class Word, std::size_t count>
Result<Word> choose(const std::array<Choice<Word>, count>& choices, const std::string& option,
                    const std::string& word) {
  std::string known;
  for (const Choice<Word>& choice : choices) {
    if (choice.word == word) return choice.value;
    if (!known.empty()) known += ", ";
    known += choice.word;
  }
  return fail(ErrorKind::misconfigured, option + " is one of " + known + "; not '" + word + "'");
}

Error misconfigured(std::string message) { return {ErrorKind::misconfigured, std::move(message)}; }

/// "busybox", "docker.io/busybox" and "library/busybox:latest" name one image.
std::string full_name(std::string reference) {
  for (const std::string_view implied : {"docker.io/", "index.docker.io/", "library/"}) {
    if (reference.starts_with(implied)) reference.erase(0, implied.size());
  }
  const std::size_t slash = reference.rfind('/');
  const std::size_t mark = reference.find_first_of(":@", slash == std::string::npos ? 0 : slash);
  return mark == std::string::npos ? reference + ":latest" : reference;
}

/// What the options say about each other; nothing is wrong when it gives nothing.
std::optional<Error> contradiction(const CLI::App& app, const std::string& image_option, const Options& options) {
  if (options.kind && *options.kind != Kind::local && options.image.empty()) {
    return misconfigured("--orchestrator " + std::string{*options.kind == Kind::docker ? "docker" : "swarm"} +
                         " needs " + image_option + " IMAGE");
  }
  if (options.kind == Kind::local && !options.image.empty()) {
    return misconfigured(image_option + " is for containers; --orchestrator local has none");
  }
  for (const char* name : {"--host", "--context", "--network", "--cpus", "--memory", "--constraint", "--mount",
                           "--secret", "--inject", "--target", "--push"}) {
    if (options.image.empty() && app.count(name) > 0) {
      return misconfigured(std::string{name} + " is for containers and needs " + image_option + " IMAGE");
    }
  }
  for (const char* name : {"--constraint", "--secret"}) {
    if (options.kind == Kind::docker && app.count(name) > 0) {
      return misconfigured(std::string{name} + " is for a Swarm; --orchestrator docker has none");
    }
  }
  if (options.kind == Kind::docker && options.inject == Inject::config) {
    return misconfigured("--inject config is for a Swarm; --orchestrator docker has none");
  }
  if (options.kind == Kind::swarm && options.inject == Inject::archive) {
    return misconfigured("--inject archive is for plain containers (--orchestrator docker)");
  }
  if (options.push && options.target.empty()) {
    return misconfigured("--push needs --target IMAGE: the name to push to");
  }
  if (!options.target.empty() && full_name(options.target) == full_name(options.image)) {
    return misconfigured("--target is the image itself ('" + options.image + "'): choose another name");
  }
  if (!options.target.empty() && options.inject != Inject::automatic && options.inject != Inject::image) {
    return misconfigured("--target names the derived image of --inject image");
  }
  return std::nullopt;
}

bool is_name(const std::string& name) {
  constexpr std::size_t longest = 40;  // with what is added a service's name stays below 63
  return !name.empty() && name.size() <= longest && std::isalnum(static_cast<unsigned char>(name.front())) != 0 &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

}  // namespace

Arguments::Arguments() : texts_{std::make_unique<Texts>()} {}
Arguments::~Arguments() = default;

void Arguments::declare(CLI::App& app, const std::string& image_option, const std::string& image_help) {
  Options& options = texts_->options;
  texts_->image_option = image_option.substr(image_option.rfind(',') + 1);
  const auto list = [&app](const char* name, std::vector<std::string>& values, const char* help) {
    return app.add_option(name, values, help)->allow_extra_args(false)->take_all();
  };
  app.add_option(image_option, options.image, image_help)->type_name("IMAGE");
  app.add_option(
         "--orchestrator", texts_->orchestrator,
         "Where workers are: local, docker or swarm [without an image: local; on the manager of a Swarm: swarm]")
      ->type_name("NAME");
  app.add_option("--docker-stack", options.name, "What the names of all that is made on the Engine start with")
      ->type_name("NAME");
  app.add_option("--host", options.host, "The Docker Engine: unix://, tcp:// or ssh:// [as the docker command]")
      ->type_name("HOST");
  app.add_option("--context", options.context, "The Docker context [as the docker command]")->type_name("NAME");
  app.add_option("--network", options.network, "The containers' network [the Engine's default]")->type_name("NAME");
  app.add_option("--cpus", texts_->cpus, "Limit a container to N CPUs (1.5)")->type_name("N");
  app.add_option("--memory", texts_->memory, "Limit a container's memory (512m, 2g)")->type_name("SIZE");
  list("--mount", texts_->mounts, "Mount into the containers, as docker's --mount; may be repeated")
      ->type_name("MOUNT");
  list("--constraint", options.constraints, "Swarm: only on nodes like node.role==worker; may be repeated")
      ->type_name("TEXT");
  list("--secret", options.secrets, "Swarm: put the secret into /run/secrets; may be repeated")->type_name("NAME");
  app.add_option("--inject", texts_->inject,
                 "How the agent gets into the containers: archive, config, image [chosen by the cluster]")
      ->type_name("HOW");
  app.add_option("--target", options.target, "Build an image of that name: IMAGE and the agent")->type_name("IMAGE");
  app.add_flag("--push", options.push, "Push it, for the other nodes");
}

Result<Options> Arguments::take(const CLI::App& app) const {
  Options options = texts_->options;
  if (!texts_->orchestrator.empty()) {
    const auto kind = choose(kinds, "--orchestrator", texts_->orchestrator);
    if (!kind) return tl::unexpected<Error>{kind.error()};
    options.kind = *kind;
  }
  if (!texts_->inject.empty()) {
    const auto inject = choose(injections, "--inject", texts_->inject);
    if (!inject) return tl::unexpected<Error>{inject.error()};
    options.inject = *inject;
  }
  if (const auto wrong = contradiction(app, texts_->image_option, options)) return tl::unexpected<Error>{*wrong};
  if (!options.name.empty() && !is_name(options.name)) {
    return fail(ErrorKind::misconfigured,
                "--docker-stack needs a name of at most 40 letters, digits, '-' and '_', not '" + options.name + "'");
  }
  if (texts_->cpus) {
    const auto cpus = command_line::parse_cpus("--cpus", *texts_->cpus);
    if (!cpus) return tl::unexpected<Error>{cpus.error()};
    options.nano_cpus = *cpus;
  }
  if (texts_->memory) {
    const auto memory = command_line::parse_memory("--memory", *texts_->memory);
    if (!memory) return tl::unexpected<Error>{memory.error()};
    options.memory = *memory;
  }
  for (const std::string& text : texts_->mounts) {
    auto mount = parse_mount(text);
    if (!mount) return tl::unexpected<Error>{mount.error()};
    options.mounts.push_back(std::move(*mount));
  }
  return options;
}

}  // namespace nmz::cluster
