// See libgit2.hpp.
#include "libgit2.hpp"

#include <algorithm>

namespace nmz::git {

void start_libgit2() {
  static const bool started = [] {
    // git does not hash again what it reads either: zlib's checksums find damage, `git fsck` the rest.
    return git_libgit2_init() > 0 && git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0) == 0;
  }();
  static_cast<void>(started);
}

std::string libgit2_error() {
  const git_error* error = git_error_last();
  return error == nullptr || error->message == nullptr ? "unknown error" : error->message;
}

git_oid to_oid(const CommitId& id) {
  git_oid oid;
  std::ranges::copy(id.bytes, std::begin(oid.id));
  return oid;
}

CommitId to_id(const git_oid& oid) {
  CommitId id;
  std::ranges::copy(oid.id, id.bytes.begin());
  return id;
}

}  // namespace nmz::git
