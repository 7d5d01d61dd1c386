// See file_writer.hpp.
#include "file_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tree_path.hpp"

namespace nmz::agent {
namespace {

constexpr std::size_t chunk = std::size_t{64} << 10;

}  // namespace

Attempt<FileWriter> FileWriter::start(wire::TreeFile file, TreePlace place, mode_t mask) {
  FileWriter writer{std::move(file), std::move(place)};
  if (writer.file_.mode == wire::FileMode::symlink) {
    if (writer.file_.size >= PATH_MAX) {
      return failed(ENAMETOOLONG, "create the symlink", writer.file_.path);
    }
    return writer;
  }
  if (writer.file_.keep_if_same && writer.old_is_comparable(mask)) {
    return writer;
  }
  if (auto created = writer.create(); !created) {
    return tl::unexpected<job::Outcome>{std::move(created.error())};
  }
  return writer;
}

// The path ends with the name, so the name ends with the path's terminator.
const char* FileWriter::name() const { return name_of(file_.path).data(); }

bool FileWriter::old_is_comparable(mode_t mask) {
  const mode_t full = file_.mode == wire::FileMode::executable ? 0777U : 0666U;
  struct stat status {};
  if (::fstatat(place_.parent, name(), &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode) ||
      (status.st_mode & 07777U) != (full & ~mask) || static_cast<std::uint64_t>(status.st_size) != file_.size) {
    return false;
  }
  old_ = UniqueFd{::openat(place_.parent, name(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  return static_cast<bool>(old_);
}

bool FileWriter::old_continues_with(std::string_view bytes) const {
  std::vector<char> buffer(std::min(bytes.size(), chunk));
  auto offset = static_cast<off_t>(received_);
  while (!bytes.empty()) {
    const ssize_t got = ::pread(old_.get(), buffer.data(), std::min(bytes.size(), buffer.size()), offset);
    if (got <= 0 || std::memcmp(buffer.data(), bytes.data(), static_cast<std::size_t>(got)) != 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(got));
    offset += got;
  }
  return true;
}

Attempt<> FileWriter::abandon_old() {
  const UniqueFd old = std::move(old_);
  if (auto created = create(); !created) {
    return created;
  }
  std::vector<char> buffer(chunk);
  for (std::uint64_t done = 0; done < received_;) {
    const std::size_t want = std::min<std::uint64_t>(received_ - done, buffer.size());
    const ssize_t got = ::pread(old.get(), buffer.data(), want, static_cast<off_t>(done));
    if (got <= 0) {
      return failed(got < 0 ? errno : EIO, "read", file_.path);
    }
    if (auto written = write({buffer.data(), static_cast<std::size_t>(got)}); !written) {
      return written;
    }
    done += static_cast<std::uint64_t>(got);
  }
  return {};
}

Attempt<> FileWriter::create() {
  const mode_t mode = file_.mode == wire::FileMode::executable ? 0777U : 0666U;
  return with_remedies(place_, "create", [&] {
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    out_ = UniqueFd{::openat(place_.parent, name(), flags, mode)};
    return static_cast<bool>(out_);
  });
}

Attempt<> FileWriter::write(std::string_view bytes) {
  return with_remedies(place_, "write", [&] {
    while (!bytes.empty()) {
      const ssize_t put = ::write(out_.get(), bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(put, 0)));
    }
    return true;
  });
}

Attempt<> FileWriter::add(std::string_view bytes) {
  hash_.add(bytes);
  if (file_.mode == wire::FileMode::symlink) {
    target_ += bytes;
  } else {
    if (old_ && !old_continues_with(bytes)) {
      if (auto abandoned = abandon_old(); !abandoned) {
        return abandoned;
      }
    }
    if (!old_) {
      if (auto written = write(bytes); !written) {
        return written;
      }
    }
  }
  received_ += bytes.size();
  return {};
}

Attempt<> FileWriter::create_symlink() {
  if (file_.keep_if_same) {
    std::string old(PATH_MAX, '\0');
    const ssize_t size = ::readlinkat(place_.parent, name(), old.data(), old.size());
    if (size >= 0 && target_ == std::string_view{old}.substr(0, static_cast<std::size_t>(size))) {
      return {};
    }
  }
  return with_remedies(place_, "create the symlink",
                       [&] { return ::symlinkat(target_.c_str(), place_.parent, name()) == 0; });
}

/// The kernel's time stamps are those of its last tick, up to ten milliseconds old. What the last test built in this
/// very tick would be as old as the sources that arrive now, and make would take it for up to date: a verdict about
/// another commit. The precise time is later than any stamp given before.
bool FileWriter::stamp() const {
  std::array<timespec, 2> times{};
  times[0].tv_nsec = UTIME_OMIT;
  return ::clock_gettime(CLOCK_REALTIME, &times[1]) == 0 && ::futimens(out_.get(), times.data()) == 0;
}

Attempt<Signature> FileWriter::finish() {
  struct stat status {};
  int error = 0;
  if (file_.mode == wire::FileMode::symlink) {
    if (auto created = create_symlink(); !created) {
      return tl::unexpected<job::Outcome>{std::move(created.error())};
    }
    error = ::fstatat(place_.parent, name(), &status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
  } else {
    const bool stamped = old_ || stamp();
    error = stamped && ::fstat(old_ ? old_.get() : out_.get(), &status) == 0 ? 0 : errno;
    if (out_ && error == 0) {
      error = out_.close_checked();
    }
  }
  if (error != 0) {
    return failed(error, "write", file_.path);
  }
  return Signature{status, hash_.value()};
}

}  // namespace nmz::agent
