#include "on_failure.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <system_error>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/git_program/git_program.hpp"

namespace nmz::nmzswarm {
namespace fs = std::filesystem;
namespace {

/// It stands beside us, unless it was put elsewhere.
std::string find_nmzbisect() {
  std::error_code error;
  const fs::path beside = fs::canonical("/proc/self/exe", error).parent_path() / "nmzbisect";
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : "nmzbisect";
}

std::vector<std::string> command_of(const Options& options, const RedGroup& group, const std::string& list) {
  std::vector<std::string> words{"nmzbisect", "--runner", options.runner, "--tests", list,
                                 "--good",    group.good, "--bad",        "HEAD"};
  const auto add = [&words](const char* name, const std::string& value) {
    words.emplace_back(name);
    words.push_back(value);
  };
  if (options.workers > 0) add("--jobs", std::to_string(options.workers));
  for (const std::string& variable : options.environment) add("--env", variable);
  if (options.verbosity == view::Verbosity::quiet) words.emplace_back("--quiet");
  words.emplace_back("--");
  words.insert(words.end(), options.command.begin(), options.command.end());
  return words;
}

/// In our process group, so that the terminal's keys reach it as well; it ends when we do. Returns its exit status, as
/// a shell has it.
int run(const std::string& program, const std::vector<std::string>& words) {
  std::vector<std::string> copies = words;
  std::vector<char*> argv;
  argv.reserve(copies.size() + 1);
  for (std::string& word : copies) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
    constexpr int not_found = 127;
    if (::getppid() != parent) ::_exit(1);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2}) {
      static_cast<void>(::signal(signal, SIG_DFL));
    }
    ::execvp(program.c_str(), argv.data());
    ::_exit(not_found);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  constexpr int signals = 128;
  if (child < 0) return signals;
  return WIFEXITED(status) ? WEXITSTATUS(status) : signals + WTERMSIG(status);
}

std::string tests_text(std::size_t count) { return fmt::format("{} {}", count, count == 1 ? "test" : "tests"); }

}  // namespace

std::string tested_commit() {
  git_program::GitCommand status;
  status.directory = ".";
  status.arguments = {"status", "--porcelain=v2", "--branch", "--untracked-files=no"};
  const auto said = git_program::run_git(status);
  if (!said || said->exit_code != 0) return {};
  constexpr std::string_view head = "# branch.oid ";
  std::string commit;
  std::string_view rest{said->out};
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.starts_with(head)) commit = line.substr(head.size());
    if (!line.empty() && !line.starts_with('#')) return {};
  }
  return commit.starts_with('(') ? std::string{} : commit;  // "(initial)"
}

RedTests red_tests(const std::vector<std::string>& failed, const std::vector<history::Past>& past,
                   const std::string& now) {
  std::unordered_map<std::string_view, const history::Past*> by_id;
  for (const history::Past& one : past) by_id.emplace(one.workload, &one);
  RedTests red;
  std::map<std::string, std::size_t> places;
  for (const std::string& test : failed) {
    std::string good;
    if (const auto found = by_id.find(test); found != by_id.end()) {
      for (const history::Execution& one : found->second->executions) {
        if (one.passed && !one.commit.empty()) good = one.commit;
      }
    }
    if (good.empty()) {
      red.unknown.push_back(test);
    } else if (good == now) {
      red.flaky.push_back(test);
    } else {
      const auto [place, fresh] = places.emplace(good, red.groups.size());
      if (fresh) red.groups.push_back({good, {}});
      red.groups[place->second].tests.push_back(test);
    }
  }
  std::ranges::stable_sort(red.groups, std::ranges::greater{}, [](const RedGroup& one) { return one.tests.size(); });
  return red;
}

void bisect_failures(const Options& options, const RedTests& red, logs::LogStore& logs,
                     const std::function<void(const std::string&)>& tell) {
  constexpr std::size_t short_id = 12;
  if (!red.unknown.empty()) {
    tell(
        fmt::format("--on-failure bisect: {} not searched for, of which the history knows no commit with a pass (it "
                    "learns them in runs of a checkout without changes): {}{}",
                    tests_text(red.unknown.size()), red.unknown.front(), red.unknown.size() > 1 ? ", ..." : ""));
  }
  if (!red.flaky.empty()) {
    tell(
        fmt::format("--on-failure bisect: {} not searched for, passed at this very commit before (flaky, or not the "
                    "commit's fault): {}{}",
                    tests_text(red.flaky.size()), red.flaky.front(), red.flaky.size() > 1 ? ", ..." : ""));
  }
  std::size_t number = 0;
  for (const RedGroup& group : red.groups) {
    std::string list;
    for (const std::string& test : group.tests) (list += test) += '\n';
    const std::string name = fmt::format("red-{}.txt", ++number);
    if (const auto written = logs.write(name, list); !written) {
      tell("--on-failure bisect: " + written.error().message);
      return;
    }
    tell(fmt::format("--on-failure bisect: {} passed last at {}", tests_text(group.tests.size()),
                     group.good.substr(0, short_id)));
    const int status = run(find_nmzbisect(), command_of(options, group, (logs.directory() / name).string()));
    constexpr int not_found = 127;
    constexpr int interrupted = 130;
    if (status == not_found) tell("--on-failure bisect: nmzbisect is neither beside this program nor in PATH");
    if (status == not_found || status == interrupted) return;
  }
}

}  // namespace nmz::nmzswarm
