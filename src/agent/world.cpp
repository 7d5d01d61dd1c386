// See world.hpp. Everything is mounted by descriptor: the options of mount(2) know no way to write a path with a comma
// or a colon for all kernels, and a name may lead elsewhere once something is mounted above it.
#include "world.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nmz/files/identity.hpp"
#include "nmz/files/removal.hpp"

#include "gateway.hpp"
#include "process_tree.hpp"

namespace nmz::agent {
namespace {

using sandbox::Mount;

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

UniqueFd open_path(const std::string& path, int flags = 0) {
  return UniqueFd{::open(path.c_str(), O_PATH | O_CLOEXEC | flags)};
}

bool write_file(const char* path, const std::string& text) {
  const UniqueFd file{::open(path, O_WRONLY | O_CLOEXEC)};
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// The files of /proc/self belong to nobody while this process may not be looked into.
bool map_ids(uid_t user, gid_t group) {
  ::prctl(PR_SET_DUMPABLE, 1);
  const std::string uid = std::to_string(user);
  const std::string gid = std::to_string(group);
  const bool done = write_file("/proc/self/setgroups", "deny") &&
                    write_file("/proc/self/uid_map", uid + ' ' + uid + " 1") &&
                    write_file("/proc/self/gid_map", gid + ' ' + gid + " 1");
  const int error = errno;
  ::prctl(PR_SET_DUMPABLE, 0);
  errno = error;
  return done;
}

bool raise_loopback() {
  const UniqueFd socket{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", sizeof "lo");
  request.ifr_flags = IFF_UP;
  return socket && ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// A directory of ours, made if missing.
UniqueFd own_directory(const std::string& path) {
  ::mkdir(path.c_str(), S_IRWXU);
  return open_path(path, O_DIRECTORY | O_NOFOLLOW);
}

/// What an agent has left that was killed: a volatile overlay is not mounted again on the same directory.
bool empty(const std::string& path) {
  const UniqueFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
  return directory && files::empty_directory(directory.get(), nullptr, [] {}).count == 0;
}

/// As good as the kernel can (5.12): the files are the user's own, and nobody here has a reason to write to them.
void make_read_only(const std::string& path) {
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  ::syscall(SYS_mount_setattr, AT_FDCWD, path.c_str(), AT_RECURSIVE, &attributes, sizeof attributes);
}

}  // namespace

std::optional<World> World::read(int fd) {
  std::string bytes;
  std::array<char, 4096> buffer{};
  ssize_t got = 0;
  while ((got = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(bytes.size()))) > 0) {
    bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
  auto plan = got < 0 ? std::nullopt : sandbox::decode(bytes);
  return plan ? std::optional{World{std::move(*plan)}} : std::nullopt;
}

Attempt<> World::leave() const {
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare((plan_.own_user ? CLONE_NEWUSER : 0) | CLONE_NEWPID) != 0) {
    return failed(errno, "make namespaces", plan_.own_user ? "(user, pid)" : "(pid)");
  }
  if (plan_.own_user && !map_ids(user, group)) {
    return failed(errno, "keep the ids in", "the user namespace");
  }
  return {};
}

Attempt<> World::enter() {
  std::optional<Gateway> gateway;
  if (plan_.own_network && !plan_.gateway.empty()) {
    auto prepared = Gateway::prepare(plan_.gateway);
    if (!prepared) {
      return tl::unexpected<job::Outcome>{prepared.error()};
    }
    gateway = std::move(*prepared);
  }
  if (::unshare(CLONE_NEWNS | CLONE_NEWIPC | (plan_.own_network ? CLONE_NEWNET : 0)) != 0) {
    return failed(errno, "make namespaces", plan_.own_network ? "(mount, ipc, network)" : "(mount, ipc)");
  }
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    return failed(errno, "mount apart", "/");
  }
  if (plan_.own_network && !raise_loopback()) {
    return failed(errno, "raise", "lo");
  }
  if (gateway) {
    if (auto open = gateway->open(); !open) {
      return open;
    }
  }
  // What is covered can still be seen from a directory below: a test reads /proc/1/cwd, and we start in the checkout.
  if (::chdir("/") != 0) {
    return failed(errno, "change to", "/");
  }
  checkout_ = open_path(plan_.checkout, O_DIRECTORY);
  if (!checkout_ && !plan_.checkout.empty()) {
    return failed(errno, "find the checkout", plan_.checkout);
  }
  mask_ = open_path(plan_.mask, O_DIRECTORY);
  outside_ = open_path("/proc", O_DIRECTORY);
  all_processes() = path_of(outside_.get());
  std::vector<UniqueFd> sources;
  for (const Mount& mount : plan_.mounts) {
    sources.push_back(open_path(mount.source, O_NOFOLLOW));
  }
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (plan_.mounts[i].kind == Mount::Kind::socket) {
      sockets_.emplace_back(plan_.mounts[i].target, std::move(sources[i]));
      continue;
    }
    if (auto made = make(plan_.mounts[i], sources[i].get()); !made) {
      return made;
    }
  }
  return {};
}

Attempt<> World::make(const Mount& mount, int source) const {
  const char* const target = mount.target.c_str();
  const auto result = [&](int done) { return done == 0 ? Attempt<>{} : failed(errno, "mount on", mount.target); };
  switch (mount.kind) {
    case Mount::Kind::memory:
      return result(::mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
    case Mount::Kind::processes:
      return result(::mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
    case Mount::Kind::overlay: {
      if (!empty(mount.source)) {
        return failed(errno, "empty", mount.source);
      }
      const UniqueFd upper = own_directory(mount.source + "/upper");
      const UniqueFd work = own_directory(mount.source + "/work");
      const UniqueFd lower = open_path(mount.target);
      struct stat status {};
      if (!upper || !work || !lower || ::fstat(lower.get(), &status) != 0 ||
          ::chmod(path_of(upper.get()).c_str(), status.st_mode & 07777U) != 0) {
        return failed(errno, "make what is written to", mount.target);
      }
      auto made = overlay(mount.target, path_of(lower.get()), upper.get(), work.get());
      if (!made && made.error().code == EINVAL) {
        return instead_of_overlay(mount.target, path_of(upper.get()));
      }
      return made;
    }
    case Mount::Kind::again:
    case Mount::Kind::lent:
    case Mount::Kind::socket:
      break;
  }
  if (source < 0) {
    return {};
  }
  if (::mount(path_of(source).c_str(), target, nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return errno == ENOENT ? Attempt<>{} : failed(errno, "mount on", mount.target);
  }
  if (mount.kind == Mount::Kind::lent) {
    make_read_only(mount.target);
  }
  return {};
}

/// In a user namespace nothing is laid over a directory with mounts below it: that could uncover what they cover. Then
/// what is outside is not seen here, but for what is mounted there by us, whose places are made.
Attempt<> World::instead_of_overlay(const std::string& target, const std::string& upper) const {
  std::vector<std::string> places{plan_.checkout};
  for (const Mount& mount : plan_.mounts) {
    places.push_back(mount.target);
  }
  std::vector<std::pair<std::string, mode_t>> below;
  for (const std::string& place : places) {
    struct stat status {};
    if (place.starts_with(target + '/') && ::lstat(place.c_str(), &status) == 0) {
      below.emplace_back(place, status.st_mode);
    }
  }
  if (::mount(upper.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    return failed(errno, "mount on", target);
  }
  for (const auto& [place, mode] : below) {
    for (std::size_t slash = place.find('/', target.size() + 1); slash != std::string::npos;
         slash = place.find('/', slash + 1)) {
      ::mkdir(place.substr(0, slash).c_str(), 0755);
    }
    const bool made =
        S_ISDIR(mode) ? ::mkdir(place.c_str(), 0755) == 0 : ::mknod(place.c_str(), S_IFREG | 0600, 0) == 0;
    if (!made && errno != EEXIST) {
      return failed(errno, "make", place);
    }
  }
  return {};
}

Attempt<> World::overlay(const std::string& target, const std::string& lower, int upper, int work) const {
  const std::string options = std::string{plan_.user_attributes ? "userxattr," : ""} + "volatile,lowerdir=" + lower +
                              ",upperdir=" + path_of(upper) + ",workdir=" + path_of(work);
  if (::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) != 0) {
    return failed(errno, "mount an overlay on", target);
  }
  return {};
}

Attempt<> World::open(const std::string& tree) {
  tree_ = tree;
  tree_below_ = open_path(tree, O_DIRECTORY | O_NOFOLLOW);
  if (!tree_below_) {
    return failed(errno, "open", tree);
  }
  if (mask_ && checkout_) {
    if (!empty(plan_.work)) {
      return failed(errno, "empty", plan_.work);
    }
    const UniqueFd work = open_path(plan_.work, O_DIRECTORY);  // on the same mount as the tree
    const std::string lower = path_of(mask_.get()) + ':' + path_of(checkout_.get());
    if (auto made = overlay(tree, lower, tree_below_.get(), work.get()); !made) {
      return made;
    }
    for (const auto& [path, socket] : sockets_) {  // the commit may have something else there
      const std::string target = std::string{tree}.append("/").append(path);
      ::mount(path_of(socket.get()).c_str(), target.c_str(), nullptr, MS_BIND, nullptr);
    }
  }
  if (checkout_ && ::mount(tree.c_str(), plan_.checkout.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return failed(errno, "mount on", plan_.checkout);
  }
  return {};
}

void World::close() {
  if (tree_.empty()) {
    return;
  }
  if (checkout_) {
    uncover(plan_.checkout, checkout_);
  }
  uncover(tree_, tree_below_);
  tree_.clear();
  tree_below_.reset();
}

/// Detaches what is mounted on the path, however much there is, until what is below can be seen again.
void World::uncover(const std::string& path, const UniqueFd& below) const {
  for (;;) {
    const UniqueFd seen = open_path(path, O_DIRECTORY);
    if (!seen || files::is_same(seen.get(), below.get()) || ::umount2(path.c_str(), MNT_DETACH) != 0) {
      return;
    }
  }
}

}  // namespace nmz::agent
