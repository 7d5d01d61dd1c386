#include "test_memory.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "nmz/installation/user_directories.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::system_clock;
using Kind = search::Said;
using history::Said;
constexpr std::chrono::hours longest{30 * 24};
constexpr std::chrono::milliseconds patience{500};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
  return text;
}

/// One that a file describes is what the file says.
std::string description_of(const std::string& runner) {
  std::error_code ignored;
  if (!fs::is_regular_file(runner, ignored)) return runner;
  std::ifstream file{runner, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TestMemory::TestMemory(const Search& search, Question question, const std::optional<std::vector<std::string>>& tests)
    : search_{&search}, question_{std::move(question)} {
  const Options& options = search.options;
  const std::vector<std::string> parts{"tests", question_.rest().bytes, description_of(options.runner),
                                       std::to_string(options.timeout.count()),
                                       options.on_timeout == search::TimeoutMeans::bad ? "late is bad" : ""};
  rest_ = history::verdict_key(parts).bytes;
  if (options.no_cache) return;
  const Result<fs::path> place = installation::data_directory();
  if (!place) {
    tell(place.error());
    return;
  }
  place_ = *place;
  if (!options.again) read();
  begin(history::ledger_directory(place_), tests);
}

void TestMemory::tell(const Error& error) {
  if (!troubled_) trouble_ = "what is known of the tests: " + error.message;
  troubled_ = true;
}

std::string TestMemory::take_trouble() { return std::exchange(trouble_, {}); }

void TestMemory::read() {
  auto verdicts = history::Verdicts::open(place_ / "history.sqlite", patience);
  if (!verdicts) return tell(verdicts.error());
  auto known = verdicts->known({rest_}, Clock::now() - longest);
  if (!known) return tell(known.error());
  for (history::KeyedVerdict& one : known->verdicts) known_[one.key.bytes] = std::move(one.verdict);
}

void TestMemory::begin(const fs::path& directory, const std::optional<std::vector<std::string>>& tests) {
  const Options& options = search_->options;
  std::vector<std::string> whole{question_.whole().bytes, rest_, tests ? "given" : "all"};
  if (tests) whole.insert(whole.end(), tests->begin(), tests->end());
  history::LedgerHead head;
  head.question = rest_;
  head.search = history::verdict_key(whole).bytes;
  for (const history::LedgerContents& one : history::read_ledgers(directory)) {
    if (options.again || one.head.search != head.search || !one.unfinished()) continue;
    auto gone_on = history::Ledger::go_on(directory, one.name);
    if (!gone_on) continue;
    ledger_.emplace(std::move(*gone_on));
    for (const history::LedgerVerdict& verdict : one.verdicts) {
      if (verdict.verdict.when >= Clock::now() - longest) own_[verdict.key.bytes] = verdict.verdict;
    }
    return;
  }
  std::error_code error;
  head.repository = search_->repository.top().string();
  head.directory = fs::current_path(error).string();
  head.arguments = options.arguments;
  head.range = joined(options.goods) + ".." + options.bad;
  head.command = "--runner " + options.runner + (options.command.empty() ? "" : " -- " + joined(options.command));
  head.began = Clock::now();
  auto begun = history::Ledger::begin(directory, head);
  if (!begun) return tell(begun.error());
  ledger_.emplace(std::move(*begun));
}

std::optional<std::string> TestMemory::key(dispatch::Subject commit, const std::string& test, std::uint32_t number,
                                           bool absent) {
  auto tree = trees_.find(commit);
  if (tree == trees_.end()) {
    const auto of = question_.of(search_->subjects.at(commit), false);
    if (!of) return std::nullopt;
    tree = trees_.emplace(commit, of->bytes).first;
  }
  const std::vector<std::string> parts{rest_, tree->second, test, std::to_string(number), absent ? "absent" : ""};
  return history::verdict_key(parts).bytes;
}

std::optional<TestMemory::Known> TestMemory::find(dispatch::Subject commit, const std::string& test,
                                                  std::uint32_t number) {
  if (!knows_something()) return std::nullopt;
  for (const bool absent : {false, true}) {
    const auto wanted = key(commit, test, number, absent);
    if (!wanted) return std::nullopt;
    for (const auto* const verdicts : {&own_, &known_}) {
      const auto found = verdicts->find(*wanted);
      if (found == verdicts->end()) continue;
      const Said said = found->second.said;
      Known known;
      known.said = absent                 ? Kind::absent
                   : said == Said::passed ? Kind::passed
                   : said == Said::failed ? Kind::failed
                                          : Kind::untestable;
      known.log = found->second.log;
      known.own = verdicts == &own_;
      known.when = found->second.when;
      // What was found before it was interrupted is for good, too.
      if (known.own) kept_.push_back({{{*wanted}, found->second}, test});
      return known;
    }
  }
  return std::nullopt;
}

void TestMemory::keep(dispatch::Subject commit, const std::string& test, std::uint32_t number, Kind said,
                      const std::string& log) {
  const auto of =
      place_.empty() || said == Kind::nothing ? std::nullopt : key(commit, test, number, said == Kind::absent);
  if (!of) return;
  history::LedgerVerdict one;
  one.key = {*of};
  one.number = number;
  one.verdict.said = said == Kind::failed ? Said::failed : said == Kind::untestable ? Said::skipped : Said::passed;
  one.verdict.commit = search_->subjects.at(commit).hex();
  one.verdict.when = Clock::now();
  one.verdict.log = log;
  kept_.push_back({{one.key, one.verdict}, test});
  if (!ledger_) return;
  if (const auto written = ledger_->append(one); !written) tell(written.error());
}

void TestMemory::end(const std::string& result, const std::string& answer, std::size_t tests, bool final,
                     const std::set<std::string>& flaky) {
  if (place_.empty()) return;
  history::LedgerEnd end;
  end.result = result;
  end.answer = answer;
  end.tests = tests;
  end.when = Clock::now();
  end.final = final;
  if (ledger_) {
    if (const auto written = ledger_->end(end); !written) tell(written.error());
  }
  if (final) keep_for_good(flaky);
  const auto pruned = history::prune_ledgers(history::ledger_directory(place_), Clock::now() - longest);
  if (!pruned) tell(pruned.error());
}

void TestMemory::keep_for_good(const std::set<std::string>& flaky) {
  history::KnownVerdicts all;
  for (const Kept& one : kept_) {
    if (!flaky.contains(one.test)) all.verdicts.push_back(one.verdict);
  }
  auto verdicts = history::Verdicts::open(place_ / "history.sqlite", patience);
  if (!verdicts) return tell(verdicts.error());
  if (search_->options.again) {
    if (const auto forgotten = verdicts->forget({rest_}); !forgotten) return tell(forgotten.error());
  }
  if (const auto kept = verdicts->remember({rest_}, all); !kept) return tell(kept.error());
  if (!ledger_) return;
  if (const auto marked = ledger_->mark_kept(); !marked) tell(marked.error());
}

}  // namespace nmz::nmzbisect
