#include "takeover.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "option_rules.hpp"

namespace nmz::nmzbisect {
namespace {

using Word = git::BisectLogEntry::Word;

Result<std::string> read_log(const std::string& file) {
  if (file == "-") return std::string{std::istreambuf_iterator<char>{std::cin}, {}};
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (in) return text;
  return fail(ErrorKind::misconfigured, "--replay: cannot read '" + file + "': " + std::strerror(errno));
}

std::vector<std::string> revisions(const std::vector<git::CommitId>& commits) {
  std::vector<std::string> texts;
  std::ranges::transform(commits, std::back_inserter(texts), [](const git::CommitId& id) { return id.hex(); });
  return texts;
}

/// Its ends are the search's; what the command line says besides goes before.
Result<void> complete(const git::BisectSession& session, const std::string& what, Options& options) {
  const auto lacks = [&](const std::string& term) {
    return fail(ErrorKind::misconfigured, fmt::format("{} has no {} commit yet: git bisect {} REV", what, term, term));
  };
  if (!session.bad) return lacks(session.term_new);
  if (session.goods.empty()) return lacks(session.term_old);
  options.bad = session.bad->hex();
  options.goods = revisions(session.goods);
  options.find_good = false;
  for (std::string& skip : revisions(session.skipped)) options.skips.push_back(std::move(skip));
  if (options.pathspecs.empty()) options.pathspecs = session.pathspecs;
  options.first_parent = options.first_parent || session.first_parent;
  options.term_old = session.term_old;
  options.term_new = session.term_new;
  return {};
}

std::string counts(const git::BisectSession& session) {
  return fmt::format("1 {}, {} {}, {} skipped", session.term_new, session.goods.size(), session.term_old,
                     session.skipped.size());
}

Result<Takeover> replay(const git::Repository& repository, Options& options) {
  Takeover takeover;
  const Result<std::string> text = read_log(options.replay);
  if (!text) return tl::unexpected<Error>{text.error()};
  const Result<git::BisectSession> session = git::replayed_session(repository, *text);
  if (!session) return fail(ErrorKind::misconfigured, "--replay " + options.replay + ": " + session.error().message);
  const Result<void> completed = complete(*session, "the log", options);
  if (!completed) return tl::unexpected<Error>{completed.error()};
  takeover.line = "goes on from " + options.replay + ": " + counts(*session);
  return takeover;
}

bool is_known(const git::BisectSession& session, const git::CommitId& id) {
  const auto has = [&](const std::vector<git::CommitId>& commits) {
    return std::ranges::find(commits, id) != commits.end();
  };
  return session.bad == id || has(session.goods) || has(session.skipped);
}

/// Parents come before their children among the subjects.
std::size_t place_of(const Search& search, const git::BisectLogEntry& entry) {
  return static_cast<std::size_t>(std::ranges::find(search.subjects, entry.id) - search.subjects.begin());
}

git::BisectLogEntry entry_of(const Search& search, search::Node node) {
  const Named named = search.name(node);
  git::BisectLogEntry entry;
  entry.word = Word::bad;
  entry.id = named.id;
  entry.subject = named.subject;
  return entry;
}

}  // namespace

Result<Takeover> take_over(const git::Repository& repository, Options& options) {
  if (!options.replay.empty()) return replay(repository, options);
  if (options.ends_given) return Takeover{};
  Result<std::optional<git::BisectSession>> session = git::bisect_session(repository);
  if (!session) return tl::unexpected<Error>{session.error()};
  if (!*session) {
    const bool configured = !options.bad.empty() && (!options.goods.empty() || options.find_good);
    return configured ? Result<Takeover>{Takeover{}} : fail(ErrorKind::misconfigured, what_is_missing);
  }
  const Result<void> completed = complete(**session, "the git bisect session", options);
  if (!completed) return tl::unexpected<Error>{completed.error()};
  Takeover takeover;
  takeover.line = "goes on with the git bisect session: " + counts(**session);
  takeover.session = std::move(*session);
  return takeover;
}

void give_back(const Search& search, const Takeover& takeover, Reporter& reporter) {
  if (!takeover.session) return;
  using Kind = search::BisectResult::Kind;
  const search::BisectResult& result = search.plan.result();
  git::SessionEnd end;
  // git knows no doubts: of a noisy search it is told the answer.
  const bool certain = search.plan.noisy() == nullptr;
  for (const git::BisectLogEntry& entry : reporter.verdicts()) {
    if (certain && !is_known(*takeover.session, entry.id)) end.verdicts.push_back(entry);
  }
  const auto bad = std::stable_partition(end.verdicts.begin(), end.verdicts.end(),
                                         [](const auto& entry) { return entry.word != Word::bad; });
  std::stable_sort(bad, end.verdicts.end(),
                   [&](const auto& one, const auto& other) { return place_of(search, one) > place_of(search, other); });
  if (result.kind == Kind::found) end.culprit = entry_of(search, result.suspects.front().node);
  if (result.kind == Kind::only_skipped) {
    for (const search::Suspect& suspect : result.suspects) end.possible.push_back(entry_of(search, suspect.node));
  }
  const Result<void> recorded = git::record(search.repository, *takeover.session, end);
  reporter.show(events::Notice{recorded
                                   ? "the git bisect session knows what was found: git bisect log, git bisect reset"
                                   : recorded.error().message});
}

}  // namespace nmz::nmzbisect
