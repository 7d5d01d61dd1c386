// Mounts a FUSE file system on a directory and never answers what is asked of it: `silent_fuse DIRECTORY`, as root.
// Prints the process that serves it.
//
// The kernel's protocol itself (linux/fuse.h), without a library: only the first message is answered, since what is
// asked before that can still be taken back. Whatever is asked later waits until this server is killed.
#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mount.h>
#include <unistd.h>

namespace {

struct Greeting {
  fuse_out_header header{};
  fuse_init_out init{};
};

void serve(int device) {
  static std::array<char, std::size_t{1} << 20> buffer{};
  while (::read(device, buffer.data(), buffer.size()) > 0) {
    fuse_in_header asked{};
    std::memcpy(&asked, buffer.data(), sizeof asked);
    if (asked.opcode != FUSE_INIT) continue;
    constexpr unsigned minor = 31;
    constexpr unsigned largest_write = 65536;
    Greeting greeting;
    greeting.header = {sizeof greeting, 0, asked.unique};
    greeting.init.major = FUSE_KERNEL_VERSION;
    greeting.init.minor = minor;
    greeting.init.max_write = largest_write;
    static_cast<void>(::write(device, &greeting, sizeof greeting));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int device = argc == 2 ? ::open("/dev/fuse", O_RDWR | O_CLOEXEC) : -1;
  if (device < 0) {
    std::perror("/dev/fuse");
    return 1;
  }
  const std::string options = "fd=" + std::to_string(device) + ",rootmode=40000,user_id=0,group_id=0";
  if (::mount("silent", argv[1], "fuse", 0, options.c_str()) != 0) {
    std::perror("mount");
    return 1;
  }
  const pid_t server = ::fork();
  if (server == 0) {
    ::setsid();
    for (const int output : {STDOUT_FILENO, STDERR_FILENO}) ::close(output);
    serve(device);
    return 0;
  }
  std::printf("%d\n", static_cast<int>(server));
  return 0;
}
