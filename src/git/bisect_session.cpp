// See bisect_session.hpp.
#include "nmz/git/bisect_session.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "nmz/files/contents.hpp"

#include "git_process.hpp"
#include "quoting.hpp"

namespace nmz::git {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view refs = "refs/bisect/";

std::string content(const fs::path& file) { return files::contents(file).value_or(""); }

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// A session begun below the top would otherwise look for its paths there.
std::vector<std::string> from_top(std::vector<std::string> pathspecs) {
  for (std::string& one : pathspecs) {
    if (!one.starts_with(':')) {
      one.insert(0, ":(top)");
    }
  }
  return pathspecs;
}

/// BISECT_TERMS: the word for the new state, then that for the old one.
void read_terms(const fs::path& git_dir, BisectSession& session) {
  const std::string text = content(git_dir / "BISECT_TERMS");
  const std::vector<std::string_view> lines = lines_of(text);
  if (lines.size() >= 2) {
    session.term_new = lines[0];
    session.term_old = lines[1];
  }
}

void take_ref(std::string_view name, const CommitId& commit, BisectSession& session) {
  if (name == session.term_new) {
    session.bad = commit;
  } else if (name.starts_with(session.term_old + '-')) {
    session.goods.push_back(commit);
  } else if (name.starts_with("skip-")) {
    session.skipped.push_back(commit);
  }
}

/// Reads the lines of a log.
class Replay {
 public:
  explicit Replay(const Repository& repository) : repository_{repository} {}

  Result<void> line(std::string_view text) {
    if (text.empty() || text.starts_with('#')) {
      return {};
    }
    const std::optional<std::vector<std::string>> words = words_of_shell(text);
    // "git-bisect good" as very old ones have it.
    const bool dashed = words && !words->empty() && words->front() == "git-bisect";
    const bool spaced = words && words->size() > 1 && words->at(0) == "git" && words->at(1) == "bisect";
    const std::size_t at = dashed ? 1 : 2;
    if ((!dashed && !spaced) || words->size() <= at) {
      return fail(ErrorKind::misconfigured, "is no command of git bisect");
    }
    return command(words->at(at), {words->begin() + static_cast<std::ptrdiff_t>(at) + 1, words->end()});
  }

  BisectSession take() { return std::move(session_); }

 private:
  Result<void> command(const std::string& word, const std::vector<std::string>& arguments) {
    if (word == "start") {
      return start(arguments);
    }
    if (word == "terms") {
      return {};
    }
    const bool bad = word == session_.term_new || word == "bad" || word == "new";
    const bool good = word == session_.term_old || word == "good" || word == "old";
    if (!bad && !good && word != "skip") {
      return fail(ErrorKind::misconfigured, "has '" + word + "', which is no term of this session");
    }
    for (const std::string& revision : arguments) {
      const Result<CommitId> commit = repository_.commit(revision);
      if (!commit) {
        return tl::unexpected{commit.error()};
      }
      add(*commit, bad, good);
    }
    return {};
  }

  void add(const CommitId& commit, bool bad, bool good) {
    if (bad) {
      session_.bad = commit;
      return;
    }
    std::vector<CommitId>& known = good ? session_.goods : session_.skipped;
    if (std::ranges::find(known, commit) == known.end()) {
      known.push_back(commit);
    }
  }

  Result<void> start(const std::vector<std::string>& arguments) {
    session_ = BisectSession{};
    const auto dashes = std::ranges::find(arguments, "--");
    bool first = true;
    for (auto at = arguments.begin(); at != dashes; ++at) {
      if (at->starts_with("--")) {
        at = option(at, dashes);
        continue;
      }
      const Result<CommitId> commit = repository_.commit(*at);
      if (!commit && dashes != arguments.end()) {
        return tl::unexpected{commit.error()};
      }
      if (!commit) {  // the paths begin here: git lets people leave "--" out
        session_.pathspecs = from_top({at, arguments.end()});
        return {};
      }
      add(*commit, std::exchange(first, false), true);
    }
    if (dashes != arguments.end()) {
      session_.pathspecs = from_top({dashes + 1, arguments.end()});
    }
    return {};
  }

  using At = std::vector<std::string>::const_iterator;
  At option(At at, At end) {
    const std::size_t equals = at->find('=');
    const std::string name = at->substr(0, equals);
    const bool is_new = name == "--term-new" || name == "--term-bad";
    if (is_new || name == "--term-old" || name == "--term-good") {
      const bool apart = equals == std::string::npos && at + 1 != end;
      std::string& term = is_new ? session_.term_new : session_.term_old;
      term = apart ? *(at + 1) : at->substr(std::min(equals + 1, at->size()));
      return apart ? at + 1 : at;
    }
    session_.first_parent = session_.first_parent || name == "--first-parent";
    return at;
  }

  const Repository& repository_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  BisectSession session_;
};

/// All of it or nothing, and only if the bad end is still the one that the search began with.
Result<void> update_refs(const Repository& repository, const BisectSession& session, const SessionEnd& end) {
  using Word = BisectLogEntry::Word;
  std::string text;
  std::optional<CommitId> bad = end.culprit ? std::optional{end.culprit->id} : std::nullopt;
  for (const BisectLogEntry& entry : end.verdicts) {
    if (entry.word == Word::bad) {
      bad = end.culprit ? bad : std::optional{entry.id};
      continue;
    }
    const std::string name = entry.word == Word::good ? session.term_old : "skip";
    text += fmt::format("update {}{}-{} {}\n", refs, name, entry.id.hex(), entry.id.hex());
  }
  const std::string was = session.bad ? session.bad->hex() : std::string{};
  text += fmt::format("update {}{} {} {}\n", refs, session.term_new, bad ? bad->hex() : was, was);
  GitCommand command = git_command(repository, {"update-ref", "--stdin"});
  command.input = text;
  const Result<GitText> updated = run_git(command);
  if (!updated) {
    return tl::unexpected{updated.error()};
  }
  if (updated->exit_code != 0) {
    return fail(ErrorKind::retryable, "nothing was recorded in the git bisect session, which has changed meanwhile (" +
                                          complaint(updated->err) + ")");
  }
  return {};
}

}  // namespace

Result<std::optional<BisectSession>> bisect_session(const Repository& repository) {
  const fs::path& git_dir = repository.git_dir();
  std::error_code error;
  if (!fs::exists(git_dir / "BISECT_START", error)) {
    return std::optional<BisectSession>{};
  }
  BisectSession session;
  read_terms(git_dir, session);
  session.first_parent = fs::exists(git_dir / "BISECT_FIRST_PARENT", error);
  std::optional<std::vector<std::string>> names = words_of_shell(content(git_dir / "BISECT_NAMES"));
  if (!names) {
    return fail(ErrorKind::misconfigured,
                "the paths of the git bisect session cannot be read: see BISECT_NAMES in " + git_dir.string());
  }
  if (!names->empty() && names->front() == "--") {  // as it was typed
    names->erase(names->begin());
  }
  session.pathspecs = from_top(*names);
  const Result<std::string> listed =
      git_output(git_command(repository, {"for-each-ref", "--format=%(objectname) %(refname)", std::string{refs}}),
                 ErrorKind::rejected);
  if (!listed) {
    return tl::unexpected{listed.error()};
  }
  for (const std::string_view line : lines_of(*listed)) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::optional<CommitId> commit = CommitId::parse(line.substr(0, blank));
    const std::string_view name = line.substr(std::min(blank + 1, line.size()));
    if (commit && name.starts_with(refs)) {
      take_ref(name.substr(refs.size()), *commit, session);
    }
  }
  return std::optional{std::move(session)};
}

Result<BisectSession> replayed_session(const Repository& repository, std::string_view log) {
  Replay replay{repository};
  std::size_t number = 0;
  for (std::string_view line : lines_of(log)) {
    ++number;
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (const Result<void> read = replay.line(line); !read) {
      return fail(ErrorKind::misconfigured, fmt::format("line {} {}", number, read.error().message));
    }
  }
  return replay.take();
}

Result<void> record(const Repository& repository, const BisectSession& session, const SessionEnd& end) {
  std::error_code error;
  const fs::path log = repository.git_dir() / "BISECT_LOG";
  if (!fs::exists(repository.git_dir() / "BISECT_START", error)) {
    return fail(ErrorKind::retryable, "nothing was recorded: the git bisect session was ended meanwhile");
  }
  if (Result<void> updated = update_refs(repository, session, end); !updated) {
    return updated;
  }
  std::ofstream out{log, std::ios::binary | std::ios::app};
  out << session_text(session.term_old, session.term_new, end.verdicts, end.culprit, end.possible) << std::flush;
  if (!out) {
    return fail(ErrorKind::retryable, "cannot write " + log.string() + "; the session's refs have what was found");
  }
  return {};
}

}  // namespace nmz::git
