#include "nmz/orchestrator/local.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/git_program/variables.hpp"
#include "nmz/process/spawn.hpp"
#include "nmz/sandbox/trial.hpp"

#include "processes.hpp"

namespace nmz::orchestrator {
namespace asio = boost::asio;
namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr int agent_fd = 3;
constexpr int place_fd = 4;
constexpr int world_fd = 5;
constexpr std::chrono::milliseconds look_every{2};

Error stream_error(const boost::system::error_code& code) {
  const bool ours = code == asio::error::operation_aborted;
  return {ours ? ErrorKind::cancelled : ErrorKind::retryable, code.message()};
}

class SocketStream final : public Stream {
 public:
  explicit SocketStream(asio::local::stream_protocol::socket socket) : socket_{std::move(socket)} {}

  asio::awaitable<Result<std::size_t>> read(std::span<char> buffer) override {
    auto [code, count] = co_await socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()), as_result);
    if (code == asio::error::eof || code == asio::error::connection_reset) co_return std::size_t{0};
    if (code) co_return tl::unexpected<Error>{stream_error(code)};
    co_return count;
  }

  asio::awaitable<Result<void>> write(std::string bytes) override {
    auto [code, count] = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
    if (code) co_return tl::unexpected<Error>{stream_error(code)};
    co_return Result<void>{};
  }

  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  asio::local::stream_protocol::socket socket_;
};

/// The environment of this process with NMZ_RUN set, and without what is about the repository at hand.
std::vector<std::string> marked_environment(const std::string& run_mark) {
  std::vector<std::string> result{"NMZ_RUN=" + run_mark};
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable{*at};
    if (!variable.starts_with("NMZ_RUN=") && !git_program::is_about_a_repository(variable))
      result.emplace_back(variable);
  }
  return result;
}

/// A descriptor above all that a child is given by number.
files::UniqueFd open_above(const std::string& path) {
  constexpr int lowest = 10;
  const files::UniqueFd low{::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  return files::UniqueFd{low ? ::fcntl(low.get(), F_DUPFD_CLOEXEC, lowest) : -1};
}

MadeTree made_tree(const std::filesystem::path& path) {
  MadeTree made;
  made.path = path.string();
  made.place = open_above(path.parent_path().string());
  made.tree = open_above(made.path);
  return made;
}

std::vector<std::string> tree_arguments(const MadeTree& made) {
  struct stat status {};
  if (made.path.empty() || ::fstat(made.tree.get(), &status) != 0) return {};
  return {"--tree", made.path, "--made",
          std::to_string(place_fd) + ':' + std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino)};
}

/// With `socket` as the child's descriptor 3.
Result<pid_t> spawn_agent(const LocalOptions& options, const MadeTree& tree, const files::UniqueFd& world, int socket) {
  process::SpawnRequest request;
  request.command = {options.agent.string(), "--kept", "--fd", std::to_string(agent_fd)};
  for (std::string& argument : tree_arguments(tree)) request.command.push_back(std::move(argument));
  if (world) request.command.insert(request.command.end(), {"--world", std::to_string(world_fd)});
  request.environment = marked_environment(options.run_mark);
  request.descriptors = {{STDERR_FILENO, STDOUT_FILENO}, {socket, agent_fd}};
  if (tree.place) request.descriptors.emplace_back(tree.place.get(), place_fd);
  if (world) request.descriptors.emplace_back(world.get(), world_fd);
  const auto pid = process::spawn(std::move(request));
  if (pid) return *pid;
  return fail(ErrorKind::misconfigured, "cannot start '" + options.agent.string() + "': " + pid.error().message());
}

/// The keeper of an agent ends all that is below it when it is told to end; a stopped one would not hear it.
void end_now(pid_t keeper, std::chrono::milliseconds patience) {
  ::kill(keeper, SIGTERM);
  ::kill(keeper, SIGCONT);
  for (std::chrono::milliseconds waited{0}; ::waitpid(keeper, nullptr, WNOHANG) == 0; waited += look_every) {
    if (waited >= patience) {
      ::kill(keeper, SIGKILL);
      ::waitpid(keeper, nullptr, 0);
      break;
    }
    std::this_thread::sleep_for(look_every);
  }
}

}  // namespace

std::uint32_t local_cpus() {
  cpu_set_t set{};
  return ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<std::uint32_t>(CPU_COUNT(&set)) : 1;
}

Local::Local(asio::any_io_executor executor, LocalOptions options)
    : executor_{std::move(executor)}, options_{std::move(options)} {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  for (const std::filesystem::path& tree : options_.trees) trees_.push_back(made_tree(tree));
}

Local::~Local() {
  std::set<pid_t> ended;
  for (const auto& [worker, pid] : keepers_) {
    end_now(pid, options_.patience);
    ended.insert(pid);
  }
  keepers_.clear();
  kill_adopted(ended);
}

asio::awaitable<Result<std::shared_ptr<Stream>>> Local::start(job::WorkerId worker) {
  co_await stop(worker);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    co_return fail(ErrorKind::retryable,
                   "cannot make a socket pair: " + std::error_code{errno, std::generic_category()}.message());
  }
  const Result<void> places = make_places(worker);
  if (!places) {
    ::close(ends[0]);
    ::close(ends[1]);
    co_return tl::unexpected<Error>{places.error()};
  }
  const MadeTree none;
  const MadeTree& tree = trees_.empty() ? none : trees_.at(static_cast<std::size_t>(worker));
  Result<files::UniqueFd> world = files::UniqueFd{};
  if (!options_.worlds.empty()) world = sandbox::hand_over(options_.worlds.at(static_cast<std::size_t>(worker)));
  Result<pid_t> pid = fail(ErrorKind::misconfigured, "cannot open the work tree '" + tree.path + "'");
  if (!world) {
    pid = tl::unexpected<Error>{world.error()};
  } else if (tree.path.empty() || (tree.place && tree.tree)) {
    pid = spawn_agent(options_, tree, *world, ends[1]);
  }
  ::close(ends[1]);
  if (!pid) {
    ::close(ends[0]);
    co_return tl::unexpected<Error>{pid.error()};
  }
  keepers_[worker] = *pid;
  asio::local::stream_protocol::socket socket{executor_, asio::local::stream_protocol{}, ends[0]};
  std::shared_ptr<Stream> stream = std::make_shared<SocketStream>(std::move(socket));
  co_return stream;
}

/// Of all up to this one.
Result<void> Local::make_places(job::WorkerId last) {
  while (options_.another && trees_.size() <= static_cast<std::size_t>(last)) {
    Result<LocalPlace> place = options_.another(job::WorkerId{static_cast<std::uint32_t>(trees_.size())});
    if (!place) return tl::unexpected<Error>{place.error()};
    if (!options_.worlds.empty()) options_.worlds.push_back(std::move(place->world));
    trees_.push_back(made_tree(place->tree));
  }
  return {};
}

asio::awaitable<void> Local::stop(job::WorkerId worker) {
  const auto found = keepers_.find(worker);
  if (found == keepers_.end()) co_return;
  const pid_t pid = found->second;
  asio::steady_timer timer{executor_};
  for (std::chrono::milliseconds waited{0}; ::waitpid(pid, nullptr, WNOHANG) == 0; waited += look_every) {
    if (waited >= options_.patience) {
      end_now(pid, options_.patience);
      break;
    }
    timer.expires_after(look_every);
    co_await timer.async_wait(as_result);
  }
  keepers_.erase(worker);
  kill_adopted({pid});
}

/// What came to us when an agent and its keeper died, and what that has started since: it carries the run's mark, and
/// the way up from it ends here without passing a living keeper. A stopped agent outlives its keeper as well; its
/// environment cannot be read (it is not dumpable), but it is in the session that the keeper had begun. The rest of our
/// descent is not ours to end: what the program that became this one (exec, the first process of a container) had
/// started before, orphans of that, daemons of our helpers.
void Local::kill_adopted(const std::set<pid_t>& ended_keepers) {
  if (options_.run_mark.empty()) return;
  const std::string mark = "NMZ_RUN=" + options_.run_mark;
  const pid_t self = ::getpid();
  const auto is_keeper = [this](pid_t pid) {
    return std::any_of(keepers_.begin(), keepers_.end(), [pid](const auto& one) { return one.second == pid; });
  };
  const auto belongs = [&](const ProcessFacts& process) {
    if (left_.contains(process.pid)) return false;
    if (!ended_keepers.contains(process.session) && !started_with(process.pid, mark)) return false;
    std::optional<ProcessFacts> at = process;
    while (at && !is_keeper(at->pid) && at->parent != self) at = facts_of(at->parent);
    return at && !is_keeper(at->pid);
  };
  for (const pid_t pid : kill_all(belongs).left) left_.insert(pid);
}

asio::awaitable<Result<void>> Local::close() {
  std::string names;
  for (const pid_t pid : left_) {
    if (facts_of(pid)) names += (names.empty() ? "" : ", ") + std::to_string(pid) + " (" + name_of(pid) + ")";
  }
  if (names.empty()) co_return Result<void>{};
  co_return fail(ErrorKind::timed_out,
                 "what a test has started cannot be ended, because it waits for something that does not answer (a file "
                 "system?): process " +
                     names);
}

}  // namespace nmz::orchestrator
