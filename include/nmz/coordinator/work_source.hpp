// What an execution of a subject consists of: the command, and the files it needs.
//
// The dispatcher knows subjects by number only; a work source turns one into the messages for an agent. nmzbisect's
// lays out commits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "nmz/dispatch/dispatcher.hpp"
#include "nmz/error/result.hpp"
#include "nmz/wire/messages.hpp"

namespace nmz::coordinator {

/// What is known of a worker's tree before an execution.
struct TreeKnowledge {
  TreeKnowledge() = default;
  bool intact = false;               ///< it is as the last layout of this worker left it, but for `changed`
  std::vector<std::string> changed;  ///< tracked paths the last test changed
  bool inherited = false;            ///< the last layout was another search's
};

/// The files for one execution. Its functions block, and run on a pool thread, one at a time.
class Layout {
 public:
  Layout() = default;
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  Layout(Layout&&) = delete;
  Layout& operator=(Layout&&) = delete;
  virtual ~Layout() = default;

  /// Called once, first: finds out what has to be sent.
  virtual Result<void> open() = 0;

  /// Appends frames, of which TreeBegin is the first, to `out` until it holds `enough` bytes; false when all have come.
  /// After an error `out` has the frames before it: TreeBegin at least, and whole files. TreeEnd is the session's.
  virtual Result<bool> next(std::string& out, std::size_t enough) = 0;

  /// The agent has laid out all of it.
  virtual Result<void> laid_out() = 0;

  /// A name for what is in the tree then, if another search may take it over; else empty.
  [[nodiscard]] virtual std::string label() const { return {}; }
};

class WorkSource {
 public:
  WorkSource() = default;
  WorkSource(const WorkSource&) = delete;
  WorkSource& operator=(const WorkSource&) = delete;
  WorkSource(WorkSource&&) = delete;
  WorkSource& operator=(WorkSource&&) = delete;
  virtual ~WorkSource() = default;

  /// The command of an execution; job and attempt are filled in by the coordinator.
  virtual wire::Run run(const dispatch::Assign& assignment) = 0;

  /// The files of an execution; none when it needs none.
  virtual std::unique_ptr<Layout> layout(const dispatch::Assign& /*assignment*/, const TreeKnowledge& /*known*/) {
    return nullptr;
  }

  /// Whether the worker's agent may find a tree of an earlier search; asked once for each of its lives.
  virtual bool has_kept_tree(job::WorkerId /*worker*/) { return false; }
  /// The agent has: whether what is called so can be the beginning of a layout.
  virtual bool take_over(job::WorkerId /*worker*/, const wire::KeptTree& /*kept*/) { return false; }
};

}  // namespace nmz::coordinator
