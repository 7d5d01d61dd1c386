// nmzagent: the program inside every worker. It reads its options, sets up the process it runs in and takes a role.
//
// A worker runs tests (agent.hpp). Its coordinator is at the other end of a descriptor it was started with, or it calls
// a relay by itself (dialer.hpp), because inside a cluster nobody outside can reach it. A relay hands one stream on to
// many workers that call it (relay.hpp). All three are one program, since whoever can start one can start the others.
// The fourth role is for masters of Namazu Swarm v0, which call their workers (funker_worker.hpp).
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent.hpp"
#include "dialer.hpp"
#include "failure.hpp"
#include "funker_worker.hpp"
#include "keeper.hpp"
#include "process_tree.hpp"
#include "relay.hpp"
#include "self_copy.hpp"
#include "tree_root.hpp"
#include "world.hpp"

namespace nmz::agent {
namespace {

constexpr const char* usage =
    "Usage: nmzagent [--fd N | --connect | --attached] [--tree DIR]...\n"
    "       nmzagent --relay\n"
    "       nmzagent --copy-to FILE\n"
    "       nmzagent funker [--listen ADDRESS:PORT] [--once] --executor SCRIPT\n"
    "\n"
    "Runs tests for nmzbisect and nmzswarm, which start it; by itself it is of use as a funker worker alone.\n"
    "\n"
    "  --fd N      talk to the coordinator over the open descriptor N (default: stdin and stdout)\n"
    "  --connect   call the relay at NMZ_RELAY (address:port, [address]:port) with the token\n"
    "              in NMZ_TOKEN_FILE (default: /run/secrets/.nmz-token)\n"
    "  --attached  talk over stdin and stdout to whoever attaches to this container, if that is\n"
    "              within a minute; an end that nobody has asked for is exit status 6\n"
    "  --relay     hand the stream on stdin and stdout on to workers that connect\n"
    "  --tree DIR  the work tree to lay out; everything in it is replaced (default: none);\n"
    "              of several, the first that can be written to, or DIR-2, ... where another agent has it\n"
    "  --made FD:DEVICE:INODE\n"
    "              the open directory that holds DIR, and DIR as it was made: nothing else is taken for it\n"
    "  --world FD  live in a world of its own, as the open file says\n"
    "  --try       only find out whether that world can be had\n"
    "  --kept      a process that ends what this one leaves behind stands above it\n"
    "  --copy-to FILE\n"
    "              write this program to FILE, for a container that has it not, and exit\n"
    "  --version   print the version and exit\n"
    "  --help      print this text and exit\n"
    "\n"
    "nmzagent funker is a worker of Namazu Swarm v0, for its masters and for nmzswarm --orchestrator funker:\n"
    "\n"
    "  --executor SCRIPT  is run by sh -c for each chunk, with the workloads on its stdin, one a line\n"
    "  --listen ADDRESS:PORT  where to be called (default: port 9999 of all addresses)\n"
    "  --once      end after the first answer, as v0's worker did, to be started anew for the next chunk\n"
    "\n"
    "Example: nmzagent funker --executor 'sh -e -x'\n";

enum class Role { worker, calling_worker, relay, copy, version, help };

struct Options {
  Role role = Role::worker;
  int fd = -1;
  std::vector<std::string> trees;
  std::string made;
  std::string copy;
  int world = -1;
  bool only_try = false;
  bool kept = false;
  bool attached = false;
};

bool take_descriptor(std::string_view value, int& fd) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), fd);
  return error == std::errc{} && end == value.data() + value.size() && fd >= 0;
}

std::optional<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option{argv[i]};
    const std::string_view value{i + 1 < argc ? argv[i + 1] : ""};
    if (option == "--help" || option == "-h") {
      options.role = Role::help;
    } else if (option == "--version") {
      options.role = Role::version;
    } else if (option == "--tree" && !value.empty()) {
      options.trees.emplace_back(value);
      ++i;
    } else if (option == "--made" && !value.empty()) {
      options.made = value;
      ++i;
    } else if (option == "--copy-to" && !value.empty()) {
      options.role = Role::copy;
      options.copy = value;
      ++i;
    } else if (option == "--kept") {
      options.kept = true;
    } else if (option == "--attached") {
      options.attached = true;
    } else if (option == "--try") {
      options.only_try = true;
    } else if (option == "--connect") {
      options.role = Role::calling_worker;
    } else if (option == "--relay") {
      options.role = Role::relay;
    } else if (option == "--fd" || option == "--world") {
      if (!take_descriptor(value, option == "--fd" ? options.fd : options.world)) {
        return std::nullopt;
      }
      ++i;
    } else {
      return std::nullopt;
    }
  }
  const bool has_stream = options.role == Role::worker || options.fd < 0;
  const bool may_have_tree = options.role != Role::relay || options.trees.empty();
  const bool has_what_was_made = options.made.empty() || options.trees.size() == 1;
  const bool may_have_world = options.world < 0 || (options.role == Role::worker && options.trees.size() == 1);
  const bool may_be_attached = !options.attached || (options.role == Role::worker && options.fd < 0);
  return has_stream && may_be_attached && may_have_tree && has_what_was_made && may_have_world ? std::optional{options}
                                                                                               : std::nullopt;
}

ExitCode complain(std::string_view what, int error) {
  static_cast<void>(std::fprintf(stderr, "nmzagent: %.*s: %s\n", static_cast<int>(what.size()), what.data(),
                                 error_text(error).c_str()));
  return ExitCode::system;
}

/// Descriptors 0 to 2 exist, and everything above is closed when a command is executed.
bool settle_descriptors() {
  int fd = -1;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd < 0) {
    return false;
  }
  ::close(fd);
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    const long limit = ::sysconf(_SC_OPEN_MAX);  // a kernel before 5.11
    for (int open = STDERR_FILENO + 1; open < limit; ++open) {
      ::fcntl(open, F_SETFD, FD_CLOEXEC);
    }
  }
  return true;
}

/// The stream to the coordinator. Without --fd it moves away from stdin and stdout, which commands have for themselves.
template <class Stream>
std::optional<Stream> open_stream(int fd) {
  if (fd > STDERR_FILENO) {
    return ::fcntl(fd, F_GETFD) < 0 ? std::nullopt : std::optional{Stream{UniqueFd{fd}, UniqueFd{}}};
  }
  UniqueFd in{::fcntl(fd < 0 ? STDIN_FILENO : fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  UniqueFd out{fd < 0 ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1};
  const UniqueFd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  if (!in || (fd < 0 && !out) || ::dup2(null.get(), STDIN_FILENO) < 0 || ::dup2(null.get(), STDOUT_FILENO) < 0) {
    return std::nullopt;
  }
  return Stream{std::move(in), std::move(out)};
}

/// Signals are read in the loop, so that nothing has to be safe against interruption.
UniqueFd open_signals() {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a coordinator that has gone shows as EPIPE
  ::signal(SIGXFSZ, SIG_IGN);  // NOLINT: a file that may not be so large as EFBIG
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) {
    ::sigaddset(&signals, number);
  }
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  return UniqueFd{::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)};
}

/// Nothing, with errno, when the tree cannot be had.
std::shared_ptr<TreeRoot> find_tree(const Options& options) {
  auto root = options.made.empty() ? TreeRoot::choose(options.trees)
                                   : TreeRoot::handed_over(options.trees.front(), options.made);
  return root ? std::make_shared<TreeRoot>(std::move(*root)) : nullptr;
}

ExitCode complain(const job::Outcome& failure) {
  static_cast<void>(std::fprintf(stderr, "nmzagent: %s\n", failure.detail.c_str()));
  return ExitCode::system;
}

/// Each process that stands above the agent returns in its child; an errno, or 0.
int become_worker(const Options& options, std::optional<World>& world, Attempt<>& made) {
  if (world) {
    made = world->leave();
  }
  int error = made && (options.kept || world) ? become_kept() : 0;
  if (world && made && error == 0) {
    made = world->enter();
    error = made && !options.only_try ? become_kept() : 0;
  }
  return error;
}

/// Whether somebody speaks to us before long: of a container that nobody attaches to nobody else would ever be rid.
bool is_spoken_to(int in, int signals) {
  constexpr int patience_ms = 60'000;
  std::array<pollfd, 2> events{{{in, POLLIN, 0}, {signals, POLLIN, 0}}};
  int ready = 0;
  do {
    ready = ::poll(events.data(), events.size(), patience_ms);
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

/// A pod's place is filled again only after an end that nobody has asked for.
ExitCode work_attached(Agent& agent, bool spoken_to) {
  if (!spoken_to) {
    return ExitCode::ok;
  }
  const ExitCode code = agent.run();
  if (code != ExitCode::ok) {
    return code;
  }
  return agent.was_signalled() ? ExitCode::signalled : agent.was_told_to_end() ? ExitCode::ok : ExitCode::cut_off;
}

ExitCode work(const Options& options) {
  std::optional<World> world;
  if (options.world >= 0 && !(world = World::read(options.world))) {
    return complain("the plan of the world", EINVAL);
  }
  Attempt<> made;
  if (const int error = become_worker(options, world, made); error != 0) {
    return complain("cannot start another process", error);
  }
  if (made && world && options.only_try) {
    made = world->open(options.trees.front());
  }
  if (!made || options.only_try) {
    return made ? ExitCode::ok : complain(made.error());
  }
  if (!settle_descriptors()) {
    return complain("/dev/null", errno);
  }
  auto stream = open_stream<FrameStream>(options.fd);
  if (!stream) {
    return complain("the stream to the coordinator", errno);
  }
  auto tree = find_tree(options);
  if (!tree) {
    return complain(options.trees.back(), errno);
  }
  if (const int error = become_subreaper(); error != 0) {
    return complain("cannot adopt orphaned processes", error);
  }
  UniqueFd signals = open_signals();
  if (!signals) {
    return complain("cannot receive signals", errno);
  }
  const bool spoken_to = !options.attached || is_spoken_to(stream->in(), signals.get());
  Agent agent{std::move(*stream), std::move(signals), std::move(tree), {}, std::move(world)};
  return options.attached ? work_attached(agent, spoken_to) : agent.run();
}

ExitCode call_and_work(const Options& options) {
  auto dialer = Dialer::from_environment();
  if (!dialer) {
    static_cast<void>(
        std::fputs("nmzagent: --connect needs NMZ_RELAY=address:port and a token in NMZ_TOKEN_FILE\n", stderr));
    return ExitCode::usage;
  }
  if (!settle_descriptors()) {
    return complain("/dev/null", errno);
  }
  const auto tree = find_tree(options);
  if (!tree) {
    return complain(options.trees.back(), errno);
  }
  if (const int error = become_subreaper(); error != 0) {
    return complain("cannot adopt orphaned processes", error);
  }
  UniqueFd signals = open_signals();
  if (!signals) {
    return complain("cannot receive signals", errno);
  }
  return dialer->work(std::move(signals), tree);
}

ExitCode relay() {
  if (!settle_descriptors()) {
    return complain("/dev/null", errno);
  }
  auto stream = open_stream<RelayStream>(-1);
  if (!stream) {
    return complain("the stream to the coordinator", errno);
  }
  UniqueFd signals = open_signals();
  if (!signals) {
    return complain("cannot receive signals", errno);
  }
  return Relay{std::move(*stream), std::move(signals)}.run();
}

ExitCode funker(int argc, char** argv) {
  auto options = parse_funker({argv + 2, argv + argc});
  if (!options) {
    static_cast<void>(std::fputs(usage, stderr));
    return ExitCode::usage;
  }
  if (!settle_descriptors()) {
    return complain("/dev/null", errno);
  }
  if (const int error = become_subreaper(); error != 0) {
    return complain("cannot adopt orphaned processes", error);
  }
  UniqueFd signals = open_signals();
  if (!signals) {
    return complain("cannot receive signals", errno);
  }
  FunkerWorker worker{std::move(*options), std::move(signals)};
  if (const int error = worker.open(); error != 0) {
    return complain("cannot listen", error);
  }
  return worker.run();
}

ExitCode take_role(const Options& options) {
  switch (options.role) {
    case Role::help:
      static_cast<void>(std::fputs(usage, stdout));
      return ExitCode::ok;
    case Role::version:
      static_cast<void>(std::puts("nmzagent " NMZ_VERSION));
      return ExitCode::ok;
    case Role::relay:
      return relay();
    case Role::copy: {
      const int error = copy_self_to(options.copy);
      return error == 0 ? ExitCode::ok : complain(options.copy, error);
    }
    case Role::calling_worker:
      return call_and_work(options);
    case Role::worker:
      break;
  }
  return work(options);
}

}  // namespace
}  // namespace nmz::agent

#ifdef NMZ_STATIC
// The library's own handler prints the exception's name in C++, and brings 50 KB for that. main() says what it caught.
namespace __cxxabiv1 {                                              // NOLINT: the library's name for it
extern std::terminate_handler __terminate_handler;                  // NOLINT
std::terminate_handler __terminate_handler = [] { std::abort(); };  // NOLINT
}  // namespace __cxxabiv1

// The C library translates its messages, and brings 25 KB to find and convert translations. The agent speaks English.
// (glibc 2.41 has two more names in other parts of it: how often a translation was changed, and to forget all of them.)
extern "C" {
char* __dcgettext(const char* domain, const char* message, int category) noexcept;  // NOLINT: the library's names
char* dcgettext(const char* domain, const char* message, int category) noexcept;    // NOLINT
char* __gettext(const char* message) noexcept;                                      // NOLINT
char* gettext(const char* message) noexcept;                                        // NOLINT
extern int _nl_msg_cat_cntr;                                                        // NOLINT
void _nl_finddomain_subfreeres() noexcept;                                          // NOLINT
char* gettext(const char* message) noexcept {
  return const_cast<char*>(message);  // NOLINT(cppcoreguidelines-pro-type-const-cast): what its interface says
}
char* __gettext(const char* message) noexcept { return gettext(message); }  // NOLINT
char* dcgettext(const char* /*domain*/, const char* message, int /*category*/) noexcept { return gettext(message); }
char* __dcgettext(const char* /*domain*/, const char* message, int /*category*/) noexcept {  // NOLINT
  return gettext(message);
}
int _nl_msg_cat_cntr = 0;                     // NOLINT
void _nl_finddomain_subfreeres() noexcept {}  // NOLINT
}
#endif

int main(int argc, char** argv) {
  // Before anything secret is read: no test that runs as the same user may look into this process, its descriptors or
  // its memory, or trace it. What it executes can be looked into again.
  ::prctl(PR_SET_DUMPABLE, 0);
  const bool answers_calls = argc > 1 && std::string_view{argv[1]} == "funker";
  const auto options = nmz::agent::parse(answers_calls ? 1 : argc, argv);
  if (!options) {
    static_cast<void>(std::fputs(nmz::agent::usage, stderr));
    return static_cast<int>(nmz::agent::ExitCode::usage);
  }
  try {
    if (answers_calls) {
      return static_cast<int>(nmz::agent::funker(argc, argv));
    }
    return static_cast<int>(nmz::agent::take_role(*options));
  } catch (const std::exception& error) {
    static_cast<void>(std::fprintf(stderr, "nmzagent: %s\n", error.what()));
    return static_cast<int>(nmz::agent::ExitCode::system);
  }
}
