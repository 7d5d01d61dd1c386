// See workplace.hpp.
#include "workplace.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>

#include <unistd.h>

#include "support/scratch_repository.hpp"

namespace nmz::conformance {

namespace fs = std::filesystem;

namespace {

std::string slurp(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream{file, std::ios::binary}.rdbuf();
  return std::move(content).str();
}

/// Whether NAME=value stands in the environment the process was started with. A zombie has none.
bool started_with(const fs::path& process, const std::string& entry) {
  const std::string environment = '\0' + slurp(process / "environ");
  return environment.find('\0' + entry + '\0') != std::string::npos;
}

/// But for directories, the file that says which search was the last one, and what is remembered of it.
bool nothing_but_last(const fs::path& home) {
  const fs::path last = home / ".local/state/namazu-swarm/last/nmzbisect";
  const fs::path memory = home / ".local/share/namazu-swarm";
  return std::ranges::all_of(fs::recursive_directory_iterator{home}, [&](const fs::directory_entry& entry) {
    const fs::path& path = entry.path();
    return entry.is_directory() || path == last || path == memory / "history.sqlite" ||
           (path.parent_path() == memory / "searches" && path.extension() == ".ledger");
  });
}

}  // namespace

Workplace::Workplace() : directory_{"workplace", NMZ_WORKPLACES} {
  for (const char* name : {"home", "tmp", "work", "notes"}) {
    fs::create_directory(path() / name);
  }
}

Workplace::~Workplace() {
  for (int look = 0; look < 100; ++look) {
    const std::vector<pid_t> alive = processes();
    if (alive.empty()) {
      break;
    }
    for (const pid_t pid : alive) {
      ::kill(pid, SIGKILL);
    }
  }
}

support::Program Workplace::program(const fs::path& directory, std::vector<std::string> argv) const {
  support::Program result = support::git_program(directory, {});
  result.argv = std::move(argv);
  result.unset.insert(result.unset.end(), {"XDG_*", "NMZ_*", "TERM"});
  result.env.push_back("HOME=" + (path() / "home").string());
  result.env.push_back("TMPDIR=" + (path() / "tmp").string());
  result.env.push_back("NMZ_TEST_MARK=" + path().string());
  result.env.push_back("NOTES=" + (path() / "notes").string());
  return result;
}

support::Program Workplace::bisect_program(const fs::path& directory, const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{NMZ_NMZBISECT};
  const std::pair<const char*, fs::path> defaults[]{{"--work-dir", work_dir()}, {"--log-dir", log_dir()}};
  for (const auto& [option, value] : defaults) {
    if (std::ranges::find(arguments, option) == arguments.end()) {
      argv.insert(argv.end(), {option, value});
    }
  }
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return program(directory, std::move(argv));
}

Ended Workplace::bisect(const fs::path& directory, const std::vector<std::string>& arguments) const {
  return support::run_program(bisect_program(directory, arguments));
}

std::future<Ended> Workplace::bisect_beside(const fs::path& directory,
                                            const std::vector<std::string>& arguments) const {
  return std::async(std::launch::async, support::run_program, bisect_program(directory, arguments));
}

std::vector<pid_t> Workplace::processes() const { return processes_of(""); }
std::vector<pid_t> Workplace::bisect_processes() const { return processes_of("nmzbisect"); }
std::vector<pid_t> Workplace::agent_processes() const { return processes_of("nmzagent"); }

std::vector<pid_t> Workplace::processes_of(const std::string& program) const {
  std::vector<pid_t> result;
  const std::string mark = "NMZ_TEST_MARK=" + path().string();
  for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error != std::errc{} || end != name.data() + name.size() || !started_with(entry.path(), mark)) {
      continue;
    }
    std::error_code gone;
    if (program.empty() || fs::read_symlink(entry.path() / "exe", gone).filename() == program) {
      result.push_back(pid);
    }
  }
  return result;
}

std::vector<std::string> Workplace::leftovers() const {
  std::vector<std::string> result;
  for (const char* place : {"work", "tmp"}) {
    for (const fs::directory_entry& entry : fs::directory_iterator{path() / place}) {
      result.push_back(entry.path());
    }
  }
  if (!nothing_but_last(path() / "home")) {
    result.push_back(path() / "home");
  }
  return result;
}

bool wait_until(const std::function<bool()>& happened, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!happened()) {
    if (std::chrono::steady_clock::now() >= until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return true;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) {
    result.push_back(line);
  }
  return result;
}

std::vector<std::string> lines_of(const fs::path& file) { return split_lines(slurp(file)); }

}  // namespace nmz::conformance
