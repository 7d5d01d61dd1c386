#include "nmz/orchestrator/swarm.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <fstream>
#include <iterator>
#include <tuple>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <sys/random.h>

#include "nmz/orchestrator/agent_archive.hpp"
#include "nmz/orchestrator/docker.hpp"
#include "nmz/orchestrator/relay_link.hpp"
#include "nmz/wire/codec.hpp"

#include "attach_stream.hpp"
#include "bell.hpp"
#include "counted_stream.hpp"
#include "removal.hpp"
#include "worker_keys.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

using std::chrono::steady_clock;

constexpr std::size_t largest_config = 1023999;
/// Of the relay, where it has a network namespace of its own.
constexpr std::uint16_t relay_port = 7766;
constexpr std::chrono::milliseconds restart_delay{200};
/// Where an image's user may not write /nmz.
constexpr const char* tree_place_for_anyone = "/tmp/nmz-tree";

/// Such as an Engine that is being restarted.
bool may_pass(const Error& error) {
  return error.kind == ErrorKind::retryable || error.kind == ErrorKind::timed_out ||
         error.kind == ErrorKind::misconfigured;
}

std::vector<std::string> random_tokens(std::uint32_t count) {
  std::vector<std::string> tokens(count, std::string(wire::token_size, '\0'));
  for (std::string& token : tokens) {
    if (::getrandom(token.data(), token.size(), 0) != static_cast<ssize_t>(token.size())) {
      throw std::runtime_error{"no randomness"};
    }
  }
  return tokens;
}

std::string with_port(const std::string& address, std::uint16_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Result<std::string> read_agent(const std::filesystem::path& agent) {
  std::ifstream file{agent, std::ios::binary};
  std::string program{std::istreambuf_iterator<char>{file}, {}};
  if (!file || program.empty()) return fail(ErrorKind::rejected, "cannot read '" + agent.string() + "'");
  if (program.size() <= largest_config) return program;
  return fail(ErrorKind::rejected, "'" + agent.string() + "' has " + std::to_string(program.size()) +
                                       " bytes, a config of the Swarm holds " + std::to_string(largest_config) +
                                       ": use --inject image");
}

}  // namespace

struct Swarm::State : std::enable_shared_from_this<State> {
  enum class Phase : std::uint8_t { idle, starting, running };

  State(asio::any_io_executor executor_in, docker::Api& engine_in, SwarmOptions options_in)
      : executor{std::move(executor_in)},
        engine{engine_in},
        options{std::move(options_in)},
        bell{executor},
        others{options.replicas},
        keys{random_tokens(options.replicas)} {}

  [[nodiscard]] docker::Labels labels() const {
    return {{run_label, options.identity.run}, {owner_label, options.identity.owner}};
  }
  [[nodiscard]] std::string name(const std::string& part) const {
    return options.name + "-" + options.identity.run + (part.empty() ? "" : "-" + part);
  }
  [[nodiscard]] bool relay_on_host() const {
    return options.network == "host" || (options.network.empty() && !options.single_node);
  }
  void tell_reached(const char* what) const {
    if (options.reached) options.reached(what);
  }
  void spawn(asio::awaitable<void> coroutine);

  asio::awaitable<Result<void>> set_up_patiently();
  asio::awaitable<Result<void>> start_over();
  asio::awaitable<Result<void>> set_up();
  asio::awaitable<Result<void>> make_config();
  asio::awaitable<Result<void>> make_secret();
  asio::awaitable<Result<void>> make_relay();
  asio::awaitable<Result<void>> start_first_relay();
  asio::awaitable<Result<void>> start_relay();
  asio::awaitable<void> learn_address();
  asio::awaitable<Result<void>> open_link(std::shared_ptr<Stream> stream);
  void hear_of_calls();
  asio::awaitable<void> judge_calls();
  asio::awaitable<Result<void>> make_service();
  [[nodiscard]] docker::ServiceSpec service_spec() const;
  asio::awaitable<void> receive_workers();
  asio::awaitable<void> start_the_others();
  void no_longer_wanted(job::WorkerId worker);
  void send_surplus_home();
  asio::awaitable<void> send_home(std::shared_ptr<Stream> stream);
  asio::awaitable<bool> bring_relay_back(std::string why);
  asio::awaitable<void> watch_tasks();
  asio::awaitable<bool> service_is_gone();
  asio::awaitable<void> look_at_tasks();
  asio::awaitable<Result<std::shared_ptr<Stream>>> next_worker(job::WorkerId worker);
  asio::awaitable<Result<void>> take_away();
  asio::awaitable<Result<void>> remove_known();

  asio::any_io_executor executor;
  docker::Api& engine;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  SwarmOptions options;
  Bell bell;
  Phase phase = Phase::idle;
  bool closing = false;
  std::size_t coroutines = 0;
  std::optional<Error> failure;    ///< no worker will start any more
  std::set<job::WorkerId> wanted;  ///< start() is under way, and is not cancelled
  std::deque<std::shared_ptr<Stream>> arrived;
  std::uint32_t asked = 0;          ///< tasks that the service was told to have
  std::uint32_t others = 0;         ///< tasks that it is told of when the first has connected
  std::size_t surplus = 0;          ///< tasks that were asked for, and whose worker is not wanted any more
  std::uint32_t missing_tasks = 0;  ///< starts that have to fail, since the service could not be told of them
  Error missing{ErrorKind::rejected, ""};
  bool all_known = true;  ///< what was made has been told, so that it can be removed by its id
  std::shared_ptr<std::size_t> live = std::make_shared<std::size_t>(0);
  std::size_t waiting = 0;
  steady_clock::time_point last_sign;

  WorkerKeys keys;
  std::map<std::uint32_t, wire::CallRefused> refused;  ///< by slot: not judged yet
  std::string secret;
  std::string config;
  std::string relay;
  std::string address;  ///< of the relay, for the workers
  std::uint16_t port = 0;
  bool relay_up = false;
  bool relay_failed = false;
  std::shared_ptr<RelayLink> link;
  std::string service;
  std::set<std::string> told;
  std::string trouble;  ///< of the tasks, last seen
};

void Swarm::State::spawn(asio::awaitable<void> coroutine) {
  ++coroutines;
  auto done = [self = shared_from_this()](const std::exception_ptr& bug) {
    --self->coroutines;
    self->bell.ring();
    if (bug) std::rethrow_exception(bug);
  };
  asio::co_spawn(executor, std::move(coroutine), std::move(done));
}

// ---- making it

/// An Engine that dies meanwhile is given time to come back. What had been made by then it may know alone, when its
/// answer was lost: all of it is removed, by the run's label, and made anew.
asio::awaitable<Result<void>> Swarm::State::set_up_patiently() {
  Result<void> made = co_await set_up();
  if (made || !may_pass(made.error())) co_return made;
  if (made.error().kind != ErrorKind::misconfigured) {
    Result<docker::Info> answers = co_await engine.info();
    if (answers) co_return made;  // it is there, and this is its answer
  }
  if (options.notice) options.notice(made.error().message + "; it is given some time to come back");
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  while (!made && may_pass(made.error()) && steady_clock::now() < until && !closing && !wanted.empty()) {
    co_await bell.wait(options.patience.reconnect_every);
    made = co_await start_over();
    if (made) made = co_await set_up();
  }
  co_return made;
}

asio::awaitable<Result<void>> Swarm::State::start_over() {
  if (link) link->close();
  link.reset();
  Result<void> removed = co_await remove_all(executor, engine, labels());
  if (!removed) co_return removed;
  for (std::string* made : {&secret, &config, &relay, &address, &service}) made->clear();
  keys = WorkerKeys{random_tokens(options.replicas)};
  all_known = true;
  port = 0;
  relay_up = relay_failed = false;
  others += std::exchange(asked, 0);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::set_up() {
  using namespace asio::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  auto config_made = make_config();
  auto secret_made = make_secret();
  auto relay_made = make_relay();
  auto first = std::move(config_made) && std::move(secret_made) && std::move(relay_made);
  std::tuple<Result<void>, Result<void>, Result<void>> parts = co_await std::move(first);
  for (const Result<void>& done : {std::get<0>(parts), std::get<1>(parts), std::get<2>(parts)}) {
    if (!done) co_return done;
  }
  auto relay_started = start_first_relay();
  auto service_made = make_service();
  auto then = std::move(relay_started) && std::move(service_made);
  std::tuple<Result<void>, Result<void>> made = co_await std::move(then);
  last_sign = steady_clock::now();
  for (const Result<void>& done : {std::get<0>(made), std::get<1>(made)}) {
    if (!done) co_return done;
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::make_config() {
  if (options.agent_in_image) co_return Result<void>{};
  Result<std::string> program = read_agent(options.agent);
  if (!program) co_return tl::unexpected<Error>{program.error()};
  Result<std::string> created = co_await engine.create_config(name("agent"), std::move(*program), labels());
  if (!created) co_return tl::unexpected<Error>{created.error()};
  config = std::move(*created);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::make_secret() {
  Result<std::string> text = keys.secret();
  if (!text) co_return tl::unexpected<Error>{text.error()};
  Result<std::string> created = co_await engine.create_templated_secret(name("token"), std::move(*text), labels());
  if (!created) co_return tl::unexpected<Error>{created.error()};
  secret = std::move(*created);
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Swarm::State::make_relay() {
  Result<std::string> archive = agent_archive(options.agent);
  if (!archive) co_return tl::unexpected<Error>{archive.error()};
  docker::ContainerSpec spec;
  spec.name = name("relay");
  spec.image = options.relay_image;
  spec.entrypoint = {agent_place};
  spec.command = {"--relay"};
  spec.user = "0";
  spec.labels = labels();
  spec.network = relay_on_host() ? "host" : options.network;
  Result<std::string> created = co_await engine.create_container(std::move(spec));
  if (!created) co_return tl::unexpected<Error>{created.error()};
  relay = std::move(*created);
  Result<void> done = co_await engine.put_archive(relay, "/", std::move(*archive));
  co_return done;
}

asio::awaitable<Result<void>> Swarm::State::start_first_relay() {
  if (!relay_on_host()) port = relay_port;
  Result<void> done = co_await start_relay();
  (done ? relay_up : relay_failed) = true;
  if (done) tell_reached("relay ready");
  bell.ring();
  co_return done;
}

/// Long before the relay is up, where it has an address of its own.
asio::awaitable<void> Swarm::State::learn_address() {
  const std::string network = options.network.empty() ? "bridge" : options.network;
  while (!relay_up && !relay_failed) {
    if (!relay_on_host()) {
      Result<std::string> found = co_await engine.address_in_network(network, relay);
      if (found && !found->empty()) {
        address = std::move(*found);
        co_return;
      }
    }
    co_await bell.wait(options.patience.look_for_address_every);
  }
}

/// Also starts it again, in the same container, so that it has the same address.
asio::awaitable<Result<void>> Swarm::State::start_relay() {
  Result<std::shared_ptr<docker::Attached>> attached = co_await engine.attach(relay);
  if (!attached) co_return tl::unexpected<Error>{attached.error()};
  Result<void> done = co_await engine.start_container(relay);
  if (!done) co_return done;
  const std::string before = address;
  if (relay_on_host()) {
    address = options.network == "host" && options.single_node ? "127.0.0.1" : options.node_address;
  } else {
    Result<docker::Container> container = co_await engine.inspect_container(relay);
    if (!container) co_return tl::unexpected<Error>{container.error()};
    address = container->address;
  }
  if (address.empty() || (!before.empty() && before != address)) {
    const std::string why = address.empty() ? "has no address" : "came back with another address";
    co_return fail(ErrorKind::rejected, "the relay " + why);
  }
  std::shared_ptr<Stream> stream = std::make_shared<AttachStream>(std::move(*attached));
  done = co_await open_link(std::move(stream));
  co_return done;
}

asio::awaitable<Result<void>> Swarm::State::open_link(std::shared_ptr<Stream> stream) {
  // In its own network nothing else is there; on the host only the address that the nodes use.
  const std::string listen = relay_on_host() ? address : "0.0.0.0";
  link = std::make_shared<RelayLink>(executor, std::move(stream));
  hear_of_calls();
  Result<std::uint16_t> opened = co_await link->open(keys.tokens(), keys.keys(), listen, port);
  if (!opened) co_return tl::unexpected<Error>{opened.error()};
  port = *opened;
  co_return Result<void>{};
}

void Swarm::State::hear_of_calls() {
  auto came = [weak = weak_from_this()](const wire::ChannelOpened& opened) {
    if (const std::shared_ptr<State> self = weak.lock()) self->keys.opened(opened);
  };
  auto was_refused = [weak = weak_from_this()](const wire::CallRefused& call) {
    const std::shared_ptr<State> self = weak.lock();
    if (!self || self->closing) return;
    if (self->refused.empty()) self->spawn(self->judge_calls());
    self->refused.insert_or_assign(call.slot, call);
  };
  link->on_call(std::move(came), std::move(was_refused));
}

/// The Swarm is asked once for all that were refused meanwhile. Whoever cannot be judged now calls again.
asio::awaitable<void> Swarm::State::judge_calls() {
  const std::string of = service;
  Result<std::vector<docker::Task>> tasks;
  if (!of.empty()) tasks = co_await engine.list_tasks(of);
  const std::map<std::uint32_t, wire::CallRefused> calls = std::exchange(refused, {});
  for (const auto& [slot, call] : calls) {
    if (closing || ((!tasks || of.empty()) && keys.is_of_a_worker(call))) continue;
    const WorkerKeys::Ruling ruling = keys.judge(call, *tasks);
    if (!ruling.admit.empty() && link) link->admit(slot, ruling.admit);
    if (!ruling.notice.empty() && options.notice) options.notice(ruling.notice);
  }
}

docker::ServiceSpec Swarm::State::service_spec() const {
  docker::ServiceSpec spec;
  spec.name = name("");
  spec.labels = labels();
  spec.container_labels = labels();
  spec.image = options.image;
  spec.command = {agent_place};
  spec.arguments = {"--connect"};
  if (options.tree) {
    for (const char* place : {tree_place, tree_place_for_anyone}) {
      spec.arguments.emplace_back("--tree");
      spec.arguments.emplace_back(place);
    }
  }
  spec.env = {"NMZ_RELAY=" + with_port(address, port), "NMZ_NODE={{.Node.Hostname}}"};
  if (!config.empty()) {
    docker::FileReference agent;
    agent.id = config;
    agent.name = name("agent");
    agent.target = agent_place;
    constexpr std::uint32_t executable = 0755;
    agent.mode = executable;
    spec.configs = {agent};
  }
  spec.secrets = options.secrets;
  docker::FileReference token;
  token.id = secret;
  token.name = name("token");
  token.target = "nmz-token";
  spec.secrets.push_back(token);
  spec.mounts = options.mounts;
  if (!options.network.empty()) spec.networks = {options.network};
  spec.constraints = options.constraints;
  spec.nano_cpus = options.nano_cpus;
  spec.memory = options.memory;
  spec.replicas = asked;
  spec.restart = docker::ServiceSpec::Restart::on_failure;
  spec.restart_delay = restart_delay;
  return spec;
}

asio::awaitable<Result<void>> Swarm::State::make_service() {
  co_await learn_address();
  if (relay_failed) co_return Result<void>{};  // start_first_relay() says why
  if (wanted.empty()) co_return fail(ErrorKind::cancelled, "cancelled");
  asked = std::min(others, options.first_replicas);
  others -= asked;
  docker::ServiceSpec spec = service_spec();
  Result<std::string> created = co_await engine.create_service(std::move(spec), options.registry_auth);
  if (!created) co_return tl::unexpected<Error>{created.error()};
  service = std::move(*created);
  tell_reached("service created");
  co_return Result<void>{};
}

// ---- while it runs

asio::awaitable<void> Swarm::State::receive_workers() {
  while (!closing && !failure) {
    const std::shared_ptr<RelayLink> from = link;
    Result<std::shared_ptr<Stream>> stream = co_await from->accept(job::WorkerId{});
    if (stream) {
      arrived.push_back(std::move(*stream));
      if (others > 0) spawn(start_the_others());
      trouble.clear();
      last_sign = steady_clock::now();
      send_surplus_home();
      bell.ring();
      continue;
    }
    if (closing) break;
    arrived.clear();
    const bool back = co_await bring_relay_back(stream.error().message);
    if (!back) break;
  }
}

/// While none has ended yet: the Swarm would replace those that have, also with exit status 0.
asio::awaitable<void> Swarm::State::start_the_others() {
  if (others == 0) co_return;  // two have connected at once, or all the others were cancelled meanwhile
  const std::uint32_t more = std::exchange(others, 0);
  asked += more;
  Result<void> scaled = co_await engine.scale_service(service, asked);
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  while (!scaled && !closing && steady_clock::now() < until) {
    co_await bell.wait(options.patience.reconnect_every);
    scaled = co_await engine.scale_service(service, asked);
  }
  if (scaled || closing) co_return;
  // They are not waited for: as many starts fail as there are tasks too few.
  missing = Error{ErrorKind::rejected, "there are fewer workers: " + scaled.error().message};
  missing_tasks = more;
  asked -= more;
  if (options.notice) options.notice(missing.message);
  bell.ring();
}

void Swarm::State::no_longer_wanted(job::WorkerId worker) {
  if (wanted.erase(worker) == 0) return;
  if (others > 0) {
    --others;
  } else if (missing_tasks > 0) {
    --missing_tasks;
  } else {
    ++surplus;
  }
  send_surplus_home();
  bell.ring();
}

/// The Swarm starts as many tasks as it was told to. Who comes when nobody waits any more would idle until the end, and
/// make that late.
void Swarm::State::send_surplus_home() {
  while (surplus > 0 && arrived.size() > wanted.size()) {
    spawn(send_home(std::move(arrived.back())));
    arrived.pop_back();
    --surplus;
  }
}

/// With exit status 0, so that the task is not started again.
asio::awaitable<void> Swarm::State::send_home(std::shared_ptr<Stream> stream) {
  std::string farewell;
  wire::encode(wire::Hello{}, farewell);
  wire::encode(wire::Shutdown{}, farewell);
  Result<void> sent = co_await stream->write(std::move(farewell));
  std::array<char, 256> answer{};
  while (sent) {
    const std::span<char> space{answer};
    Result<std::size_t> count = co_await stream->read(space);
    if (!count || *count == 0) break;
  }
}

asio::awaitable<bool> Swarm::State::bring_relay_back(std::string why) {
  std::string what = "was lost and cannot be started again: ";
  const auto until = steady_clock::now() + options.patience.reconnect_for;
  for (int tries = 0; steady_clock::now() < until && !closing; ++tries) {
    if (tries > 0) co_await bell.wait(options.patience.reconnect_every);
    Result<void> started = co_await start_relay();
    const bool removed = !started && started.error().kind == ErrorKind::not_found;
    if (removed) {
      what = "('" + name("relay") + "') was removed by somebody, and a new one cannot stand in for it: ";
      started = co_await make_relay();
      if (started) started = co_await start_relay();
    }
    if (tries == 0 && options.notice && (started || !removed)) options.notice(why + "; it is started again");
    if (started) {
      last_sign = steady_clock::now();
      co_return true;
    }
    why = started.error().message;
    if (removed) break;
  }
  failure.emplace(ErrorKind::retryable, "the relay " + what + why);
  bell.ring();
  co_return false;
}

/// Says what keeps tasks from starting, while somebody waits for them.
asio::awaitable<void> Swarm::State::watch_tasks() {
  while (!closing && !failure) {
    co_await bell.wait(options.patience.look_at_tasks_every);
    if (closing || waiting == 0 || !arrived.empty()) continue;
    if (steady_clock::now() - last_sign < options.patience.look_at_tasks_every) continue;
    co_await look_at_tasks();
  }
}

/// Whether somebody has removed the service, with all its tasks.
asio::awaitable<bool> Swarm::State::service_is_gone() {
  Result<std::vector<docker::Service>> services = co_await engine.list_services(labels());
  if (!services || !services->empty()) co_return false;
  failure.emplace(ErrorKind::rejected, "the service '" + name("") + "' was removed by somebody");
  bell.ring();
  co_return true;
}

asio::awaitable<void> Swarm::State::look_at_tasks() {
  const bool gone = co_await service_is_gone();
  if (gone) co_return;
  Result<std::vector<docker::Task>> tasks = co_await engine.list_tasks(service);
  if (!tasks) co_return;
  std::set<std::pair<std::string, std::string>> complaints;  // node, error
  for (const docker::Task& task : *tasks) {
    const bool pending = task.state == "pending" && task.desired_state == "running";
    const std::string& error = pending && task.error.empty() ? task.message : task.error;
    const bool waits = pending && task.error.empty();
    if (!waits && !error.empty() && (task.state == "rejected" || task.state == "failed" || pending)) {
      complaints.emplace(task.node, error);
    }
  }
  if (complaints.empty()) co_return;
  Result<std::vector<docker::Node>> nodes = co_await engine.list_nodes();
  for (const auto& [id, error] : complaints) {
    std::string where;
    for (const docker::Node& node : nodes.value_or(std::vector<docker::Node>{})) {
      if (node.id == id) where = " on " + node.hostname;
    }
    trouble = "a worker cannot start";
    trouble.append(where).append(": ").append(error);
    if (error.starts_with("No such image")) {
      trouble += " (it is not there and cannot be pulled: --target and --push bring it to all nodes)";
    }
    if (told.insert(trouble).second && options.notice && !closing) options.notice(trouble);
  }
}

asio::awaitable<Result<std::shared_ptr<Stream>>> Swarm::State::next_worker(job::WorkerId worker) {
  while (true) {
    if (!wanted.contains(worker)) co_return fail(ErrorKind::cancelled, "cancelled");
    if (failure) co_return fail(ErrorKind::rejected, failure->message);  // for every later start as well
    if (phase == Phase::running && !arrived.empty()) {
      std::shared_ptr<Stream> stream = std::make_shared<CountedStream>(std::move(arrived.front()), live);
      arrived.pop_front();
      wanted.erase(worker);
      co_return stream;
    }
    if (missing_tasks > 0) {
      --missing_tasks;
      wanted.erase(worker);
      co_return tl::unexpected<Error>{missing};
    }
    const Patience& given = options.patience;
    const auto patience = trouble.empty() ? given.silence : std::min(given.silence, given.trouble);
    if (phase == Phase::running && *live == 0 && steady_clock::now() - last_sign > patience) {
      const std::string why = trouble.empty()
                                  ? "no worker has connected to " + with_port(address, port) + " for " +
                                        std::to_string(std::chrono::ceil<std::chrono::seconds>(given.silence).count()) +
                                        " s (is that reachable from the nodes?)"
                                  : trouble;
      failure.emplace(ErrorKind::misconfigured, why);
      bell.ring();
      continue;
    }
    ++waiting;
    co_await bell.wait(options.patience.look_at_tasks_every);
    --waiting;
  }
}

asio::awaitable<Result<void>> Swarm::State::take_away() {
  closing = true;
  if (link) link->close();
  bell.ring();
  while (coroutines > 0) co_await bell.wait(options.patience.look_at_tasks_every);
  // The relay first: meanwhile the tasks end, and need not be waited for.
  Result<void> outcome;
  if (!relay.empty()) outcome = co_await engine.remove_container(relay);
  Result<void> removed;
  if (all_known) {
    removed = co_await remove_known();
  } else {
    removed = co_await remove_all(executor, engine, labels());
  }
  co_return outcome ? removed : outcome;
}

/// All of it is tried; the first error is told.
asio::awaitable<Result<void>> Swarm::State::remove_known() {
  Result<void> outcome;
  if (!service.empty()) outcome = co_await remove_service(executor, engine, service);
  Result<void> removed;
  if (!secret.empty()) removed = co_await engine.remove_secret(secret);
  if (outcome) outcome = removed;
  removed = Result<void>{};
  if (!config.empty()) removed = co_await engine.remove_config(config);
  if (outcome) outcome = removed;
  // Workers of this node that have not ended: the Swarm would take seconds. What has ended it removes with the service,
  // and nobody has to wait for that.
  docker::Labels ours{{run_label, options.identity.run}};
  std::string tasks = "com.docker.swarm.task.id";
  removed = co_await remove_containers(executor, engine, std::move(ours), std::move(tasks));
  co_return outcome ? removed : outcome;
}

// ---- the orchestrator

Swarm::Swarm(asio::any_io_executor executor, docker::Api& engine, SwarmOptions options)
    : state_{std::make_shared<State>(std::move(executor), engine, std::move(options))} {}
Swarm::~Swarm() = default;

asio::awaitable<Result<std::shared_ptr<Stream>>> Swarm::start(job::WorkerId worker) {
  State& state = *state_;
  state.wanted.insert(worker);
  if (state.phase == State::Phase::idle) {
    state.phase = State::Phase::starting;
    Result<void> made = co_await state.set_up_patiently();
    if (!made) {
      state.failure = made.error();
      state.all_known = false;
    } else {
      state.spawn(state.receive_workers());
      state.spawn(state.watch_tasks());
    }
    state.phase = State::Phase::running;
    state.bell.ring();
  }
  Result<std::shared_ptr<Stream>> stream = co_await state.next_worker(worker);
  co_return stream;
}

void Swarm::cancel_start(job::WorkerId worker) { state_->no_longer_wanted(worker); }

/// Its task ends by itself when it is told to, or when its channel is closed.
asio::awaitable<void> Swarm::stop(job::WorkerId /*worker*/) { co_return; }

asio::awaitable<Result<void>> Swarm::close() {
  Result<void> done = co_await state_->take_away();
  co_return done;
}

asio::awaitable<Result<std::size_t>> Swarm::sweep(docker::Api& engine, Sweep which) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  Result<std::size_t> removed = co_await sweep_swarm(executor, engine, which);
  co_return removed;
}

}  // namespace nmz::orchestrator
