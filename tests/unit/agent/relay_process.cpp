// See relay_process.hpp.
#include "relay_process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nmz::agent {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) {
    result.push_back(string.data());
  }
  result.push_back(nullptr);
  return result;
}

bool is_ready(int fd, short events, std::chrono::milliseconds timeout) {
  pollfd event{fd, events, 0};
  return ::poll(&event, 1, static_cast<int>(timeout.count())) > 0;
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, const std::vector<int>& fds, const std::vector<std::string>& env,
             const std::function<void()>& before) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = env;
  variables.emplace_back("PATH=/usr/bin:/bin");
#ifdef __SANITIZE_ADDRESS__
  // Freed memory is to be given back, or resident_bytes() would count all that was ever used.
  variables.emplace_back("ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0");
#endif
  const auto argument_pointers = pointers(arguments);
  const auto variable_pointers = pointers(variables);
  // Opened here: `before` may take away the way to it.
  const int program = ::open(argument_pointers[0], O_RDONLY | O_CLOEXEC);
  pid_ = ::fork();
  if (pid_ < 0) {
    throw_errno("fork");
  }
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i] >= 0) {
        ::dup2(fds[i], static_cast<int>(i));
      }
    }
    if (before) {
      before();
    }
    ::fexecve(program, argument_pointers.data(), variable_pointers.data());
    ::_exit(99);
  }
  ::close(program);
}

Child::~Child() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Child::kill(int signal) const { ::kill(pid_, signal); }

std::optional<int> Child::wait(std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    if (Clock::now() > deadline) {
      return std::nullopt;
    }
    std::this_thread::sleep_for(1ms);
  }
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string read_exactly(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = is_ready(fd, POLLIN, patience) ? ::read(fd, bytes.data() + done, size - done) : -1;
    if (got <= 0) {
      throw std::runtime_error{"only " + std::to_string(done) + " of " + std::to_string(size) + " bytes came"};
    }
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

void write_exactly(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put =
        is_ready(fd, POLLOUT, patience) ? ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) : -1;
    if (put < 0 && errno != EAGAIN) {
      throw_errno("send");
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
  }
}

bool is_closed_within(int fd, std::chrono::milliseconds timeout) {
  char byte = 0;
  return is_ready(fd, POLLIN, timeout) && ::read(fd, &byte, 1) <= 0;
}

RelayProcess::Ends::Ends() {
  std::array<int, 2> link{};
  std::array<int, 2> complaint{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link.data()) != 0 ||
      ::pipe2(complaint.data(), O_CLOEXEC) != 0) {
    throw_errno("socketpair");
  }
  ours = link[0];
  its = link[1];
  complaint_in = complaint[0];
  complaint_out = complaint[1];
}

Line::Line(Line&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, session_{other.session_}, heard_{std::move(other.heard_)} {}

void Line::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

void Line::say(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(std::min(max_record, text.size()))) {
    std::string record;
    session_.sealer.seal(text.substr(0, max_record), record);
    write_exactly(fd_, record);
  }
}

std::string Line::hear(std::size_t size) {
  std::array<char, 1 << 16> buffer{};
  while (heard_.size() < size) {
    const ssize_t got = is_ready(fd_, POLLIN, patience) ? ::read(fd_, buffer.data(), buffer.size()) : -1;
    if (got <= 0 || !session_.opener.open({buffer.data(), static_cast<std::size_t>(got)}, heard_)) {
      throw std::runtime_error{"only " + std::to_string(heard_.size()) + " of " + std::to_string(size) + " bytes came"};
    }
  }
  std::string text = heard_.substr(0, size);
  heard_.erase(0, size);
  return text;
}

Workers::Workers(std::uint32_t count) {
  for (std::uint32_t slot = 1; slot <= count; ++slot) {
    tokens.push_back(support::token_of(slot));
  }
  keys = tokens;
}

RelayProcess::RelayProcess(std::uint16_t port, const char* address, const std::function<void()>& before,
                           const Workers& workers)
    : fd_{ends_.ours}, child_{{NMZ_AGENT, "--relay"}, {ends_.its, ends_.its, ends_.complaint_out}, {}, before} {
  ::close(ends_.its);
  ::close(ends_.complaint_out);
  wire::RelayHello hello;
  hello.tokens = workers.tokens;
  hello.keys = workers.keys;
  hello.address = address;
  hello.port = port;
  send(hello);
  ready_ = expect<wire::RelayReady>();
}

RelayProcess::~RelayProcess() {
  close_link();
  ::close(ends_.complaint_in);
}

void RelayProcess::close_link() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

std::string RelayProcess::complaint() {
  std::string text(4096, '\0');
  const ssize_t got = ::read(ends_.complaint_in, text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

void RelayProcess::send(const wire::RelayMessage& message) const {
  std::string bytes;
  wire::encode(message, bytes);
  write_exactly(fd_, bytes);
}

std::optional<wire::RelayMessage> RelayProcess::receive(std::chrono::milliseconds timeout) {
  std::array<char, 1 << 16> buffer{};
  for (;;) {
    auto next = decoder_.next();
    if (!next) {
      throw std::runtime_error{next.error().message};
    }
    if (*next) {
      return std::move(**next);
    }
    if (!is_ready(fd_, POLLIN, timeout)) {
      throw std::runtime_error{"the relay sent nothing in time"};
    }
    const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
    if (got <= 0) {
      return std::nullopt;
    }
    decoder_.feed({buffer.data(), static_cast<std::size_t>(got)});
  }
}

bool RelayProcess::is_silent_for(std::chrono::milliseconds time) { return !is_ready(fd_, POLLIN, time); }

int RelayProcess::connect(std::string_view greeting) const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw_errno("connect");
  }
  write_exactly(fd, greeting);
  return fd;
}

std::optional<Line> RelayProcess::begin_call(std::uint32_t slot, const CallKeys& keys) const {
  const Caller caller{slot, keys, random_key()};
  const int fd = connect(caller.opening());
  std::string reply(reply_size, '\0');
  const bool answered = is_ready(fd, POLLIN, patience) && ::read(fd, reply.data(), 1) == 1;
  if (answered) {
    reply.replace(1, std::string::npos, read_exactly(fd, reply_size - 1));
  }
  std::optional<Session> session = answered ? caller.finish(reply) : std::nullopt;
  if (!session) {
    ::close(fd);
    return std::nullopt;
  }
  return Line{fd, std::move(*session)};
}

Line RelayProcess::call(std::uint32_t slot, const std::string& task) const {
  Key token{};
  std::ranges::copy(support::token_of(slot), token.begin());
  auto line = begin_call(slot, first_keys(token, task));
  line.value().say(task + std::string(task_size - task.size(), '\0'));
  return std::move(*line);
}

std::size_t RelayProcess::resident_bytes() const {
  std::istringstream status{support::read_file("/proc/" + std::to_string(child_.pid()) + "/status")};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::stoul(line.substr(6)) << 10U;
    }
  }
  throw std::runtime_error{"no VmHWM"};
}

std::string RelayProcess::open_files() const {
  std::string result;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/" + std::to_string(child_.pid()) + "/fd"}) {
    result += std::filesystem::read_symlink(entry.path()).string() + '\n';
  }
  return result;
}

namespace {

std::vector<std::string> calling(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {NMZ_AGENT, "--connect"});
  return arguments;
}

std::string written(const std::filesystem::path& directory, std::string_view place) {
  support::write_file(directory / "nmz-token", place);
  return directory / "nmz-token";
}

}  // namespace

CallingWorker::CallingWorker(std::uint16_t port, std::string_view place, std::vector<std::string> arguments,
                             std::chrono::milliseconds dial_limit)
    : child_{calling(std::move(arguments)),
             {},
             {"NMZ_RELAY=127.0.0.1:" + std::to_string(port), "NMZ_TOKEN_FILE=" + written(secrets_.path(), place),
              "NMZ_DIAL_LIMIT_MS=" + std::to_string(dial_limit.count())}} {}

void ChannelConversation::say(const wire::Message& message) {
  wire::ChannelData data;
  data.channel = id_;
  wire::encode(message, data.bytes);
  relay_.send(data);
}

wire::Message ChannelConversation::hear() {
  for (;;) {
    auto message = decoder_.next().value();
    if (message) {
      return std::move(*message);
    }
    const auto data = relay_.expect_after_credit<wire::ChannelData>();
    if (data.channel != id_) {
      throw std::runtime_error{"another channel"};
    }
    decoder_.feed(data.bytes);
  }
}

wire::Welcome ChannelConversation::greet() {
  wire::Hello hello;
  hello.heartbeat = 0ms;
  say(hello);
  return expect<wire::Welcome>();
}

}  // namespace nmz::agent
