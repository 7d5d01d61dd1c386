// The real agent at the other end of a socket pair, as an orchestrator sees it.
//
// Every wait has a deadline, so that an agent that says nothing fails the test instead of hanging it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "nmz/wire/codec.hpp"

#include "support/temp_directory.hpp"

namespace nmz::agent {

using namespace std::chrono_literals;

/// Long enough for a sanitizer build on a loaded machine.
inline constexpr std::chrono::milliseconds patience{30'000};

struct WorkerOptions {
  WorkerOptions() = default;
  bool with_tree = true;
  bool unprivileged = false;                          ///< run as nobody when the tests run as root
  uid_t user = 65534;                                 ///< who that is
  std::vector<std::pair<int, std::uint64_t>> limits;  ///< RLIMIT_... and its value, for the agent
  std::filesystem::path tree;                         ///< instead of a directory of its own
  std::chrono::milliseconds heartbeat{0};             ///< none
  std::vector<std::string> arguments;                 ///< instead of --fd and --tree
  bool greet = true;
};

struct File {
  File(std::string path_in, std::string content_in, wire::FileMode mode_in = wire::FileMode::regular)
      : path{std::move(path_in)}, content{std::move(content_in)}, mode{mode_in} {}
  std::string path;
  std::string content;
  wire::FileMode mode;
  bool keep_if_same = false;
  bool git = false;
};

struct JobResult {
  std::vector<job::Phase> started;
  std::string log;
  wire::Finished finished;
  std::vector<std::string> changed;  ///< of TreeState, sorted; when the worker has a tree
};

class Worker {
 public:
  explicit Worker(const WorkerOptions& options = {});
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  void send(const wire::Message& message) const;
  void send_bytes(std::string_view bytes) const;
  /// The next message; nothing at the end of the stream. Throws when none comes in time.
  [[nodiscard]] std::optional<wire::Message> receive(std::chrono::milliseconds timeout = patience);
  /// The next message that is no heartbeat has to be a T; throws otherwise.
  template <class T>
  T expect() {
    return std::get<T>(receive_no_heartbeat());
  }

  /// A whole tree stream; the agent's answer.
  job::Outcome lay_out(const std::vector<File>& files, const std::vector<std::string>& removed = {},
                       wire::TreeBegin begin = {});
  void send_file(const File& file) const;

  [[nodiscard]] wire::Run job(std::vector<std::string> argv);
  [[nodiscard]] wire::Run shell(std::string script) { return job({"sh", "-c", std::move(script)}); }
  JobResult run(const wire::Run& run);
  /// What follows a Run that was already sent.
  JobResult await_job();
  /// Started(test), which a cancel or a signal has to wait for.
  void await_started();

  void close_stream();
  /// Half-closes: the agent sees the end of the stream, its answers can still be read.
  void end_input() const;
  /// The exit code, or minus the signal; throws when it does not end in time.
  int wait_for_exit();
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::filesystem::path& tree() const { return tree_; }
  /// A directory beside the work tree.
  [[nodiscard]] const std::filesystem::path& outside() const { return outside_; }

 private:
  wire::Message receive_no_heartbeat();
  void start(const WorkerOptions& options);

  support::TempDirectory temp_{"agent"};
  std::filesystem::path tree_;
  std::filesystem::path outside_;
  bool with_tree_;
  pid_t pid_ = 0;
  int fd_ = -1;
  wire::Decoder decoder_;
  std::uint64_t last_job_ = 0;
};

/// Whether a process with this id exists and is no zombie.
[[nodiscard]] bool is_alive(pid_t pid);
/// Waits until the process is gone; false when it is still there after `timeout`.
[[nodiscard]] bool disappears(pid_t pid, std::chrono::milliseconds timeout = 5s);
/// Waits until no signal of this number is pending for the process; false when one still is after the tests' patience.
[[nodiscard]] bool takes_pending(pid_t pid, int signal);
/// Waits until the file has content that ends with a newline and returns it as a number.
[[nodiscard]] pid_t await_pid_file(const std::filesystem::path& file);

/// Every path below the directory, relative, with type and content; `.git` at the top is left out.
[[nodiscard]] std::map<std::string, std::string> snapshot(const std::filesystem::path& directory);

inline constexpr wire::TreeBegin replace_all{true, false};
inline constexpr wire::TreeBegin change{false, false};
inline constexpr wire::TreeBegin clean{false, true};

}  // namespace nmz::agent
