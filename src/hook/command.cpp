#include "nmz/hook/command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <unistd.h>

#include "nmz/command_line/parser.hpp"
#include "nmz/command_line/values.hpp"
#include "nmz/output/standard_streams.hpp"

#include "child.hpp"
#include "later.hpp"
#include "placement.hpp"
#include "pre_push.hpp"
#include "settings.hpp"

namespace nmz::hook {
namespace {

using Words = std::vector<std::string>;
constexpr int exit_usage = 128;

int complain(const std::string& line) {
  tell(line);
  return exit_usage;
}

// ---- run

/// A hook's input is small. Read whole, so that git is never kept waiting, and others can have it too.
std::string read_input() {
  std::string text;
  std::array<char, 1U << 16U> buffer{};
  if (::isatty(STDIN_FILENO) != 0) return text;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) return text;
  }
}

/// The hook that was there before. Nothing: there is none, or it is content.
int run_chained(const std::string& file, const Words& arguments, const std::string& input) {
  if (file.empty() || ::access(file.c_str(), X_OK) != 0) return 0;
  ForeignRequest request;
  request.command = {file};
  request.command.insert(request.command.end(), arguments.begin(), arguments.end());
  request.input = input;
  request.shell = false;
  const Result<int> status = run_foreign(request);
  if (status) return *status;
  tell(status.error().message);
  return 1;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

/// pre-commit has read git's input itself, and tells of one ref, the first that has something new, in the environment.
void take_from_pre_commit(Words& words, std::string& input) {
  constexpr std::size_t digits = 40;
  const std::string to = variable("PRE_COMMIT_TO_REF");
  const std::string ref = variable("PRE_COMMIT_REMOTE_BRANCH");
  if (!words.empty() || !input.empty() || to.empty() || ref.empty()) return;
  const std::string from = variable("PRE_COMMIT_FROM_REF");
  words = {variable("PRE_COMMIT_REMOTE_NAME"), variable("PRE_COMMIT_REMOTE_URL")};
  input = "HEAD " + to + ' ' + ref + ' ' + (from.size() == to.size() ? from : std::string(digits, '0')) + '\n';
}

/// `run [--chained FILE] EVENT [ARG...]`: git's words are taken as they are.
int run(Words words) {
  std::string chained;
  if (words.size() >= 2 && words[0] == "--chained") {
    chained = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.empty() || std::ranges::find(events_known(), words.front()) == events_known().end()) {
    return complain("hook run needs one of pre-push, post-receive, post-merge and post-rewrite");
  }
  const std::string event = words.front();
  words.erase(words.begin());
  std::string input = event == "post-merge" ? std::string{} : read_input();
  if (event == "pre-push") take_from_pre_commit(words, input);
  const int before = run_chained(chained, words, input);
  if (before != 0 && event == "pre-push") return before;
  int own = 0;
  if (!switched_off()) own = event == "pre-push" ? pre_push(words, input) : later(event, words, input);
  return before != 0 ? before : own;
}

// ---- install, uninstall, status

struct Asked {
  Asked() = default;
  std::string directory;
  std::string server;
  Words events;
};

/// In a clone people push; a bare repository is pushed to.
Words events_of(const Asked& asked, const Site& site, bool all) {
  if (!asked.events.empty()) return asked.events;
  if (all) return events_known();
  const bool receives = !asked.server.empty() || site.places.bare;
  return {receives ? "post-receive" : "pre-push"};
}

/// Each event's line; the first that cannot be done ends it.
int carry_out(const Asked& asked, bool installing) {
  const Result<Site> site = site_at(asked.server.empty() ? asked.directory : asked.server, !asked.server.empty());
  if (!site) return complain(site.error().message);
  for (const std::string& event : events_of(asked, *site, !installing)) {
    const Result<std::string> line = installing ? install(*site, event) : uninstall(*site, event);
    if (!line) return complain(line.error().message);
    if (!line->empty()) output::print(*line + '\n');
  }
  if (!installing || !asked.server.empty()) return 0;
  const Result<Settings> settings = read_settings(asked.directory);
  if (settings && !settings->testable) {
    output::print("nothing is tested until it is said how: git config nmz.command 'make check'\n");
  }
  return 0;
}

int tell_state(const Asked& asked) {
  const Result<Site> site = site_at(asked.server.empty() ? asked.directory : asked.server, !asked.server.empty());
  if (!site) return complain(site.error().message);
  for (const std::string& event : events_of(asked, *site, true)) {
    const std::string state = state_of(*site, event);
    output::print(event + ": " + (state.empty() ? "not installed" : state) + '\n');
  }
  output::print(state_of_queue(site->places));
  return 0;
}

constexpr const char* usage =
    "Usage: nmzbisect hook install [EVENT...]      (pre-push; in a bare repository post-receive)\n"
    "       nmzbisect hook uninstall [EVENT...]    (all of them; hooks that were there before come back)\n"
    "       nmzbisect hook status\n"
    "       nmzbisect hook run EVENT [ARG...]      (what git does)\n";
constexpr const char* footer =
    "\nEvents: pre-push, post-receive, post-merge, post-rewrite.\n"
    "How commits are tested is git configuration: nmz.command and every other option (nmzbisect config). Besides:\n"
    "  nmz.refs      which refs are tested, by globs of their full names [refs/heads/*]\n"
    "  nmz.budget    a push waits no longer than this, and goes on then [10m]\n"
    "  nmz.notify    a command that gets each result of post-receive as JSON on its standard input\n"
    "  nmz.report    where the reports of post-receive go [nmz/reports in the git directory]\n"
    "  nmz.wait      post-receive keeps the pusher waiting for the result [false]\n"
    "git push --no-verify and NMZ_HOOK=0 leave it out.\n";

}  // namespace

int command(const Words& arguments) {
  if (!arguments.empty() && arguments.front() == "run") return run({arguments.begin() + 1, arguments.end()});
  command_line::Headline line;
  line.name = "nmzbisect hook";
  line.purpose = "Lets git test what is pushed, and name the commit that breaks it.";
  line.usage = usage;
  line.footer = footer;
  line.hint = "see nmzbisect hook --help";
  command_line::Parser parser{line};
  Asked asked;
  parser.take_words(asked.events);
  parser.add({command_line::value("-C", "DIR", command_line::text(asked.directory), "The repository [the one here]"),
              command_line::value("--server", "DIR", command_line::text(asked.server),
                                  "A repository on a server, or a directory of hooks there")});
  const auto page = parser.parse(arguments);
  if (!page) return complain(page.error().message);
  if (*page) {
    output::print(**page);
    return 0;
  }
  const std::string word = asked.events.empty() ? "" : asked.events.front();
  if (!asked.events.empty()) asked.events.erase(asked.events.begin());
  for (const std::string& event : asked.events) {
    if (std::ranges::find(events_known(), event) == events_known().end()) {
      return complain("'" + event +
                      "' is no hook that can be installed (pre-push, post-receive, post-merge, post-rewrite)");
    }
  }
  if (word == "install" || word == "uninstall") return carry_out(asked, word == "install");
  if (word == "status") return tell_state(asked);
  return complain("it is 'hook install', 'hook uninstall', 'hook status' or 'hook run' (see nmzbisect hook --help)");
}

}  // namespace nmz::hook
