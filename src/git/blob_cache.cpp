#include "blob_cache.hpp"

#include <exception>
#include <utility>

namespace nmz::git {
namespace {

/// Nobody waits for ever for one whose memory did not suffice.
Result<SharedBlob> read_or_fail(const BlobCache::Read& read) {
  try {
    return read();
  } catch (const std::exception& caught) {
    return fail(ErrorKind::retryable, caught.what());
  }
}

}  // namespace

Result<SharedBlob> BlobCache::get(const CommitId& id, const Read& read) {
  std::unique_lock lock{mutex_};
  for (auto found = blobs_.find(id); found != blobs_.end(); found = blobs_.find(id)) {
    if (found->second) return found->second;
    read_.wait(lock);
  }
  blobs_.emplace(id, nullptr);
  lock.unlock();
  Result<SharedBlob> blob = read_or_fail(read);
  lock.lock();
  if (blob) {
    keep(id, *blob);
  } else {
    blobs_.erase(id);
  }
  read_.notify_all();
  return blob;
}

void BlobCache::keep(const CommitId& id, const SharedBlob& blob) {
  const std::size_t bytes = git_odb_object_size(blob.get());
  if (bytes > limit_ / 4) {
    blobs_.erase(id);
    return;
  }
  blobs_[id] = blob;
  oldest_first_.push_back(id);
  size_ += bytes;
  while (size_ > limit_) {
    const auto oldest = blobs_.find(oldest_first_.front());
    size_ -= git_odb_object_size(oldest->second.get());
    blobs_.erase(oldest);
    oldest_first_.pop_front();
  }
}

std::size_t BlobCache::size() const {
  const std::scoped_lock lock{mutex_};
  return size_;
}

}  // namespace nmz::git
