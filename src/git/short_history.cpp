// See short_history.hpp. A commit is cut off with all its parents or none (gitformat: "shallow"), so the parents of
// the last ones are in it as well, and are the ones without parents: no merge loses a side.
#include "short_history.hpp"

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "nmz/files/contents.hpp"

#include "git_process.hpp"
#include "ref_snapshot.hpp"

namespace nmz::git {

namespace {

constexpr std::size_t id_digits = 40;

/// Takes what `git rev-list --parents` says.
class Gathering {
 public:
  Gathering(const ObjectSource& source, ShortHistory& history) : source_{source}, history_{history} {}

  Result<void> take(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), {"rev-list", "--parents"});
    GitCommand command = source_.command(std::move(arguments));
    command.set.emplace_back("GIT_NO_REPLACE_OBJECTS=1");
    command.input = input;
    const Result<GitEnd> end = run_git(command, [this](std::string_view line) { return take_line(line); });
    if (!end) {
      return tl::unexpected{end.error()};
    }
    return end->exit_code == 0 ? Result<void>{} : fail(ErrorKind::retryable, complaint(end->err));
  }

  void cut() {
    for (const CommitId& parent : parents_) {
      if (history_.commits.insert(parent).second) {
        history_.shallow.insert(parent);
      }
    }
    std::istringstream already{files::contents(source_.place().common_dir / "shallow").value_or("")};
    for (std::string line; std::getline(already, line);) {
      const std::optional<CommitId> id = CommitId::parse(line);
      if (id && history_.commits.contains(*id)) {
        history_.shallow.insert(*id);
      }
    }
  }

 private:
  bool take_line(std::string_view line) {
    bool first = true;
    for (; line.size() >= id_digits; line.remove_prefix(std::min(line.size(), id_digits + 1)), first = false) {
      const std::optional<CommitId> id = CommitId::parse(line.substr(0, id_digits));
      if (!id) {
        return false;
      }
      (first ? history_.commits : parents_).insert(*id);
    }
    return true;
  }

  const ObjectSource& source_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  ShortHistory& history_;       // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::unordered_set<CommitId> parents_;
};

}  // namespace

Result<ShortHistory> short_history(const ObjectSource& source, const std::vector<CommitId>& tips,
                                   const std::vector<CommitId>& also, std::size_t limit) {
  ShortHistory history;
  Gathering gathering{source, history};
  std::vector<std::string> arguments{fmt::format("--max-count={}", limit)};
  for (const CommitId& tip : tips) {
    arguments.push_back(tip.hex());
  }
  if (Result<void> taken = gathering.take(std::move(arguments)); !taken) {
    return tl::unexpected{taken.error()};
  }
  std::string missing;
  for (const CommitId& id : also) {
    missing += history.commits.contains(id) ? std::string{} : id.hex() + '\n';
  }
  if (!missing.empty()) {
    if (Result<void> taken = gathering.take({"--no-walk", "--stdin"}, missing); !taken) {
      return tl::unexpected{taken.error()};
    }
  }
  gathering.cut();
  return history;
}

Result<ShortRefs> refs_into(const ObjectSource& source, const ShortHistory& history) {
  const Result<std::string> all = packed_refs(source);
  if (!all) {
    return tl::unexpected{all.error()};
  }
  ShortRefs refs;
  std::istringstream lines{*all};
  std::string before;  // a ref that may be a tag's: the next line says what it peels to
  for (std::string line; std::getline(lines, line);) {
    const bool peeled = line.starts_with('^');
    const std::optional<CommitId> id = CommitId::parse(std::string_view{line}.substr(peeled ? 1 : 0, id_digits));
    if (line.starts_with('#')) {
      refs.packed.append(line).append("\n");
    } else if (id && history.commits.contains(*id)) {
      if (peeled) refs.packed.append(before).append("\n");
      refs.packed.append(line).append("\n");
      if (const std::optional<CommitId> tag = CommitId::parse(before.substr(0, id_digits)); peeled && tag) {
        refs.tags.push_back(*tag);
      }
    }
    before = peeled ? std::string{} : line;
  }
  return refs;
}

}  // namespace nmz::git
