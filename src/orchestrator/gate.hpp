// The lock of a directory in which run directories come and go (see nmz/orchestrator/run_directory.hpp).
//
// The directory may be one of the user's, who wants to find nothing of ours in it when no run is left: the lock's file
// goes each time that the lock is let go. Whoever waits for it meanwhile has locked a file that has no name any more
// then, sees that, and begins again. Ours is a file that says so; one of the user's that happens to be called the same
// is locked, too, and stays as it is.
#pragma once

#include <filesystem>

#include "nmz/files/unique_fd.hpp"

namespace nmz::orchestrator {

class Gate {
 public:
  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  Gate(Gate&&) noexcept = default;
  Gate& operator=(Gate&& other) noexcept;
  ~Gate() { leave(); }

  /// Waits for whoever holds it. `directory`: open, and of that path; to stay open for as long as the gate is held. On
  /// failure nothing is held, and errno is set: ECANCELED when the user has interrupted.
  [[nodiscard]] static Gate enter(int directory, const std::filesystem::path& path);

  void leave();
  explicit operator bool() const { return static_cast<bool>(lock_); }

 private:
  int directory_ = -1;
  files::UniqueFd lock_;
  bool made_ = false;  ///< it is ours, whatever is in it: on a full disk it says nothing
};

}  // namespace nmz::orchestrator
