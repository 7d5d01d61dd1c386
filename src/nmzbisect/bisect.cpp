#include "bisect.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/error/steps.hpp"
#include "nmz/files/tail.hpp"
#include "nmz/git/bisect_log.hpp"
#include "nmz/git/range.hpp"
#include "nmz/git/repository.hpp"
#include "nmz/git/tree_stream.hpp"
#include "nmz/history/ledger.hpp"
#include "nmz/installation/agent_program.hpp"
#include "nmz/installation/user_directories.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/output/workflow_commands.hpp"
#include "nmz/run/configured.hpp"
#include "nmz/run/records.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/json_lines.hpp"

#include "answer.hpp"
#include "culprits.hpp"
#include "evidence.hpp"
#include "explanation.hpp"
#include "memory.hpp"
#include "prepared_search.hpp"
#include "proof.hpp"
#include "reporter.hpp"
#include "takeover.hpp"
#include "trees.hpp"
#include "workforce.hpp"

namespace nmz::nmzbisect {
namespace {

int dry_run(Search& search) {
  const Options& options = search.options;
  const events::SearchPlanned planned = plan_of(search);
  const auto json = need(run::open_json(program, options));
  if (json) json->show(planned, events::Seconds{0});
  const std::string text = output::without_commands(plan_text(planned));
  if (options.debug_log == output::standard_output) {
    output::write(stderr, text);
  } else if (options.json != output::standard_output) {
    output::print(text);
  }
  return run::tell_losses(program, options, json.get(), exit_found);
}

/// git takes every verdict for certain: of a flaky test it gets one a commit, as the answer has it.
std::vector<git::BisectLogEntry> verdicts_for_git(const Search& search, const Reporter& reporter) {
  using Word = git::BisectLogEntry::Word;
  if (search.plan.noisy() == nullptr) return reporter.verdicts();
  std::vector<git::BisectLogEntry> entries;
  for (git::BisectLogEntry entry : reporter.verdicts()) {
    if (std::ranges::find(entries, entry.id, &git::BisectLogEntry::id) != entries.end()) continue;
    const auto subject = std::ranges::find(search.subjects, entry.id) - search.subjects.begin();
    const auto truth = search.plan.in_truth(static_cast<dispatch::Subject>(subject));
    if (!truth) continue;
    if (entry.word != Word::skip) entry.word = *truth == search::Verdict::bad ? Word::bad : Word::good;
    entries.push_back(std::move(entry));
  }
  return entries;
}

void write_bisect_log(Search& search, Reporter& reporter, logs::LogStore& logs) {
  std::optional<git::BisectLogEntry> culprit;
  if (const auto& result = search.plan.result(); result.kind == search::BisectResult::Kind::found) {
    const Named named = search.name(result.suspects.front().node);
    culprit.emplace();
    culprit->word = git::BisectLogEntry::Word::bad;
    culprit->id = named.id;
    culprit->subject = named.subject;
  }
  const std::vector<git::BisectLogEntry> verdicts = verdicts_for_git(search, reporter);
  const Result<void> written = logs.write("bisect.log", git::bisect_log(log_head(search, verdicts), verdicts, culprit));
  if (!written) reporter.show(events::Notice{written.error().message});
}

events::RunEnded summary(Search& search, const Answer& answer, const Reporter& reporter, const logs::LogStore& logs) {
  events::RunEnded ended;
  ended.result = answer.result;
  ended.message = answer.message;
  ended.search.suspects = answer.suspects;
  ended.search.tests = reporter.counts().all();
  ended.search.good = reporter.counts().good;
  ended.search.bad = reporter.counts().bad;
  ended.search.skip = reporter.counts().skip;
  ended.search.known = reporter.counts().known;
  ended.workers = std::max(search.workers, reporter.most_workers());
  ended.wall = reporter.elapsed();
  ended.log_directory = logs.directory().string();
  ended.exit_code = answer.exit_status;
  if (const auto& certainty = search.plan.result().certainty) {
    ended.search.confidence = certainty->confidence;
    ended.search.no_culprit = certainty->no_culprit;
    ended.search.false_failures = certainty->false_failure;
    ended.search.false_passes = certainty->false_pass;
  } else if (answer.result == "found") {
    search::SearchOptions serial;
    serial.trust_ends = true;
    ended.search.serial_tests = search::serial_tests(search.range.graph, search.plan.result().suspects.front().node,
                                                     serial, retreat_of(search.range));
  }
  return ended;
}

git::CommitId culprit_of(const Search& search) {
  return search.subjects.at(search.plan.result().suspects.front().node);
}

/// git's description of the commit that was found.
std::string closing(const Search& search, const Answer& answer) {
  if (answer.result != "found") return {};
  return search.repository.closing(culprit_of(search)).value_or("");
}

/// And what it changes.
std::string patch(const Search& search, const Answer& answer) {
  if (answer.result != "found") return {};
  return search.repository.patch(culprit_of(search)).value_or("");
}

/// Standard output gets the answer, and git's description; unless the events are there, which have it, too. Returns the
/// exit status.
int print_answer(const Options& options, const Answer& answer, const std::string& closing, run::Records& records) {
  if (answers_elsewhere(options)) {
    const std::string text = answer.output + closing;
    output::write(stderr, output::without_commands(text::printable_lines(text, text::Colours::removed)));
  } else {
    output::print(answer.output);
    output::print(output::without_commands(closing));
  }
  if (!answer.message.empty()) output::complain(program.name, answer.message);
  const bool printed = output::complete_standard_output().has_value();
  const int status = records.tell_losses(answer.exit_status);
  // The search was long and its answer is short: it is told here as well.
  if (!printed && !answer.output.empty()) output::complain(program.name, "the answer is: " + answer.output);
  return status;
}

void tell_beginning(const Search& search, const site::Site& site, const run::Records& records, Reporter& reporter) {
  events::RunStarted started = records.beginning(site, search.workers);
  started.candidates = search.range.graph.candidates();
  started.rounds = search.plan.rounds_left();
  reporter.show(started);
  reporter.show(history_of(search));
  if (search.plan.retreating()) reporter.show(events::Notice{retreat_text(search)});
  if (const std::string line = site.choice(); !line.empty()) reporter.show(events::Notice{line});
  for (const std::string& line : site.swept()) reporter.show(events::Notice{line});
}

/// In a recording it is for whoever asks later; of a very long range it is written only for who asks now.
bool is_explained(const Search& search) {
  constexpr std::size_t most = 10'000;
  return !search.options.single && (search.options.explain || search.range.graph.size() <= most);
}

/// Where tests could have disturbed each other, a first bad commit is told only once it is confirmed.
bool answer_is_confirmed(const Search& search) {
  return search.options.single ||
         (search.plan.noisy() == nullptr && search.plan.result().kind == search::BisectResult::Kind::found);
}

/// What came of the workers' work.
struct Tested {
  coordinator::RunEnd end;
  Proof proof;
};

/// Tells the answer, with the end of the log that decided it. Returns the exit status.
int conclude(Search& search, const Tested& tested, run::Records& records, Reporter& reporter, Memory& memory) {
  Answer result = answer(search.plan.result(), tested.end, search.options, reporter.counts(), search.names());
  add_proof(tested.proof, result);
  const Evidence evidence =
      result.decided_by ? evidence_in(reporter.log_of(*result.decided_by), search.options.log_lines) : Evidence{};
  if (!result.message.empty() && !evidence.cause.empty()) result.message += "; its log says: " + evidence.cause;
  if (!search.options.single) write_bisect_log(search, reporter, records.logs());
  const std::string description = closing(search, result);
  events::RunEnded ended = summary(search, result, reporter, records.logs());
  ended.search.proof = tested.proof.claims;
  ended.search.deciding_log = evidence.path;
  ended.search.log_end = evidence.lines;
  ended.search.answer = result.output + description;
  ended.search.patch = patch(search, result);
  if (is_explained(search)) reporter.show(explain(search, reporter));
  reporter.show(ended);
  const int status = print_answer(search.options, result, description, records);
  memory.end(result, reporter.counts().all(), answer_is_confirmed(search) && result.result != "not-proven");
  const std::string trouble = memory.take_trouble();
  if (!trouble.empty() && search.options.verbosity != view::Verbosity::quiet) output::complain(program.name, trouble);
  return status;
}

/// It was tested before, and is not tested again.
int tell_known(const Search& search, const Answer& known) {
  const Options& options = search.options;
  const auto json = need(run::open_json(program, options));
  events::RunEnded ended;
  ended.result = known.result;
  ended.message = known.message;
  ended.exit_code = known.exit_status;
  ended.search.answer = known.output;
  if (json) json->show(ended, events::Seconds{0});
  if (!answers_elsewhere(options)) output::print(known.output);
  if (options.verbosity != view::Verbosity::quiet) output::complain(program.name, known.message);
  return run::tell_losses(program, options, json.get(), known.exit_status);
}

Tested test(Search& search, const wire::Run& command, Workshop& shop, Reporter& reporter, logs::LogStore& logs,
            Recall& recall) {
  const auto notice = [&reporter](const std::string& text) { reporter.show(events::Notice{text}); };
  take_patches(search, shop, notice);
  furnish(search, shop, notice);
  recall_worlds(search, shop, reporter, recall);
  Tested tested;
  if (!search.plan.finished()) tested.end = carry_out(search, command, shop, reporter, recall);
  tested.proof = prove(search, tested.end, command, shop, reporter, logs);
  tell_changes(search, shop, notice);
  return tested;
}

/// A log of a failing test names files; who changed them is suspected more. Where the failure is the old state there
/// is nothing to suspect.
void suspect_what_is_named(Search& search, const std::string& log) {
  constexpr std::size_t most = std::size_t{64} << 10;
  if (search.options.find_fix || search.options.single || log.empty()) return;
  if (search.priors.take_log(files::tail_of_file(log, most))) search.plan.reconsider();
}

int search_and_answer(Search& search, const Takeover& takeover, run::Loop& loop, site::Site& site) {
  const Options& options = search.options;
  const wire::Run command = worker_command(search, site);
  Inputs inputs = need(read_inputs(options, search.repository, search.range));
  Memory memory{search, site, command, inputs};
  if (const std::optional<Answer> known = memory.recall()) return tell_known(search, *known);
  Recall recall{memory};
  recollect(search, site, site.sees_our_files() ? shared_files(search).mark() : std::string{}, recall);
  Workshop shop{loop, site, need(installation::find_agent()), std::move(inputs), {}, {}, {}};
  const bool tests = !search.plan.finished() || options.prove > 0;
  if (tests) need(site.occupy());
  run::Records records{program, options, repository_name(search.repository), stderr};
  Reporter reporter{search.plan, search.names(), records.logs(), {options.term_old, options.term_new}};
  shop.display = &records.display();
  records.follow(reporter);
  reporter.keep_in(memory);
  reporter.when_bad([&search](const std::string& log) { suspect_what_is_named(search, log); });
  tell_beginning(search, site, records, reporter);
  if (!takeover.line.empty()) reporter.show(events::Notice{takeover.line});
  if (const std::string trouble = memory.take_trouble(); !trouble.empty()) reporter.show(events::Notice{trouble});
  tell_known(recall, reporter);
  const Tested tested = tests ? test(search, command, shop, reporter, records.logs(), recall) : Tested{};
  if (std::string doubt = doubt_of_culprit(search); !doubt.empty()) reporter.show(events::Notice{std::move(doubt)});
  give_back(search, takeover, reporter);
  const int status = conclude(search, tested, records, reporter, memory);
  if (tests && keeps_trees(options)) site.keep(trees_to_keep(search, shop.inputs, site, shop.in_trees));
  records.close(site);
  return status;
}

git::RangeRequest range_request(const Options& options) {
  git::RangeRequest request;
  request.goods = options.goods;
  request.bad = options.bad;
  request.find_good = options.find_good;
  request.good_limit = options.good_limit;
  request.pathspecs = options.pathspecs;
  request.first_parent = options.first_parent;
  request.skipped = options.skips;
  return request;
}

/// One commit that is tested as a bad end is, with nothing to compare it with.
git::Range single_range(const git::Repository& repository, const Options& options) {
  git::Range range;
  range.bad = need(repository.commit(options.bad));
  range.goods = {range.bad};
  range.ids = {range.bad};
  range.graph.add(search::Role::candidate, {});
  return range;
}

/// The last search of the repository that has not come to its end, where and as it was asked for.
int go_on(const git::Repository& repository) {
  const std::filesystem::path place = history::ledger_directory(need(installation::data_directory()));
  const std::vector<history::LedgerContents> all = history::read_ledgers(place);
  std::set<std::string> done;  // by another of the same kind, later
  const auto last = std::ranges::find_if(all, [&](const history::LedgerContents& one) {
    if (one.end && one.end->final) done.insert(one.head.search);
    return one.head.repository == repository.top().string() && one.unfinished() && !done.contains(one.head.search);
  });
  if (last == all.end()) {
    throw StepFailed{{ErrorKind::misconfigured, "--continue: no search of this repository was interrupted"}};
  }
  std::error_code error;
  std::filesystem::current_path(last->head.directory, error);
  if (error) {
    throw StepFailed{{ErrorKind::misconfigured,
                      "--continue: the search was started in '" + last->head.directory + "': " + error.message()}};
  }
  return bisect(need(parse(last->head.arguments, run::from_configuration(program))).options);
}

}  // namespace

int bisect(const Options& given) {
  auto repository = need(git::Repository::open(given.directory));
  if (given.go_on) return go_on(repository);
  Options options = given;
  const Takeover takeover = options.single ? Takeover{} : need(take_over(repository, options));
  auto range =
      options.single ? single_range(repository, options) : need(git::read_range(repository, range_request(options)));
  auto objects = need(git::ObjectReader::open(repository));
  run::Loop loop;
  const auto site = need(site::open(loop.io, site_choice(options, repository)));
  need(check_suspects(options, repository));
  Search search{options, std::move(repository), std::move(objects), std::move(range), *site};
  if (!options.runner.empty() && !options.dry_run) return find_culprits(search, loop, *site);
  return options.dry_run ? dry_run(search) : search_and_answer(search, takeover, loop, *site);
}

int test_command(const std::vector<std::string>& arguments) {
  return run::follow(program, arguments, run::reader(parse_test, bisect, program));
}

}  // namespace nmz::nmzbisect
