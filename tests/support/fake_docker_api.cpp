#include "support/fake_docker_api.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "nmz/wire/codec.hpp"

namespace nmz::support {
namespace asio = boost::asio;
using docker::Labels;

namespace {

constexpr std::chrono::milliseconds late{1};
constexpr const char* relay_argument = "--relay";
constexpr const char* task_label = "com.docker.swarm.task.id";

bool matches(const Labels& has, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto found = has.find(label.first);
    return found != has.end() && (label.second.empty() || found->second == label.second);
  });
}

template <class Facts>
std::vector<Facts> filtered(const std::map<std::string, Facts>& all, const Labels& wanted) {
  std::vector<Facts> result;
  for (const auto& [id, one] : all) {
    if (matches(one.labels, wanted)) result.push_back(one);
  }
  return result;
}

bool is_relay(const docker::ContainerSpec& spec) {
  return std::find(spec.command.begin(), spec.command.end(), relay_argument) != spec.command.end();
}

tl::unexpected<Error> no_such(const std::string& kind, const std::string& id) {
  return fail(ErrorKind::not_found, "No such " + kind + ": " + id);
}

bool is_before(Fault fault) {
  return fault == Fault::refused || fault == Fault::missing || fault == Fault::lost_before ||
         fault == Fault::late_before || fault == Fault::away;
}

tl::unexpected<Error> error_of(Fault fault) {
  switch (fault) {
    case Fault::refused:
      return fail(ErrorKind::rejected, "the fake refuses");
    case Fault::missing:
      return fail(ErrorKind::not_found, "the fake has none");
    case Fault::late_before:
    case Fault::late_after:
      return fail(ErrorKind::timed_out, "the fake did not answer in time");
    case Fault::away:
      return fail(ErrorKind::misconfigured, "no fake answers");
    default:
      return fail(ErrorKind::retryable, "the connection to the fake broke");
  }
}

}  // namespace

/// A container's program, which lives from the start of its container to the end of its input.
struct FakeDocker::Program {
  explicit Program(asio::any_io_executor executor) : bell{std::move(executor), asio::steady_timer::time_point::max()} {}
  asio::steady_timer bell;
  std::string output;
  bool running = false;
  bool ended = false;
  bool input_ended = false;
  // ---- a relay
  wire::RelayDecoder decoder;
  bool ready = false;
  std::map<wire::ChannelId, std::string> channels;  ///< the task of each
};

/// The client's end of it.
class FakeDocker::Input final : public docker::Attached {
 public:
  Input(std::shared_ptr<FakeDocker> docker, std::string container, std::shared_ptr<Program> program)
      : docker_{std::move(docker)}, container_{std::move(container)}, program_{std::move(program)} {}
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  Input(Input&&) = delete;
  Input& operator=(Input&&) = delete;
  ~Input() override { close(); }

  asio::awaitable<Result<Output>> read(std::span<char> buffer) override {
    const std::shared_ptr<Program> program = program_;
    while (program->output.empty() && !program->ended && !closed_) {
      co_await program->bell.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (closed_) co_return fail(ErrorKind::cancelled, "cancelled");
    Output output;
    output.size = program->output.copy(buffer.data(), buffer.size());
    program->output.erase(0, output.size);
    if (output.size > 0) output.from = Output::From::out;
    co_return output;
  }
  asio::awaitable<Result<void>> write(std::string bytes) override {
    if (closed_) co_return fail(ErrorKind::cancelled, "cancelled");
    if (program_->ended) co_return fail(ErrorKind::retryable, "Broken pipe");
    docker_->take(*program_, bytes);
    co_return Result<void>{};
  }
  asio::awaitable<Result<void>> end_input() override {
    end();
    co_return Result<void>{};
  }
  void close() override {
    closed_ = true;
    program_->bell.cancel();
    end();
  }

 private:
  void end() {
    program_->input_ended = true;
    if (program_->running) docker_->end_program(container_);
  }

  std::shared_ptr<FakeDocker> docker_;
  std::string container_;
  std::shared_ptr<Program> program_;
  bool closed_ = false;
};

FakeDocker::FakeDocker(asio::any_io_executor executor) : executor_{std::move(executor)} {
  docker::Image user;
  user.id = image;
  user.tags = {"user:latest"};
  user.labels = {{"net.osrg.namazu-swarm.v0.worker.script", "sh"}};
  images_[user.id] = user;
}

std::vector<std::string> FakeDocker::labelled(const std::string& label) const {
  std::vector<std::string> lines;
  const auto note = [&](const std::string& kind, const std::string& name, const Labels& labels) {
    if (labels.contains(label)) lines.push_back(kind + " " + name);
  };
  for (const auto& [id, box] : containers_) note("container", box.facts.name, box.facts.labels);
  for (const auto& [id, work] : services_) note("service", work.facts.name, work.facts.labels);
  for (const auto& [id, config] : configs_) note("config", config.name, config.labels);
  for (const auto& [id, secret] : secrets_) note("secret", secret.name, secret.labels);
  for (const auto& [id, one] : images_) note("image", id, one.labels);
  return lines;
}

void FakeDocker::kill_owners(const std::string& owner_label) {
  // Its last field is when the process began: another process has that number now.
  const auto kill = [&](Labels& labels) {
    if (const auto owner = labels.find(owner_label); owner != labels.end()) owner->second += "0";
  };
  for (auto& [id, box] : containers_) kill(box.facts.labels);
  for (auto& [id, work] : services_) kill(work.facts.labels);
  for (auto& [id, config] : configs_) kill(config.labels);
  for (auto& [id, secret] : secrets_) kill(secret.labels);
  for (auto& [id, one] : images_) kill(one.labels);
}

void FakeDocker::end_relays() {
  for (const auto& [id, box] : std::map{containers_}) {
    if (is_relay(box.spec) && box.facts.state == "running") end_program(id);
  }
}

void FakeDocker::end_program(const std::string& container) {
  const auto found = containers_.find(container);
  if (found == containers_.end()) return;
  const std::shared_ptr<Program> program = found->second.program;
  if (program) {
    program->running = false;
    program->ended = true;
    program->ready = false;
    program->channels.clear();
    program->bell.cancel();
  }
  found->second.facts.state = "exited";
  if (found->second.spec.auto_remove) containers_.erase(found);
}

void FakeDocker::set_tasks(const std::string& service, std::uint64_t replicas) {
  const Work& work = services_.at(service);
  std::uint64_t has = 0;
  for (auto& [id, task] : tasks_) {
    if (task.service != service || task.desired_state != "running") continue;
    if (++has <= replicas) continue;
    task.state = task.desired_state = "shutdown";
    containers_.erase(task.container);
  }
  for (; has < replicas; ++has) {
    docker::Task task;
    task.id = next_id("task");
    task.service = service;
    task.slot = has + 1;
    task.state = task.desired_state = "running";
    task.container = next_id("container");
    Box box;
    box.facts.id = task.container;
    box.facts.name = work.spec.name + "." + std::to_string(task.slot);
    box.facts.state = "running";
    box.facts.labels = work.spec.container_labels;
    box.facts.labels[task_label] = task.id;
    containers_[box.facts.id] = box;
    tasks_[task.id] = task;
  }
  call_relay();
}

/// Every task that runs and has no channel.
void FakeDocker::call_relay() {
  for (auto& [container, box] : containers_) {
    if (!box.program || !box.program->ready) continue;
    Program& relay = *box.program;
    for (const auto& [id, task] : tasks_) {
      if (task.state != "running") continue;
      const bool connected =
          std::ranges::any_of(relay.channels, [&](const auto& channel) { return channel.second == id; });
      if (connected) continue;
      const auto channel = wire::ChannelId{++channels_};
      relay.channels[channel] = id;
      wire::ChannelOpened opened;
      opened.channel = channel;
      opened.peer = "10.0.0.2:1";
      opened.slot = static_cast<std::uint32_t>(task.slot);
      opened.task = id;
      opened.next_key = std::string(wire::token_size, 'k');
      wire::encode(opened, relay.output);
    }
    relay.bell.cancel();
  }
}

void FakeDocker::take(Program& relay, const std::string& bytes) {
  relay.decoder.feed(bytes);
  while (true) {
    const auto message = relay.decoder.next();
    if (!message || !*message) break;
    on_message(relay, **message);
  }
  relay.bell.cancel();
}

void FakeDocker::on_message(Program& relay, const wire::RelayMessage& message) {
  if (std::holds_alternative<wire::RelayHello>(message)) {
    wire::RelayReady ready;
    ready.port = 7766;
    wire::encode(ready, relay.output);
    relay.ready = true;
    call_relay();
  } else if (const auto* closing = std::get_if<wire::ChannelClose>(&message)) {
    end_task(relay, closing->channel);
  } else if (const auto* data = std::get_if<wire::ChannelData>(&message)) {
    std::string farewell;
    wire::encode(wire::Shutdown{}, farewell);
    if (data->bytes.ends_with(farewell)) end_task(relay, data->channel);
  }
}

void FakeDocker::end_task(Program& relay, wire::ChannelId channel) {
  const auto found = relay.channels.find(channel);
  if (found == relay.channels.end()) return;
  const auto task = tasks_.find(found->second);
  if (task != tasks_.end() && task->second.state == "running") {
    task->second.state = "complete";
    if (const auto box = containers_.find(task->second.container); box != containers_.end()) {
      box->second.facts.state = "exited";
    }
  }
  relay.channels.erase(found);
  wire::ChannelClosed closed;
  closed.channel = channel;
  wire::encode(closed, relay.output);
}

// ---- the calls

template <class T>
FakeDockerApi::Awaitable<T> FakeDockerApi::call(std::string name, std::function<Result<T>()> work) {
  calls_->push_back(std::move(name));
  const std::size_t number = calls_->size();
  const bool hit = plan_.at > 0 && (number == plan_.at || (plan_.for_good && number > plan_.at));
  const Fault fault = hit ? plan_.fault : Fault::none;
  const std::function<void()> action = number == plan_.at ? plan_.action : nullptr;
  if (action) action();
  if (fault == Fault::late_before || fault == Fault::late_after) {
    asio::steady_timer timer{executor_, late};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  } else {
    co_await asio::post(executor_, asio::use_awaitable);
  }
  if (is_before(fault)) co_return error_of(fault);
  Result<T> result = work();
  // Its effect is seen by others before its answer is.
  co_await asio::post(executor_, asio::use_awaitable);
  if (fault != Fault::none) co_return error_of(fault);
  co_return result;
}

FakeDockerApi::Awaitable<docker::Info> FakeDockerApi::info() {
  return call<docker::Info>("info", [docker = docker_]() -> Result<docker::Info> {
    docker::Info info;
    info.name = "fake";
    info.os_type = "linux";
    info.architecture = "x86_64";
    info.cpus = 2;
    info.swarm = docker::Info::Swarm::active;
    info.manager = true;
    info.node_address = "10.0.0.1";
    info.nodes = static_cast<std::uint32_t>(docker->nodes);
    return info;
  });
}

FakeDockerApi::Awaitable<docker::Image> FakeDockerApi::inspect_image(std::string reference) {
  return call<docker::Image>("inspect_image", [docker = docker_, reference]() -> Result<docker::Image> {
    const auto found = docker->images_.find(reference);
    if (found == docker->images_.end()) return no_such("image", reference);
    return found->second;
  });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::build_image(docker::BodySource context, std::string tag,
                                                                 Labels labels, std::chrono::milliseconds /*limit*/) {
  return call<std::string>("build_image", [docker = docker_, context, tag, labels]() -> Result<std::string> {
    while (true) {
      const Result<std::string> piece = context();
      if (!piece) return tl::unexpected<Error>{piece.error()};
      if (piece->empty()) break;
    }
    docker::Image image;
    image.id = docker->next_id("sha256:");
    image.labels = labels;
    if (!tag.empty()) image.tags = {tag};
    docker->images_[image.id] = image;
    return image.id;
  });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::push_image(std::string reference, std::string /*auth*/,
                                                                std::chrono::milliseconds /*limit*/) {
  return call<std::string>("push_image", [reference]() -> Result<std::string> { return reference + "@sha256:1"; });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::pull_image(std::string reference, std::string /*auth*/,
                                                         std::chrono::milliseconds /*limit*/) {
  return call<void>("pull_image", [reference]() -> Result<void> { return no_such("image", reference); });
}

FakeDockerApi::Awaitable<std::vector<docker::Image>> FakeDockerApi::list_images(Labels labels) {
  return call<std::vector<docker::Image>>(
      "list_images",
      [docker = docker_, labels]() -> Result<std::vector<docker::Image>> { return filtered(docker->images_, labels); });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::remove_image(std::string reference, bool /*and_parents*/) {
  return call<void>("remove_image", [docker = docker_, reference]() -> Result<void> {
    for (const auto& [id, box] : docker->containers_) {
      if (box.spec.image == reference) return fail(ErrorKind::rejected, "image is being used by container " + id);
    }
    docker->images_.erase(reference);
    return {};
  });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::create_container(docker::ContainerSpec spec) {
  return call<std::string>("create_container", [docker = docker_, spec]() -> Result<std::string> {
    for (const auto& [id, box] : docker->containers_) {
      if (box.facts.name == spec.name) return fail(ErrorKind::rejected, "Conflict. The name is in use");
    }
    if (!docker->images_.contains(spec.image)) return no_such("image", spec.image);
    FakeDocker::Box box;
    box.facts.id = docker->next_id("container");
    box.facts.name = spec.name;
    box.facts.state = "created";
    box.facts.labels = spec.labels;
    box.spec = spec;
    box.program = std::make_shared<FakeDocker::Program>(docker->executor_);
    docker->containers_[box.facts.id] = box;
    return box.facts.id;
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::put_archive(std::string id, std::string /*directory*/,
                                                          std::string /*tar*/) {
  return call<void>("put_archive", [docker = docker_, id]() -> Result<void> {
    if (!docker->containers_.contains(id)) return no_such("container", id);
    return {};
  });
}

FakeDockerApi::Awaitable<std::shared_ptr<docker::Attached>> FakeDockerApi::attach(std::string id) {
  using Stream = std::shared_ptr<docker::Attached>;
  return call<Stream>("attach", [docker = docker_, id]() -> Result<Stream> {
    const auto found = docker->containers_.find(id);
    if (found == docker->containers_.end()) return no_such("container", id);
    FakeDocker::Box& box = found->second;
    // A relay that is started again is another program.
    if (box.program->ended || box.program->input_ended) {
      box.program = std::make_shared<FakeDocker::Program>(docker->executor_);
    }
    return std::make_shared<FakeDocker::Input>(docker, id, box.program);
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::start_container(std::string id) {
  return call<void>("start_container", [docker = docker_, id]() -> Result<void> {
    const auto found = docker->containers_.find(id);
    if (found == docker->containers_.end()) return no_such("container", id);
    FakeDocker::Box& box = found->second;
    FakeDocker::Program& program = *box.program;
    box.facts.state = "running";
    box.facts.address = "172.17.0.2";
    program.running = true;
    if (!is_relay(box.spec)) program.output += "agent";
    program.bell.cancel();
    if (program.input_ended) docker->end_program(id);
    return {};
  });
}

FakeDockerApi::Awaitable<docker::Container> FakeDockerApi::inspect_container(std::string id) {
  return call<docker::Container>("inspect_container", [docker = docker_, id]() -> Result<docker::Container> {
    const auto found = docker->containers_.find(id);
    if (found == docker->containers_.end()) return no_such("container", id);
    return found->second.facts;
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::remove_container(std::string id) {
  return call<void>("remove_container", [docker = docker_, id]() -> Result<void> {
    docker->end_program(id);
    docker->containers_.erase(id);
    return {};
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Container>> FakeDockerApi::list_containers(Labels labels) {
  using List = std::vector<docker::Container>;
  return call<List>("list_containers", [docker = docker_, labels]() -> Result<List> {
    List list;
    for (const auto& [id, box] : docker->containers_) {
      if (matches(box.facts.labels, labels)) list.push_back(box.facts);
    }
    return list;
  });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::address_in_network(std::string /*network*/,
                                                                        std::string container) {
  return call<std::string>("address_in_network", [docker = docker_, container]() -> Result<std::string> {
    const auto found = docker->containers_.find(container);
    return found == docker->containers_.end() ? "" : found->second.facts.address;
  });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::create_service(docker::ServiceSpec spec, std::string /*auth*/) {
  return call<std::string>("create_service", [docker = docker_, spec]() -> Result<std::string> {
    for (const auto& [id, work] : docker->services_) {
      if (work.facts.name == spec.name) return fail(ErrorKind::rejected, "name conflicts with an existing object");
    }
    for (const auto& config : spec.configs) {
      if (!docker->configs_.contains(config.id)) return fail(ErrorKind::rejected, "config not found");
    }
    for (const auto& secret : spec.secrets) {
      if (!docker->secrets_.contains(secret.id)) return fail(ErrorKind::rejected, "secret not found");
    }
    FakeDocker::Work work;
    work.facts.id = docker->next_id("service");
    work.facts.name = spec.name;
    work.facts.labels = spec.labels;
    work.spec = spec;
    docker->services_[work.facts.id] = work;
    docker->set_tasks(work.facts.id, spec.replicas);
    return work.facts.id;
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::scale_service(std::string id, std::uint32_t replicas) {
  return call<void>("scale_service", [docker = docker_, id, replicas]() -> Result<void> {
    if (docker->services_.contains(id)) docker->set_tasks(id, replicas);
    return {};
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::remove_service(std::string id) {
  return call<void>("remove_service", [docker = docker_, id]() -> Result<void> {
    if (!docker->services_.contains(id)) return {};
    for (const auto& [task, facts] : docker->tasks_) {
      if (facts.service == id) docker->containers_.erase(facts.container);
    }
    std::erase_if(docker->tasks_, [&](const auto& task) { return task.second.service == id; });
    docker->services_.erase(id);
    return {};
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Service>> FakeDockerApi::list_services(Labels labels) {
  using List = std::vector<docker::Service>;
  return call<List>("list_services", [docker = docker_, labels]() -> Result<List> {
    List list;
    for (const auto& [id, work] : docker->services_) {
      if (matches(work.facts.labels, labels)) list.push_back(work.facts);
    }
    return list;
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Task>> FakeDockerApi::list_tasks(std::string service) {
  using List = std::vector<docker::Task>;
  return call<List>("list_tasks", [docker = docker_, service]() -> Result<List> {
    List list;
    for (const auto& [id, task] : docker->tasks_) {
      if (task.service == service) list.push_back(task);
    }
    return list;
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Node>> FakeDockerApi::list_nodes() {
  using List = std::vector<docker::Node>;
  return call<List>("list_nodes", [docker = docker_]() -> Result<List> {
    docker::Node node;
    node.state = "ready";
    node.availability = "active";
    node.nano_cpus = 2000000000;
    return List(docker->nodes, node);
  });
}

namespace {

/// A config and a secret differ in nothing that matters here.
Result<std::string> add(std::map<std::string, docker::Resource>& to, std::string id, const std::string& name,
                        const Labels& labels) {
  for (const auto& [other, resource] : to) {
    if (resource.name == name) return fail(ErrorKind::rejected, "name conflicts with an existing object");
  }
  docker::Resource resource;
  resource.id = std::move(id);
  resource.name = name;
  resource.labels = labels;
  to[resource.id] = resource;
  return resource.id;
}

}  // namespace

FakeDockerApi::Awaitable<std::string> FakeDockerApi::create_config(std::string name, std::string /*data*/,
                                                                   Labels labels) {
  return call<std::string>("create_config", [docker = docker_, name, labels]() -> Result<std::string> {
    return add(docker->configs_, docker->next_id("config"), name, labels);
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::remove_config(std::string id) {
  return call<void>("remove_config", [docker = docker_, id]() -> Result<void> {
    for (const auto& [service, work] : docker->services_) {
      for (const auto& config : work.spec.configs) {
        if (config.id == id) return fail(ErrorKind::rejected, "config is in use by " + work.facts.name);
      }
    }
    docker->configs_.erase(id);
    return {};
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Resource>> FakeDockerApi::list_configs(Labels labels) {
  using List = std::vector<docker::Resource>;
  return call<List>("list_configs",
                    [docker = docker_, labels]() -> Result<List> { return filtered(docker->configs_, labels); });
}

FakeDockerApi::Awaitable<std::string> FakeDockerApi::create_templated_secret(std::string name, std::string /*data*/,
                                                                             Labels labels) {
  return call<std::string>("create_templated_secret", [docker = docker_, name, labels]() -> Result<std::string> {
    return add(docker->secrets_, docker->next_id("secret"), name, labels);
  });
}

FakeDockerApi::Awaitable<void> FakeDockerApi::remove_secret(std::string id) {
  return call<void>("remove_secret", [docker = docker_, id]() -> Result<void> {
    for (const auto& [service, work] : docker->services_) {
      for (const auto& secret : work.spec.secrets) {
        if (secret.id == id) return fail(ErrorKind::rejected, "secret is in use by " + work.facts.name);
      }
    }
    docker->secrets_.erase(id);
    return {};
  });
}

FakeDockerApi::Awaitable<std::vector<docker::Resource>> FakeDockerApi::list_secrets(Labels labels) {
  using List = std::vector<docker::Resource>;
  return call<List>("list_secrets",
                    [docker = docker_, labels]() -> Result<List> { return filtered(docker->secrets_, labels); });
}

}  // namespace nmz::support
