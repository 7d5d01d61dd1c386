#include "placement.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nmz/files/unique_fd.hpp"

namespace nmz::hook {
namespace fs = std::filesystem;
namespace {

constexpr const char* mark = "# nmz-culprit: made by `nmzbisect hook install`";
constexpr const char* chained_suffix = ".nmz-chained";
constexpr const char* name_among_many = "50-nmz";

std::string why() { return std::generic_category().message(errno); }

bool is_there(const fs::path& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

tl::unexpected<Error> cannot(const std::string& what, const fs::path& path) {
  return fail(ErrorKind::misconfigured, fmt::format("cannot {} '{}': {}", what, path.string(), why()));
}

/// All of it or nothing of it is there at any time.
Result<void> place_file(const fs::path& path, const std::string& text) {
  const fs::path fresh = path.string() + ".nmz-new";
  files::UniqueFd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0755)};
  if (!file) return cannot("write", fresh);
  const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file.get()) == 0 && file.close_checked() == 0;
  if (written && ::rename(fresh.c_str(), path.c_str()) == 0) return {};
  const tl::unexpected<Error> error = cannot("write", path);
  ::unlink(fresh.c_str());
  return error;
}

std::string section(const std::string& event) {
  return event == "pre-push" ? "hook.nmz-culprit" : "hook.nmz-culprit-" + event;
}

std::string directory_of(const Site& site) { return site.places.git_dir.string(); }

bool is_configured(const Site& site, const std::string& event) {
  return !git_lines(directory_of(site), {"config", "--local", "--get-all", section(event) + ".command"}).empty();
}

bool leads_elsewhere(const Site& site) {
  std::error_code error;
  return fs::weakly_canonical(site.places.hooks, error) != fs::weakly_canonical(site.places.own, error);
}

Result<void> unconfigure(const Site& site, const std::string& event) {
  if (!is_configured(site, event)) return {};
  return ask_git(directory_of(site), {"config", "--local", "--remove-section", section(event)})
      .map([](const std::string&) {});
}

Result<std::string> configure(const Site& site, const std::string& event) {
  const std::string program = quoted(site.program);
  const std::string command = "test ! -x " + program + " || " + program + " hook run " + event;
  return unconfigure(site, event)
      .and_then([&] {
        return ask_git(directory_of(site), {"config", "--local", section(event) + ".command", command});
      })
      .and_then([&](const std::string&) {
        return ask_git(directory_of(site), {"config", "--local", "--add", section(event) + ".event", event});
      })
      .map([&](const std::string&) { return event + ": installed in git's configuration (" + section(event) + ")"; });
}

/// A hook of somebody else's keeps its inode, and so all that it is.
Result<void> set_aside(const fs::path& path, const fs::path& chained) {
  if (!is_there(path) || is_ours(path)) return {};
  if (is_there(chained)) {
    errno = EEXIST;
    return cannot("set the hook that is there aside as", chained);
  }
  if (::linkat(AT_FDCWD, path.c_str(), AT_FDCWD, chained.c_str(), 0) == 0) return {};
  return ::rename(path.c_str(), chained.c_str()) == 0 ? Result<void>{} : cannot("set aside", path);
}

Result<std::string> place(const Site& site, const std::string& event) {
  if (leads_elsewhere(site)) {
    return fail(ErrorKind::misconfigured,
                fmt::format("core.hooksPath leads to '{}', whose files are not touched; add this line to {} there: {} "
                            "hook run {} \"$@\"",
                            site.places.hooks.string(), event, quoted(site.program), event));
  }
  std::error_code error;
  fs::create_directories(site.places.own, error);
  const fs::path path = site.places.own / event;
  const fs::path chained = path.string() + chained_suffix;
  return set_aside(path, chained).and_then([&] { return place_file(path, file_text(site.program, event)); }).map([&] {
    return fmt::format("{}: installed as {}{}", event, path.string(),
                       is_there(chained) ? " (the hook that was there runs first)" : "");
  });
}

/// What was there comes back by its name alone.
Result<bool> displace(const fs::path& path) {
  const fs::path chained = path.string() + chained_suffix;
  if (!is_there(path) || !is_ours(path)) return false;
  const bool gone = is_there(chained) ? ::rename(chained.c_str(), path.c_str()) == 0 : ::unlink(path.c_str()) == 0;
  return gone ? Result<bool>{true} : tl::unexpected{cannot("remove", path)};
}

fs::path among_many(const Site& site) { return site.many / name_among_many; }

bool is_for_many(const Site& site, const std::string& event) { return !site.many.empty() && event == "post-receive"; }

}  // namespace

const std::vector<std::string>& events_known() {
  static const std::vector<std::string> all{"pre-push", "post-receive", "post-merge", "post-rewrite"};
  return all;
}

bool runs_configured_hooks(const std::string& version) {
  int major = 0;
  int minor = 0;
  constexpr int first = 54;
  // NOLINTNEXTLINE(cert-err34-c,cppcoreguidelines-pro-type-vararg): two small numbers of git's own
  if (std::sscanf(version.c_str(), "git version %d.%d", &major, &minor) != 2) return false;
  return major > 2 || (major == 2 && minor >= first);
}

std::string quoted(const std::string& word) {
  std::string result = "'";
  for (const char byte : word) result += byte == '\'' ? std::string{"'\\''"} : std::string{byte};
  return result + "'";
}

std::string file_text(const std::string& program, const std::string& event) {
  return fmt::format(R"sh(#!/bin/sh
{}; `nmzbisect hook uninstall` removes it.
# A hook that was here before is beside it, runs first, and comes back then.
nmz={}
before="${{0%/*}}/{}{}"
test ! -x "$nmz" || exec "$nmz" hook run --chained "$before" {} "$@"
test ! -x "$before" || exec "$before" "$@"
)sh",
                     mark, quoted(program), event, chained_suffix, event);
}

bool is_ours(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  std::ifstream stream{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  return text.find(mark) != std::string::npos;
}

Result<Site> site_at(const std::string& directory, bool server) {
  Site site;
  std::error_code error;
  site.program = fs::read_symlink("/proc/self/exe", error).string();
  const fs::path given{directory.empty() ? "." : directory};
  if (server) {
    for (const fs::path& many : {given / "hooks/post-receive.d", given / "post-receive.d"}) {
      if (site.many.empty() && fs::is_directory(many, error)) site.many = fs::canonical(many, error);
    }
    if (site.many.empty() && fs::is_directory(given / "custom_hooks", error)) {
      site.many = fs::canonical(given, error) / "custom_hooks/post-receive.d";
    }
    if (!site.many.empty()) return site;
  }
  const Result<Places> places = places_of(directory);
  if (!places) return tl::unexpected{places.error()};
  site.places = *places;
  site.configurable = runs_configured_hooks(ask_git("", {"version"}).value_or(""));
  return site;
}

Result<std::string> install(const Site& site, const std::string& event) {
  if (is_for_many(site, event)) {
    std::error_code error;
    fs::create_directories(site.many, error);
    return place_file(among_many(site), file_text(site.program, event)).map([&] {
      return event + ": installed as " + among_many(site).string();
    });
  }
  if (!site.many.empty()) return fail(ErrorKind::misconfigured, event + " is no hook of a server");
  if (!site.configurable) return place(site, event);
  return displace(site.places.own / event).and_then([&](bool) { return configure(site, event); });
}

Result<std::string> uninstall(const Site& site, const std::string& event) {
  if (is_for_many(site, event)) {
    return displace(among_many(site)).map([&](bool gone) { return gone ? event + ": removed" : std::string{}; });
  }
  if (!site.many.empty()) return std::string{};
  const bool configured = is_configured(site, event);
  return unconfigure(site, event).and_then([&] { return displace(site.places.own / event); }).map([&](bool gone) {
    return gone || configured ? event + ": removed" : std::string{};
  });
}

std::string state_of(const Site& site, const std::string& event) {
  if (is_for_many(site, event)) return is_ours(among_many(site)) ? among_many(site).string() : "";
  if (!site.many.empty()) return {};
  if (is_configured(site, event)) return "git's configuration (" + section(event) + ")";
  const fs::path path = site.places.own / event;
  if (!is_ours(path)) return {};
  if (leads_elsewhere(site)) return path.string() + ", which git does not run: core.hooksPath leads elsewhere";
  return path.string() + (is_there(path.string() + chained_suffix) ? ", after the hook that was there before" : "");
}

}  // namespace nmz::hook
