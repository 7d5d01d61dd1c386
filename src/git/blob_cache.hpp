// Blobs that several workers are about to get.
//
// Workers begin side by side, each with a whole tree, and most of the files of two commits of one search are the same:
// a blob is inflated once, by whoever wants it first, and whoever wants it meanwhile waits for that. What is handed out
// is kept for a while; what lies longest goes first.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"

#include "libgit2.hpp"

namespace nmz::git {

/// For all threads. A blob may outlive the cache and its database.
class BlobCache {
 public:
  using Read = std::function<Result<SharedBlob>()>;

  /// `limit`: bytes kept.
  explicit BlobCache(std::size_t limit) : limit_{limit} {}

  /// What `read` gives for this id, now or a while ago. A failure is not kept: the next one reads for itself.
  [[nodiscard]] Result<SharedBlob> get(const CommitId& id, const Read& read);

  /// Bytes that are kept now.
  [[nodiscard]] std::size_t size() const;

 private:
  void keep(const CommitId& id, const SharedBlob& blob);

  std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable read_;
  std::unordered_map<CommitId, SharedBlob> blobs_;  ///< null while it is being read
  std::deque<CommitId> oldest_first_;               ///< of those that are kept
  std::size_t size_ = 0;
};

}  // namespace nmz::git
