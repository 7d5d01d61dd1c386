#include "nmz/files/placement.hpp"

#include <linux/fs.h>
#include <sys/ioctl.h>

namespace nmz::files {

void spread_subdirectories(int directory) {
  unsigned int flags = 0;
  if (::ioctl(directory, FS_IOC_GETFLAGS, &flags) == 0 && (flags & FS_TOPDIR_FL) == 0) {
    flags |= FS_TOPDIR_FL;
    static_cast<void>(::ioctl(directory, FS_IOC_SETFLAGS, &flags));
  }
}

}  // namespace nmz::files
