#include "later.hpp"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nmz/git_program/variables.hpp"
#include "nmz/hook/lines.hpp"
#include "nmz/output/local_time.hpp"
#include "nmz/output/standard_streams.hpp"

#include "inquiry.hpp"
#include "queue.hpp"
#include "report.hpp"
#include "settings.hpp"

namespace nmz::hook {
namespace fs = std::filesystem;
namespace {

using Kind = Finding::Kind;
constexpr std::chrono::hours usual_budget{6};  ///< nobody waits, but the next one in the queue
constexpr int most_begun = 3;                  ///< what ends its runner each time is not tried for ever

std::vector<Entry> entries_of_moves(const std::vector<Move>& moves, const Settings& settings, Queue& queue) {
  std::vector<Entry> entries;
  for (const Move& move : moves) {
    if (move.to.empty()) queue.forget(move.ref);
    if (move.to.empty() || move.to == move.from || !is_wanted(move.ref, settings.refs)) continue;
    Entry entry;
    entry.event = "post-receive";
    entry.ref = move.ref;
    entry.from = move.from;
    entry.to = move.to;
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// What HEAD is now, and what it was before the merge, or what was rewritten stands on.
std::vector<Entry> entry_of_head(const std::string& event, const std::string& input) {
  const std::optional<std::string> head = commit_of("", "HEAD");
  if (!head) return {};
  Entry entry;
  entry.event = event;
  entry.ref = ask_git("", {"symbolic-ref", "--quiet", "HEAD"}).value_or("HEAD");
  entry.to = *head;
  if (event == "post-merge") {
    entry.from = commit_of("", "ORIG_HEAD").value_or("");
  } else if (const std::size_t blank = input.find(' '); blank != std::string::npos) {
    const std::string first = input.substr(blank + 1, input.find_first_of(" \n", blank + 1) - blank - 1);
    entry.from = commit_of("", first + "^").value_or("");
  }
  return {entry};
}

/// In the repository that is pushed to, what other branches have: a new one begins where it leaves them.
std::vector<std::string> goods_of(const std::string& directory, const Entry& entry, const std::string& commit) {
  if (!entry.from.empty()) {
    const std::optional<std::string> from = commit_of(directory, entry.from);
    return from ? std::vector<std::string>{*from} : std::vector<std::string>{};
  }
  std::vector<std::string> arguments{"merge-base", "--all", commit};
  const std::vector<std::string> refs =
      git_lines(directory, {"for-each-ref", "--count=1000", "--format=%(objectname) %(refname)", "refs/heads"});
  for (const std::string& line : refs) {
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::string id = line.substr(0, blank);
    if (line.substr(std::min(blank + 1, line.size())) != entry.ref && id != commit) arguments.push_back(id);
  }
  constexpr std::size_t without_any = 3;
  return arguments.size() == without_any ? std::vector<std::string>{} : git_lines(directory, std::move(arguments));
}

Finding answer(const std::string& directory, const Entry& entry, const Settings& settings) {
  Finding finding;
  const std::optional<std::string> commit = commit_of(directory, entry.to);
  if (!commit || entry.begun > most_begun) {
    finding.why = commit ? "it was begun " + std::to_string(most_begun) + " times, and never ended" : "it is no commit";
    return finding;
  }
  Question question;
  question.directory = directory;
  question.commit = *commit;
  question.goods = [&] { return goods_of(directory, entry, *commit); };
  const std::chrono::milliseconds budget = settings.budget.count() > 0 ? settings.budget : usual_budget;
  question.deadline = std::chrono::steady_clock::now() + budget;
  question.quiet = true;
  question.suite = settings.suite;
  return inquire(question);
}

/// As the runner. Whom it was told to is the caller.
template <class Tell>
void empty_queue(Queue& queue, const std::string& directory, Tell told_to) {
  while (const std::optional<Entry> entry = queue.next()) {
    const Settings settings = read_settings(directory).value_or(Settings{});
    Told told;
    told.entry = *entry;
    told.directory = directory;
    told.finding = answer(directory, *entry, settings);
    if (told.finding.kind == Kind::interrupted) return;
    told.when = output::local_minute(std::chrono::system_clock::now());
    const fs::path path = report(told, settings, queue);
    queue.done(*entry, told.finding.kind == Kind::good);
    told_to(told, path);
  }
}

// ---- away from the pusher

void forget_git() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view one = *variable;
    if (git_program::is_about_a_repository(one)) names.emplace_back(one.substr(0, one.find('=')));
  }
  for (const std::string& name : names) ::unsetenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
}

/// Nothing that git gave is held any more; what is said goes to a file.
void leave(const fs::path& log) {
  constexpr off_t enough = off_t{1} << 20;
  struct stat status {};
  if (::stat(log.c_str(), &status) == 0 && status.st_size > enough) ::unlink(log.c_str());
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int lines = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(nothing, STDOUT_FILENO);
  ::dup2(lines >= 0 ? lines : nothing, STDERR_FILENO);
  ::close_range(STDERR_FILENO + 1, ~0U, 0);
  constexpr int politely = 10;
  static_cast<void>(::nice(politely) == 0);
}

/// True in the process that goes on by itself.
bool detach(const fs::path& log) {
  const pid_t first = ::fork();
  if (first > 0) ::waitpid(first, nullptr, 0);
  if (first != 0) return false;
  ::setsid();
  if (::fork() != 0) ::_exit(0);
  leave(log);
  return true;
}

void tell_pusher(const Told& told, const fs::path& path) {
  output::print("nmzbisect: " + headline(told) + '\n');
  if (told.finding.kind != Kind::good) output::print("nmzbisect: the report: " + path.string() + '\n');
}

/// Until it is our turn.
bool begin_in_time(Queue& queue, std::chrono::milliseconds budget) {
  const auto until = std::chrono::steady_clock::now() + budget;
  while (!queue.begin()) {
    if (interrupted() || std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return true;
}

int carry_out(Queue& queue, const std::string& directory, const Settings& settings, bool waits) {
  if (!waits && !detach(queue.directory() / "log")) return 0;
  forget_git();
  hear_signals(waits);
  if (!waits) {
    if (queue.begin()) empty_queue(queue, directory, [](const Told&, const fs::path&) {});
    return 0;
  }
  if (begin_in_time(queue, settings.budget.count() > 0 ? settings.budget : usual_budget)) {
    empty_queue(queue, directory, tell_pusher);
  }
  return 0;
}

}  // namespace

int later(const std::string& event, const std::vector<std::string>& /*arguments*/, const std::string& input) {
  const Result<Places> places = places_of("");
  const Result<Settings> settings = read_settings("");
  if (!places || !settings) {
    tell("nothing is tested: " + (places ? settings.error().message : places.error().message));
    return 0;
  }
  if (!settings->testable) {
    tell("nothing is tested: say how, once: git config nmz.command 'make check'");
    return 0;
  }
  Result<Queue> queue = Queue::open(*places);
  if (!queue) {
    tell("nothing is tested: " + queue.error().message);
    return 0;
  }
  const bool received = event == "post-receive";
  const std::vector<Entry> entries =
      received ? entries_of_moves(read_post_receive(input), *settings, *queue) : entry_of_head(event, input);
  for (const Entry& entry : entries) {
    const Result<void> put = queue->put(entry);
    if (!put) tell(short_name(entry.ref) + " is not tested: " + put.error().message);
  }
  return queue->waiting().empty()
             ? 0
             : carry_out(*queue, places->directory.string(), *settings, received && settings->wait);
}

std::string state_of_queue(const Places& places) {
  constexpr std::size_t shown = 5;
  const fs::path directory = places.git_dir / "nmz";
  std::error_code error;
  if (places.git_dir.empty() || !fs::exists(directory / "queue", error)) return {};
  const Result<Queue> queue = Queue::open(places);
  if (!queue) return {};
  std::string text;
  for (const Entry& entry : queue->waiting()) text += "waits: " + short_name(entry.ref) + " (" + entry.event + ")\n";
  const std::string elsewhere = read_settings(places.git_dir.string()).value_or(Settings{}).reports;
  const std::vector<fs::path> all = reports_in(elsewhere.empty() ? directory / "reports" : fs::path{elsewhere});
  for (std::size_t i = 0; i < std::min(shown, all.size()); ++i) {
    std::string line;
    std::getline(std::ifstream{all[i]} >> std::ws, line);
    text += fmt::format("{}\n    {}\n", line, all[i].string());
  }
  return text;
}

}  // namespace nmz::hook
