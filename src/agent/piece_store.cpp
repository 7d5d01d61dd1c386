// See piece_store.hpp.
#include "piece_store.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace nmz::agent {
namespace {

constexpr std::array<const char*, 4> places{"/tmp", "/var/tmp", "/dev/shm", "/"};

int open_unnamed(const char* directory) {
  std::string name = std::string{directory} + "/nmz-relay-XXXXXX";
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) {
    ::unlink(name.c_str());
  }
  return fd;
}

}  // namespace

std::optional<Piece> PieceStore::find(std::uint32_t number) const {
  return number < pieces_.size() ? std::optional{pieces_[number]} : std::nullopt;
}

std::optional<Piece> PieceStore::keep(std::string_view bytes) {
  while (files_.empty() || !append(bytes)) {
    if (!open_next()) {
      return std::nullopt;
    }
  }
  Piece piece;
  piece.file = files_.back().get();
  piece.begin = end_;
  piece.size = bytes.size();
  end_ += static_cast<off_t>(bytes.size());
  pieces_.push_back(piece);
  return piece;
}

bool PieceStore::open_next() {
  while (places_tried_ <= places.size()) {
    const std::size_t place = places_tried_++;
    UniqueFd file{place < places.size() ? open_unnamed(places.at(place)) : ::memfd_create("nmz-relay", MFD_CLOEXEC)};
    if (file) {
      files_.push_back(std::move(file));
      end_ = 0;
      return true;
    }
  }
  return false;
}

bool PieceStore::append(std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t put =
        ::pwrite(files_.back().get(), bytes.data() + done, bytes.size() - done, end_ + static_cast<off_t>(done));
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      const int why = errno;
      static_cast<void>(::ftruncate(files_.back().get(), end_));  // what did not fit need not take the room
      errno = why;
      return false;
    }
    done += static_cast<std::size_t>(put);
  }
  return true;
}

}  // namespace nmz::agent
