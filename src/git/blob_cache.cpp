#include "blob_cache.hpp"

#include <exception>
#include <utility>

namespace nmz::git {
namespace {

OdbObjectHandle another(const OdbObjectHandle& blob) {
  git_odb_object* handle = nullptr;
  git_odb_object_dup(&handle, blob.get());
  return OdbObjectHandle{handle};
}

/// Nobody waits for ever for one whose memory did not suffice.
Result<OdbObjectHandle> read_or_fail(const BlobCache::Read& read) {
  try {
    return read();
  } catch (const std::exception& caught) {
    return fail(ErrorKind::retryable, caught.what());
  }
}

}  // namespace

Result<OdbObjectHandle> BlobCache::get(const CommitId& id, const Read& read) {
  std::unique_lock lock{mutex_};
  for (auto found = blobs_.find(id); found != blobs_.end(); found = blobs_.find(id)) {
    if (found->second) return another(found->second);
    read_.wait(lock);
  }
  blobs_.emplace(id, nullptr);
  lock.unlock();
  Result<OdbObjectHandle> blob = read_or_fail(read);
  lock.lock();
  if (blob) {
    keep(id, *blob);
  } else {
    blobs_.erase(id);
  }
  read_.notify_all();
  return blob;
}

void BlobCache::keep(const CommitId& id, const OdbObjectHandle& blob) {
  const std::size_t bytes = git_odb_object_size(blob.get());
  if (bytes > limit_ / 4) {
    blobs_.erase(id);
    return;
  }
  blobs_[id] = another(blob);
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
