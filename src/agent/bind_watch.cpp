// See bind_watch.hpp.
#include "bind_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace nmz::agent {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native = AUDIT_ARCH_X86_64;
constexpr std::uint32_t narrow = AUDIT_ARCH_I386;
constexpr std::uint32_t narrow_bind = 361;
#elif defined(__aarch64__)
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t narrow = AUDIT_ARCH_ARM;
constexpr std::uint32_t narrow_bind = 282;
#else
#error "the number of bind(2) is not known for this processor"
#endif

constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)};
}
constexpr sock_filter unless_equal_skip(std::uint32_t value, std::uint8_t count) {
  return {BPF_JMP | BPF_JEQ | BPF_K, 0, count, value};
}
constexpr sock_filter answer(std::uint32_t what) { return {BPF_RET | BPF_K, 0, 0, what}; }

/// bind() waits for us, in both widths of program; everything else goes on at once.
constexpr std::array<sock_filter, 10> filter{{load(offsetof(seccomp_data, arch)), unless_equal_skip(native, 3),
                                              load(offsetof(seccomp_data, nr)), unless_equal_skip(__NR_bind, 5),
                                              answer(SECCOMP_RET_USER_NOTIF), unless_equal_skip(narrow, 3),
                                              load(offsetof(seccomp_data, nr)), unless_equal_skip(narrow_bind, 1),
                                              answer(SECCOMP_RET_USER_NOTIF), answer(SECCOMP_RET_ALLOW)}};

/// Before 5.5 a call could be answered for the kernel, but not let go on.
bool kernel_lets_go_on() {
  utsname name{};
  if (::uname(&name) != 0) {
    return false;
  }
  int major = 0;
  int minor = 0;
  const char* at = name.release;
  for (; *at >= '0' && *at <= '9'; ++at) {
    major = 10 * major + (*at - '0');
  }
  for (at += *at == '.' ? 1 : 0; *at >= '0' && *at <= '9'; ++at) {
    minor = 10 * minor + (*at - '0');
  }
  return major > 5 || (major == 5 && minor >= 5);
}

int set_filter() {
  sock_fprog program{};
  program.len = filter.size();
  program.filter = const_cast<sock_filter*>(filter.data());  // NOLINT: read only
  // Without the first flag old kernels slow everything down; with the last one a signal does not begin the call anew.
  constexpr unsigned flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  constexpr unsigned killable = 1U << 5U;  // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, Linux 5.19
  const long first = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | killable, &program);
  return static_cast<int>(
      first >= 0 || errno != EINVAL ? first : ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

/// One byte and one descriptor.
struct Parcel {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  Parcel() {
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
  }
};

/// As far as the caller has it, and no more than an address can be.
std::size_t read_address(const seccomp_notif& call, sockaddr_storage& address) {
  iovec here{&address, std::min<std::size_t>(call.data.args[2], sizeof address)};
  iovec there{reinterpret_cast<void*>(call.data.args[1]), here.iov_len};  // NOLINT: an address of the other process
  const ssize_t got = ::process_vm_readv(static_cast<pid_t>(call.pid), &here, 1, &there, 1, 0);
  return static_cast<std::size_t>(std::max<ssize_t>(got, 0));
}

std::optional<std::uint64_t> place_of(const std::string& path) {
  constexpr std::uint64_t spread = 0x9E3779B97F4A7C15;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    return std::nullopt;
  }
  return status.st_ino ^ (static_cast<std::uint64_t>(status.st_dev) * spread);
}

std::string process(const seccomp_notif& call) { return "/proc/" + std::to_string(call.pid); }

/// A test with a network of its own disturbs nobody outside of that.
std::optional<job::Taken> in_network(const seccomp_notif& call, std::string name) {
  const auto place = place_of(process(call) + "/ns/net");
  return place ? std::optional{job::Taken{std::move(name), *place}} : std::nullopt;
}

/// A file is where its directory is, whatever that is called where the test runs.
std::optional<job::Taken> at_path(const seccomp_notif& call, const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const auto place = place_of(process(call) + (path.front() == '/' ? "/root" : "/cwd/") + directory);
  return place ? std::optional{job::Taken{"socket " + path, *place}} : std::nullopt;
}

std::optional<job::Taken> of_unix(const seccomp_notif& call, const sockaddr_un& address, std::size_t size) {
  constexpr std::size_t longest = 200;
  const std::size_t length = size - offsetof(sockaddr_un, sun_path);
  if (length == 0) {
    return std::nullopt;  // the kernel chooses
  }
  std::string_view name{address.sun_path, std::min(length, sizeof address.sun_path)};
  if (name.front() == '\0') {
    return in_network(call, "socket @" + std::string{name.substr(1, longest)});
  }
  return at_path(call, std::string{name.substr(0, std::min(name.find('\0'), longest))});
}

std::optional<job::Taken> taken_by(const seccomp_notif& call, const sockaddr_storage& address, std::size_t size) {
  std::uint16_t port = 0;
  if (address.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
    port = ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);  // NOLINT: that is what a sockaddr is for
  } else if (address.ss_family == AF_INET6 && size >= offsetof(sockaddr_in6, sin6_addr)) {
    port = ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);  // NOLINT
  } else if (address.ss_family == AF_UNIX && size >= offsetof(sockaddr_un, sun_path)) {
    return of_unix(call, reinterpret_cast<const sockaddr_un&>(address), size);  // NOLINT
  }
  return port == 0 ? std::nullopt : in_network(call, "port " + std::to_string(port));
}

}  // namespace

void watch_own_binds(int socket) {
  const int listener = kernel_lets_go_on() ? set_filter() : -1;
  if (listener < 0) {
    return;
  }
  Parcel parcel;
  cmsghdr* const header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &listener, sizeof listener);
  static_cast<void>(::sendmsg(socket, &parcel.message, MSG_NOSIGNAL));
  ::close(listener);
}

BindWatch::BindWatch(int socket) {
  Parcel parcel;
  const ssize_t got = ::recvmsg(socket, &parcel.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  const cmsghdr* const header = got > 0 ? CMSG_FIRSTHDR(&parcel.message) : nullptr;
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int listener = -1;
    std::memcpy(&listener, CMSG_DATA(header), sizeof listener);
    listener_ = UniqueFd{listener};
  }
}

std::optional<BindWatch::Call> BindWatch::next() {
  union {
    seccomp_notif call;
    std::array<char, 512> room;  // a newer kernel's is longer
  } got{};
  std::memset(&got, 0, sizeof got);
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &got) != 0) {
    if (errno != EINTR && errno != ENOENT) {
      listener_.reset();  // nobody is left who could call
    }
    return std::nullopt;
  }
  Call call;
  call.id = got.call.id;
  sockaddr_storage address{};
  const std::size_t size = read_address(got.call, address);
  call.readable = size >= sizeof address.ss_family || got.call.data.args[2] == 0;
  if (call.readable) {
    call.takes = taken_by(got.call, address, size);
  }
  // What was read is the caller's only if it still waits: its number may have become another's.
  if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &call.id) != 0) {
    return std::nullopt;
  }
  return call;
}

void BindWatch::let_go_on(const Call& call) const {
  seccomp_notif_resp response{};
  response.id = call.id;
  response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  static_cast<void>(::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &response));
}

}  // namespace nmz::agent
