// What the screen costs where there is much to show: a suite of 10,000 workloads on 1,000 workers, told as it would
// come (100 begin and 100 end each second, each prints something), drawn by curses on a pseudo-terminal.
//
//   screen_bench [SECONDS [COLUMNS ROWS]]
//
// Printed: CPU of the process with the screen as a share of the time, of the same process without one, and how long a
// key takes until its effect has come out of the terminal (a page of help, there and back).
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/screen/screen.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using nmz::events::Mark;
using nmz::events::Seconds;
namespace events = nmz::events;
namespace job = nmz::job;
using namespace std::chrono_literals;

constexpr std::uint32_t workers = 1000;
constexpr std::uint64_t workloads = 10'000;
constexpr double each = 10;  // seconds, so that the whole of it lasts 100

std::string name_of(std::uint64_t workload) { return fmt::format("test/module_{}/case_{}", workload % 97, workload); }

/// The events of a run until some moment of it.
class Run {
 public:
  using Show = std::function<void(const events::Event&, Seconds)>;
  explicit Run(Show show) : show_{std::move(show)} {
    events::RunStarted started;
    started.title = "bench";
    started.where = "containers of bench";
    started.workers = workers;
    show_(started, Seconds{0});
    events::WorkloadsListed listed;
    listed.workloads = workloads;
    listed.bound = Seconds{workloads * each / workers};
    show_(listed, Seconds{0});
    for (std::uint32_t i = 0; i < workers; ++i) {
      show_(events::WorkerReady{job::WorkerId{i}, fmt::format("node{}", i % 20)}, Seconds{0});
    }
  }

  void until(Seconds now) {
    for (; next_ < workloads && begins(next_) <= now; ++next_) {
      if (next_ >= workers) end(next_ - workers);
      begin(next_);
    }
    show_(events::Tick{}, now);
  }

 private:
  static Seconds begins(std::uint64_t workload) { return Seconds{static_cast<double>(workload) * each / workers}; }

  void begin(std::uint64_t workload) {
    events::PhaseStarted started;
    started.job = job::JobId{workload + 1};
    started.worker = job::WorkerId{static_cast<std::uint32_t>(workload % workers)};
    started.item = name_of(workload);
    started.expected = Seconds{each};
    show_(started, begins(workload));
    show_(events::Output{started.job, "collecting\nrunning the case\n"}, begins(workload));
  }

  void end(std::uint64_t workload) {
    events::JobEnded ended;
    ended.job = job::JobId{workload + 1};
    ended.worker = job::WorkerId{static_cast<std::uint32_t>(workload % workers)};
    ended.item = ended.workload = name_of(workload);
    ended.mark = workload % 50 == 0 ? Mark::failed : Mark::passed;
    ended.outcome = workload % 50 == 0 ? job::Class::failed : job::Class::passed;
    ended.detail = "exit 1";
    ended.took = Seconds{each};
    ended.left = workloads - workload - 1;
    ended.expected_left = Seconds{static_cast<double>(ended.left) * each / workers};
    show_(ended, begins(workload + workers));
  }

  Show show_;
  std::uint64_t next_ = 0;
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    constexpr double million = 1e6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / million;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Tells the middle of the run for so long; `wait` waits. Returns the CPU's share.
double tell(Run& run, Seconds lasts, const std::function<void(std::chrono::milliseconds)>& wait) {
  constexpr Seconds begun{30};
  run.until(begun);
  const auto from = Clock::now();
  const double before = cpu_seconds();
  for (Seconds passed{0}; passed < lasts; passed = Clock::now() - from) {
    wait(20ms);
    run.until(begun + (Clock::now() - from));
  }
  return (cpu_seconds() - before) / Seconds{Clock::now() - from}.count();
}

/// In the process that has the pseudo-terminal; the figures go to `out`.
int drawn(Seconds lasts, int out) {
  auto screen = nmz::screen::Screen::open(events::Kind::suite, true);
  if (!screen) {
    std::cerr << screen.error().message << '\n';
    return 1;
  }
  Run run{[&](const events::Event& event, Seconds now) { (*screen)->show(event, now); }};
  const double share =
      tell(run, lasts, [&](std::chrono::milliseconds time) { static_cast<void>((*screen)->attend(time)); });
  const std::string text = fmt::format("{}", share);
  return ::write(out, text.data(), text.size()) > 0 ? 0 : 1;
}

/// The terminal's side: reads all that is drawn, and presses a key now and then.
class Person {
 public:
  explicit Person(int terminal) : terminal_{terminal} {}

  /// Until the other side is gone.
  void use() {
    auto press_at = Clock::now() + 1s;
    while (read_some(20ms)) {
      if (Clock::now() < press_at) continue;
      if (!press("?", "any key goes back")) return;
      if (!press("x", "running (")) return;
      press_at = Clock::now() + 400ms;
    }
  }
  [[nodiscard]] const std::vector<double>& milliseconds() const { return took_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  bool read_some(std::chrono::milliseconds most) {
    pollfd ready{terminal_, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(most.count())) <= 0) return true;
    std::array<char, 65536> buffer{};
    const auto size = ::read(terminal_, buffer.data(), buffer.size());
    if (size <= 0) return false;
    seen_.append(buffer.data(), static_cast<std::size_t>(size));
    bytes_ += static_cast<std::size_t>(size);
    return true;
  }

  bool press(const char* key, const char* shows) {
    seen_.clear();
    const auto from = Clock::now();
    if (::write(terminal_, key, 1) != 1) return false;
    while (seen_.find(shows) == std::string::npos) {
      if (Clock::now() - from > 5s || !read_some(5ms)) return false;
    }
    took_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - from).count());
    return true;
  }

  int terminal_;
  std::string seen_;
  std::vector<double> took_;
  std::size_t bytes_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [&](std::size_t at, int otherwise) {
    return words.size() > at ? std::stoi(words[at]) : otherwise;
  };
  const Seconds lasts{static_cast<double>(number(0, 20))};
  Run run{[](const events::Event&, Seconds) {}};
  const double without =
      tell(run, Seconds{2}, [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); });

  ::setenv("TERM", "xterm-256color", 1);  // NOLINT(concurrency-mt-unsafe)
  ::setenv("LC_ALL", "C.UTF-8", 1);       // NOLINT(concurrency-mt-unsafe)
  std::array<int, 2> figures{};
  if (::pipe(figures.data()) != 0) return 1;
  winsize size{};
  size.ws_col = static_cast<unsigned short>(number(1, 120));
  size.ws_row = static_cast<unsigned short>(number(2, 40));
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child < 0) return 1;
  if (child == 0) std::_Exit(drawn(lasts, figures[1]));
  ::close(figures[1]);
  Person person{terminal};
  person.use();
  std::string share(64, '\0');
  share.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(figures[0], share.data(), share.size()), 0)));
  int status = 0;
  ::waitpid(child, &status, 0);
  if (share.empty() || person.milliseconds().empty()) return 1;
  std::vector<double> keys = person.milliseconds();
  std::sort(keys.begin(), keys.end());
  std::cout << fmt::format(
      "10,000 workloads, 1,000 workers, {} x {}: {:.2f} % of a CPU ({:.2f} % without the screen), {:.1f} KB a second\n"
      "a key: median {:.1f} ms, longest {:.1f} ms ({} keys)\n",
      size.ws_col, size.ws_row, 100 * std::stod(share), 100 * without,
      static_cast<double>(person.bytes()) / 1000 / lasts.count(), keys[keys.size() / 2], keys.back(), keys.size());
  return status == 0 ? 0 : 1;
}
