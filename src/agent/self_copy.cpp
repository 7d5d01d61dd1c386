#include "self_copy.hpp"

#include <cerrno>
#include <cstddef>

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unique_fd.hpp"

namespace nmz::agent {

int copy_self_to(const std::string& file) {
  constexpr mode_t mode = 0555;
  constexpr std::size_t piece = std::size_t{1} << 20;
  const UniqueFd from{::open("/proc/self/exe", O_RDONLY | O_CLOEXEC)};
  if (!from) return errno;
  const UniqueFd to{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)};
  if (!to || ::fchmod(to.get(), mode) != 0) return errno;  // whatever the umask says
  while (true) {
    const ssize_t count = ::sendfile(to.get(), from.get(), nullptr, piece);
    if (count == 0) return 0;
    if (count < 0 && errno != EINTR) return errno;
  }
}

}  // namespace nmz::agent
