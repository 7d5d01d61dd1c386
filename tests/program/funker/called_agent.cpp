#include "called_agent.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/called_worker.hpp"

namespace nmz::funker {

CalledAgent::CalledAgent(const std::string& executor, const std::vector<std::string>& more) {
  std::vector<std::string> argv{NMZ_AGENT, "funker", "--listen", "127.0.0.1:0", "--executor", executor};
  argv.insert(argv.end(), more.begin(), more.end());
  std::vector<char*> words;
  for (std::string& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(null, STDIN_FILENO);
    ::dup2(null, STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    ::execv(NMZ_AGENT, words.data());
    ::_exit(127);
  }
  ::close(null);
  ::close(ends[1]);
  said_ = ends[0];
  const std::string first = line();
  port_ = static_cast<std::uint16_t>(std::stoi(first.substr(first.rfind(':') + 1)));
}

CalledAgent::~CalledAgent() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  ::close(said_);
}

void CalledAgent::signal(int number) const { ::kill(pid_, number); }

int CalledAgent::wait() {
  int status = 0;
  rusage used{};
  ::wait4(pid_, &status, 0, &used);
  peak_ = static_cast<std::size_t>(used.ru_maxrss) * 1024;
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string CalledAgent::line() {
  std::string text;
  for (char c = 0; ::read(said_, &c, 1) == 1 && c != '\n';) text += c;
  return text;
}

int CalledAgent::connect() const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  ::close(fd);
  return -1;
}

int CalledAgent::call(std::string_view bytes, bool ended) const {
  int fd = connect();
  for (int tries = 0; fd < 0 && tries < 1000; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
    fd = connect();
  }
  support::send_all(fd, bytes);
  if (ended) ::shutdown(fd, SHUT_WR);
  return fd;
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (ssize_t got = 0; (got = ::read(fd, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return text;
}

}  // namespace nmz::funker
