// What the coordinator and an agent say to each other.
//
// One vocabulary for every orchestrator: a socket pair, a hijacked attach and a WebSocket carry the same messages.
// The conversation with one worker:
//
//     coordinator                                   agent
//     Hello ------------------------------------->
//           <------------------------------------- Welcome
//     TreeBegin, TreeRemove*, (TreeFile TreeData*)*, TreeEnd ->
//           <------------------------------------- TreeReady
//     Run --------------------------------------->
//           <------------------------ Started(build)? Started(test) (Log, Took)* Finished
//           <------------------------------------- TreeState      (which tracked files the test changed)
//     Remark (where Hello asked for them; any time after Welcome)
//     Hello{kept_tree} -> Welcome{kept}: the tree is as an earlier search left it, but for the paths told
//     Cancel (any time) -> the job ends with Finished{cancelled}; a job that waits has no Started then
//     Run (any time, where there is no tree) -> it waits until the jobs before it have ended
//     Shutdown, or the end of the stream -------->  every process of the job is killed, the agent exits
//
// Heartbeat comes at the interval Hello asked for, whatever the job does. A tree is always brought to a commit before
// Run; when nothing is sent (workloads in an image), Run comes without a tree.
// Messages are values without behaviour; codec.hpp turns them into bytes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "nmz/job/outcome.hpp"
#include "nmz/job/taken.hpp"

namespace nmz::wire {

inline constexpr std::uint32_t protocol_version = 8;

/// What only the coordinator and the agent know of a job, or of a tree: a Finished or TreeReady without it is not the
/// agent's. It never reaches a command, neither its environment nor its arguments nor its log.
struct Nonce {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Nonce&, const Nonce&) = default;
};

enum class FileMode : std::uint8_t { regular, executable, symlink };

// ---- coordinator -> agent

struct Hello {
  std::uint32_t protocol = protocol_version;
  job::WorkerId worker{};
  std::string token;  ///< per-run secret; empty on a socket pair
  std::chrono::milliseconds heartbeat{1000};
  bool kept_tree = false;  ///< there may be a tree of an earlier search: tell what is left of it
  bool remarks = false;    ///< somebody reads them
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Starts a change of the work tree. With `replace` everything in it goes first; with `clean` what is not tracked goes.
struct TreeBegin {
  bool replace = false;
  bool clean = false;
  friend bool operator==(const TreeBegin&, const TreeBegin&) = default;
};

/// Path: bytes, relative, '/'-separated, as in a git tree. Empty parent directories go with the last file.
struct TreeRemove {
  std::string path;
  friend bool operator==(const TreeRemove&, const TreeRemove&) = default;
};

/// Followed by TreeData frames of `size` bytes in all (none when 0). A symlink's data is its target.
/// `keep_if_same`: leave the file (and its mtime) alone if it already has this content and mode.
/// `git`: it is the coordinator's and no commit's, and its path may begin or end with ".git".
struct TreeFile {
  std::string path;
  FileMode mode = FileMode::regular;
  std::uint64_t size = 0;
  bool keep_if_same = false;
  bool git = false;
  friend bool operator==(const TreeFile&, const TreeFile&) = default;
};

struct TreeData {
  std::string bytes;
  friend bool operator==(const TreeData&, const TreeData&) = default;
};

/// An empty directory has to exist (a submodule that is not present locally).
struct TreeDirectory {
  std::string path;
  friend bool operator==(const TreeDirectory&, const TreeDirectory&) = default;
};

struct TreeEnd {
  Nonce nonce;          ///< for the TreeReady that answers it
  std::string label{};  ///< if not empty, the tree may be kept for another search, by this name of what is in it
  friend bool operator==(const TreeEnd&, const TreeEnd&) = default;
};

struct Run {
  job::JobId job{};
  std::uint32_t attempt = 1;
  Nonce nonce;
  std::vector<std::string> argv;         ///< the command, untouched; argv[0] is looked up in PATH unless it has a '/'
  std::string program;                   ///< if not empty, the file to execute in place of argv[0]
  std::string build;                     ///< if not empty, `sh -c build` runs first and must succeed
  std::vector<std::string> env;          ///< "NAME=value", added to the agent's own environment
  std::vector<std::string> unset;        ///< names removed from the agent's own environment
  std::string directory;                 ///< where to run, absolute or relative to the work tree; empty = its root
  std::string input;                     ///< the command's stdin; empty = /dev/null
  std::string match;                     ///< POSIX extended regular expression for Outcome::matched; empty = none
  std::chrono::milliseconds timeout{0};  ///< for the test (not its build); 0 = none
  std::chrono::milliseconds kill_grace{2000};  ///< between TERM and KILL
  std::uint64_t log_limit = 0;                 ///< bytes of log sent at most; 0 = none
  bool watch = false;                          ///< tell what it takes, where that can be noticed
  friend bool operator==(const Run&, const Run&) = default;
};

struct Cancel {
  job::JobId job{};
  bool only_if_waiting = false;  ///< leave it alone once it runs
  friend bool operator==(const Cancel&, const Cancel&) = default;
};

struct Shutdown {
  friend bool operator==(const Shutdown&, const Shutdown&) = default;
};

// ---- agent -> coordinator

inline constexpr std::size_t longest_name = 256;

/// A tree of an earlier search.
struct KeptTree {
  std::string label{};                 ///< empty: there is none; at most longest_name
  std::vector<std::string> changed{};  ///< tracked paths that are no longer as they were laid out
  std::uint64_t paths = 0;             ///< that it has
  std::uint64_t bytes = 0;             ///< of these paths together
  friend bool operator==(const KeptTree&, const KeptTree&) = default;
};

struct Welcome {
  std::uint32_t protocol = protocol_version;
  std::string version;  ///< of the agent; at most longest_name
  std::string node;     ///< host name; at most longest_name
  std::uint32_t pid = 0;
  KeptTree kept{};
  friend bool operator==(const Welcome&, const Welcome&) = default;
};

/// kind: exited with code 0 = the tree is there; unprepared or untestable = it is not, and detail says why.
struct TreeReady {
  job::Outcome outcome;
  Nonce nonce;  ///< of the TreeEnd: `untestable` is a verdict
  friend bool operator==(const TreeReady&, const TreeReady&) = default;
};

struct Started {
  job::JobId job{};
  job::Phase phase = job::Phase::test;
  friend bool operator==(const Started&, const Started&) = default;
};

/// stdout and stderr in the order they were written.
struct Log {
  job::JobId job{};
  std::string bytes;
  friend bool operator==(const Log&, const Log&) = default;
};

struct Finished {
  job::JobId job{};
  std::uint32_t attempt = 1;
  Nonce nonce;  ///< of the Run
  job::Outcome outcome;
  std::chrono::microseconds build_time{0};
  std::chrono::microseconds test_time{0};
  std::chrono::microseconds cpu_time{0};  ///< of the test, in all its processes that have ended
  std::uint64_t log_bytes = 0;            ///< written by the command
  std::uint64_t log_cut = 0;              ///< of these, not sent
  friend bool operator==(const Finished&, const Finished&) = default;
};

/// Told at most this often in a job; one that takes more is not `watched`.
inline constexpr std::size_t most_taken = 64;

/// On its way before the job has what it asked for: whoever is disturbed by that ends after this was sent.
struct Took {
  job::JobId job{};
  job::Taken what;  ///< a name of at most longest_name
  friend bool operator==(const Took&, const Took&) = default;
};

/// After every job that had a tree: tracked paths that are no longer as they were laid out.
/// May be split over several messages; `last` marks the end.
struct TreeState {
  std::vector<std::string> changed;
  bool last = true;
  friend bool operator==(const TreeState&, const TreeState&) = default;
};

struct Heartbeat {
  job::JobId job{};  ///< 0 = idle
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

/// What a maintainer wants to know (diagnostics/): where the agent is, what it did and how long it took. No secret, no
/// value of an environment variable. At most longest_remark bytes, and most_remarks between two orders of the
/// coordinator's.
struct Remark {
  std::string text;
  friend bool operator==(const Remark&, const Remark&) = default;
};
inline constexpr std::size_t longest_remark = 1024;
inline constexpr std::uint32_t most_remarks = 16;

using Message = std::variant<Hello, TreeBegin, TreeRemove, TreeFile, TreeData, TreeDirectory, TreeEnd, Run, Cancel,
                             Shutdown, Welcome, TreeReady, Started, Log, Finished, TreeState, Heartbeat, Took, Remark>;

}  // namespace nmz::wire
