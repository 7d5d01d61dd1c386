// See ref_snapshot.hpp. The format: gitrepository-layout(5) and git-pack-refs(1); a line "^<id>" below a tag says what
// it peels to, so that `git describe` need not read thousands of tags.
#include "ref_snapshot.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "git_process.hpp"

namespace nmz::git {

namespace {

constexpr std::size_t id_digits = 40;

bool left_out(std::string_view ref) {
  static constexpr std::array<std::string_view, 4> private_refs{"refs/bisect/", "refs/worktree/", "refs/rewritten/",
                                                                "refs/stash"};
  return std::ranges::any_of(private_refs, [&](std::string_view prefix) { return ref.starts_with(prefix); });
}

}  // namespace

Result<std::string> packed_refs(const ObjectSource& source) {
  bool peeled = true;
  Result<GitText> listing = run_git(source.command({"show-ref", "--dereference"}));
  if (listing && listing->exit_code > 1) {
    // A ref to an object that is not there stops show-ref. Without the peeled lines, nothing has to be read.
    peeled = false;
    listing = run_git(source.command({"for-each-ref", "--format=%(objectname) %(refname)"}));
  }
  if (!listing) {
    return tl::unexpected{listing.error()};
  }
  std::string packed = peeled ? "# pack-refs with: peeled fully-peeled sorted \n" : "# pack-refs with: sorted \n";
  std::string_view rest = listing->out;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::string_view ref = line.substr(std::min(line.size(), id_digits + 1));
    if (ref.empty() || left_out(ref)) {
      continue;
    }
    if (ref.ends_with("^{}")) {
      fmt::format_to(std::back_inserter(packed), "^{}\n", line.substr(0, id_digits));
    } else {
      fmt::format_to(std::back_inserter(packed), "{}\n", line);
    }
  }
  return packed;
}

}  // namespace nmz::git
