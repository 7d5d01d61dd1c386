#include "nmz/sandbox/surroundings.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/listing.hpp"
#include "nmz/files/mount_table.hpp"
#include "nmz/files/removal.hpp"
#include "nmz/files/unique_fd.hpp"

#include "mask.hpp"

namespace nmz::sandbox {
namespace fs = std::filesystem;
namespace {

/// Whether `path` is `top` or below it.
bool is_in(const fs::path& path, const fs::path& top) {
  const auto [at, rest] = std::mismatch(top.begin(), top.end(), path.begin(), path.end());
  return at == top.end();
}

Result<void> make(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return fail(ErrorKind::rejected, "cannot make '" + directory.string() + "': " + error.message());
  }
  return {};
}

/// The sockets down to some depth. Not all of them are in /proc/net/unix: a container's are in a network of its own.
/// What is mounted there is not looked into: its server may never answer (FUSE), and it is there as a whole.
void find_sockets(int directory, const std::string& path, int depth, std::size_t& budget,
                  std::set<std::string>& found) {
  const files::Listing listing = files::open_listing(directory);
  std::vector<std::string> below;
  for (const dirent* entry = nullptr; listing && budget > 0 && (entry = files::next(listing)) != nullptr; --budget) {
    const std::string name{entry->d_name};
    if (name == "." || name == "..") continue;
    if (entry->d_type == DT_SOCK) found.insert(std::string{path}.append("/").append(name));
    if (entry->d_type == DT_DIR && depth > 1) below.push_back(name);
  }
  for (const std::string& name : below) {
    const files::UniqueFd next{files::open_here(directory, name.c_str())};
    if (next) find_sockets(next.get(), std::string{path}.append("/").append(name), depth - 1, budget, found);
  }
}

void find_sockets(const std::string& directory, int depth, std::size_t& budget, std::set<std::string>& found) {
  const files::UniqueFd top{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (top) find_sockets(top.get(), directory, depth, budget, found);
}

bool is_in_one_of(const std::string& path, const std::set<std::string>& places) {
  return std::ranges::any_of(places, [&](const std::string& place) { return is_in(path, place); });
}

/// Sockets that somebody listens at, wherever they are, but not in what is found already.
void find_bound_sockets(const fs::path& directory, std::set<std::string>& found) {
  std::ifstream list{"/proc/net/unix"};
  for (std::string line; std::getline(list, line);) {
    const std::size_t at = line.find(directory.string() + '/');
    struct stat status {};
    if (at == std::string::npos || line[at - 1] != ' ') continue;
    const std::string path = line.substr(at);
    if (is_in_one_of(path, found)) continue;
    if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) found.insert(path);
  }
}

/// What is mounted in the directory, but not what is mounted in that again.
void find_mounts(const fs::path& directory, std::set<std::string>& found) {
  std::vector<fs::path> mounts;
  for (const files::MountPoint& mount : files::mount_points()) {
    if (mount.path != directory && is_in(mount.path, directory)) mounts.emplace_back(mount.path);
  }
  std::ranges::sort(mounts);
  for (const fs::path& mount : mounts) {
    if (!is_in_one_of(mount.string(), found)) found.insert(mount.string());
  }
}

/// Where all ids are mapped to themselves; elsewhere root may not write the attributes that only root may.
bool in_first_user_namespace() {
  std::ifstream map{"/proc/self/uid_map"};
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  constexpr std::uint64_t all = 4294967295;
  return !(map >> inside >> outside >> count) || (inside == 0 && outside == 0 && count == all);
}

constexpr std::size_t most_kept = 500;

/// Where pasta is installed and may be used; empty where not.
std::string find_gateway() {
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) return {};
  for (const char* path : {"/usr/bin/pasta", "/usr/local/bin/pasta", "/bin/pasta"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return {};
}

}  // namespace

Result<Surroundings> Surroundings::look(Request request) {
  Surroundings result{std::move(request)};
  const Request& wanted = result.request_;
  if (wanted.own_network) {
    result.gateway_ = find_gateway();
    if (result.gateway_.empty()) result.close_gateway("pasta (of passt) is not installed, or may not use /dev/net/tun");
  }
  for (const char* directory : {"/tmp", "/var/tmp"}) {
    std::error_code error;
    if (fs::is_directory(directory, error) && fs::canonical(directory, error) == directory) {
      result.own_.emplace_back(directory);
    }
  }
  std::set<std::string> kept;
  for (const std::string& directory : result.own_) {
    constexpr int depth = 3;
    std::size_t budget = 20'000;
    find_mounts(directory, kept);
    find_sockets(directory, depth, budget, kept);
    find_bound_sockets(directory, kept);
  }
  for (const std::string& path : kept) {
    const bool ours = is_in(path, wanted.run_directory) || (!wanted.checkout.empty() && is_in(path, wanted.checkout));
    if (!ours && result.kept_.size() < most_kept) result.kept_.push_back(path);
  }
  if (auto made = make(wanted.stand_in); !made) return tl::unexpected<Error>{made.error()};
  if (wanted.checkout.empty() || !wanted.see_untracked) return result;
  std::set<std::string> sockets;
  constexpr int depth = 3;
  std::size_t budget = 5'000;
  find_sockets(wanted.checkout.string(), depth, budget, sockets);
  find_bound_sockets(wanted.checkout, sockets);
  result.sockets_.assign(sockets.begin(), sockets.end());
  if (result.sockets_.size() > most_kept) result.sockets_.resize(most_kept);
  result.mask_ = wanted.run_directory / "mask";
  auto made = make(result.mask_).and_then([&] { return make_mask(wanted.checkout, wanted.untracked, result.mask_); });
  if (!made) return tl::unexpected<Error>{made.error()};
  return result;
}

void Surroundings::close_gateway(std::string why) {
  gateway_.clear();
  no_way_out_ = std::move(why);
}

bool Surroundings::is_covered(const fs::path& path) const {
  return (!request_.checkout.empty() && is_in(path, request_.checkout)) ||
         std::ranges::any_of(own_, [&](const std::string& directory) { return is_in(path, directory); });
}

Result<Plan> Surroundings::plan(const fs::path& worker) const {
  Plan plan;
  plan.own_user = ::geteuid() != 0;
  plan.user_attributes = plan.own_user || !in_first_user_namespace();
  plan.own_network = request_.own_network;
  plan.gateway = gateway_;
  plan.checkout = request_.checkout.string();
  plan.mask = mask_.string();
  const fs::path own = worker / "world";
  plan.work = (own / "work").string();
  if (auto made = make(plan.work); !made) return tl::unexpected<Error>{made.error()};
  for (const std::string& directory : own_) {
    const fs::path written = own / fs::path{directory}.relative_path();
    if (auto made = make(written); !made) return tl::unexpected<Error>{made.error()};
    const bool holds_us = is_in(request_.run_directory, directory);
    if (holds_us) plan.mounts.push_back({Mount::Kind::memory, written.string(), {}});
    plan.mounts.push_back({Mount::Kind::overlay, directory, written.string()});
    // At once: the run's directory may be on a mount among them, and what is made next is in it.
    for (const std::string& path : kept_) {
      if (is_in(path, directory)) plan.mounts.push_back({Mount::Kind::again, path, path});
    }
    const std::string run = request_.run_directory.string();
    if (holds_us) plan.mounts.push_back({Mount::Kind::again, run, run});
  }
  for (const std::string& path : sockets_) {
    plan.mounts.push_back({Mount::Kind::socket, fs::path{path}.lexically_relative(request_.checkout).string(), path});
  }
  if (is_covered(request_.git_directory)) {
    plan.mounts.push_back({Mount::Kind::lent, request_.stand_in.string(), request_.git_directory.string()});
  }
  if (fs::is_directory("/dev/shm")) plan.mounts.push_back({Mount::Kind::memory, "/dev/shm", {}});
  plan.mounts.push_back({Mount::Kind::processes, "/proc", {}});
  return plan;
}

}  // namespace nmz::sandbox
