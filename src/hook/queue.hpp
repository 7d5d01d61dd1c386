// What was pushed and has not been answered yet: one file a ref, in the repository's own nmz directory (in the user's
// state directory where that cannot be written).
//
// A ref's later push takes the place of one that waits; what it had before the earlier one is kept, so that no commit
// falls between two pushes. The file goes when its answer has been told, not before: whoever is killed leaves it to the
// next one. Two locks: one around every change, held for an instant, and the runner's, held while there is something to
// do. A runner that has found nothing gives its own up while it holds the other: who puts something in afterwards finds
// no runner, and is one.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/files/unique_fd.hpp"

#include "repository.hpp"

namespace nmz::hook {

struct Entry {
  Entry() = default;
  std::string event;
  std::string ref;
  std::string from;  ///< empty: not known
  std::string to;
  int begun = 0;  ///< how often
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// Pure.
[[nodiscard]] std::string text_of(const Entry& entry);
[[nodiscard]] std::optional<Entry> entry_of(const std::string& text);
/// A file's name for a ref: readable, and no other's.
[[nodiscard]] std::string file_name(const std::string& ref);
/// When `later` comes while `waiting` waits.
[[nodiscard]] Entry superseded(const Entry& waiting, Entry later);

class Queue {
 public:
  /// Errors: neither place can be written.
  [[nodiscard]] static Result<Queue> open(const Places& places);
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

  [[nodiscard]] Result<void> put(const Entry& entry);
  /// What waits for this ref does so no more.
  void forget(const std::string& ref);

  /// To be the one runner from now on. False: another is.
  [[nodiscard]] bool begin();
  /// The one that waits longest, which counts as begun once more. Nothing: there is none, and we are no runner any
  /// more.
  [[nodiscard]] std::optional<Entry> next();
  /// It was answered. What came for its ref meanwhile stays, and needs not be asked from the beginning where `good`.
  void done(const Entry& entry, bool good);

  /// The oldest first.
  [[nodiscard]] std::vector<Entry> waiting() const;

 private:
  explicit Queue(std::filesystem::path directory) : directory_{std::move(directory)} {}
  [[nodiscard]] std::filesystem::path path(const std::string& ref) const {
    return directory_ / "queue" / file_name(ref);
  }
  [[nodiscard]] files::UniqueFd lock() const;
  [[nodiscard]] std::optional<Entry> read(const std::filesystem::path& file) const;
  [[nodiscard]] Result<void> write(const Entry& entry) const;

  std::filesystem::path directory_;
  files::UniqueFd runner_;
};

}  // namespace nmz::hook
