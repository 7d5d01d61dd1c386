#include "nmz/output/standard_streams.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::output {
namespace {

std::atomic<bool> reader_is_gone{false};
std::atomic<int> standard_output_trouble{0};

void end_by_sigpipe() {
  std::signal(SIGPIPE, SIG_DFL);  // NOLINT(cert-err33-c)
  sigset_t one{};
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGPIPE);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  static_cast<void>(std::raise(SIGPIPE));
}

/// Where nobody waits for SIGTERM there is no run that would have to be cleaned up. A run's signals are blocked, and
/// taken by a thread of their own.
void interrupt() {
  struct sigaction now {};
  const bool handled = ::sigaction(SIGTERM, nullptr, &now) == 0 && now.sa_handler != SIG_DFL;
  sigset_t blocked{};
  ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  if (!handled && ::sigismember(&blocked, SIGTERM) != 1) return end_by_sigpipe();
  static_cast<void>(::kill(::getpid(), SIGTERM));
}

}  // namespace

void occupy_standard_streams() {
  constexpr std::array<int, 3> wrong_ways{O_WRONLY, O_RDONLY, O_RDONLY};
  for (int fd = 0; fd < static_cast<int>(wrong_ways.size()); ++fd) {
    const bool closed = ::fcntl(fd, F_GETFD) < 0;
    // The lowest free number is given out, so that this one is it.
    if (closed) static_cast<void>(::open("/dev/null", wrong_ways.at(static_cast<std::size_t>(fd))));
  }
}

void take_failed_writes_as_errors() {
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);  // NOLINT(cert-err33-c)
}

void write(std::FILE* stream, std::string_view text) {
  if (reader_is_gone) return;
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stream) == text.size() && std::fflush(stream) == 0;
  if (written) return;
  const int number = errno == 0 ? EIO : errno;
  if (stream == stdout && standard_output_trouble == 0) standard_output_trouble = number;
  if (number == EPIPE && !reader_is_gone.exchange(true)) interrupt();
}

Result<void> complete_standard_output() {
  if (standard_output_trouble == 0) return {};
  return fail(ErrorKind::retryable, "cannot write to standard output: " +
                                        std::error_code{standard_output_trouble, std::generic_category()}.message());
}

void print(std::string_view text) {
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  const std::string shown = terminal ? text::printable_lines(text, text::Colours::removed) : std::string{text};
  write(stdout, shown);
}

void complain(std::string_view program, std::string_view message) {
  std::string line{message};
  std::replace(line.begin(), line.end(), '\n', ' ');
  line = std::string{program} + ": " + text::printable(line) + "\n";
  write(stderr, without_commands(line));
}

int end_of_program(int status) {
  if (reader_is_gone) end_by_sigpipe();
  return status;
}

}  // namespace nmz::output
