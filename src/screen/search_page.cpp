// The screen of a search: the history with what is known of it, who tests what, the verdicts, and the answer.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "nmz/view/summary.hpp"
#include "nmz/view/text.hpp"

#include "page.hpp"

namespace nmz::screen {
namespace {

using events::Mark;
using events::Seconds;
using view::duration;
using view::plural;

constexpr std::size_t short_id = 12;

std::string id_of(const std::string& commit) { return shown(commit).substr(0, short_id); }

Line state_line(const Model& model) {
  Line line{plural(model.left(), "candidate"), {Tone::warning, true}};
  if (!model.shrinking().empty()) line.add(fmt::format(" of {}", model.shrinking().front()));
  if (model.ended()) return line;
  if (model.rounds_left() > 0) {
    line.add(fmt::format(", about {}", plural(static_cast<std::size_t>(std::ceil(model.rounds_left())), "round")));
  }
  if (const auto left = model.expected_left()) {
    line.add(left->count() > 0 ? ", " + duration(*left) + " left" : ", any moment");
  }
  if (model.confidence() > 0) line.add(fmt::format(", {:.1f} % sure", 100 * model.confidence()));
  return line;
}

/// "1024 > 512 > 40"; the newest where there is no room for all.
std::string shrinking(const Model& model, std::size_t columns) {
  std::string text;
  for (std::size_t i = model.shrinking().size(); i-- > 0;) {
    std::string longer = std::to_string(model.shrinking()[i]) + (text.empty() ? "" : " > ") + text;
    if (longer.size() + 4 > columns) return "... " + text;
    text = std::move(longer);
  }
  return text;
}

void add_legend(Page& page) {
  const Signs& signs = page.signs;
  if (page.model.doubts()) {
    Line line{"how probable it is: "};
    const char* separator = "";
    for (const auto& [level, words] : {std::pair{4, "over 25 %"}, {3, "5 %"}, {2, "1 %"}, {1, "0.1 %"}, {0, "less"}}) {
      const auto at = static_cast<std::size_t>(level);
      line.add(separator).add(signs.shares.at(at), style_of_share(at)).add(std::string{" "} + words);
      separator = "  ";
    }
    page.add(line.add("  ")
                 .add(signs.good, {Tone::good, true})
                 .add(" passed  ")
                 .add(signs.bad, {Tone::bad, true})
                 .add(" failed"));
    return;
  }
  Line line;
  line.add(signs.good, {Tone::good, true}).add(" good  ").add(signs.bad, {Tone::bad, true}).add(" bad  ");
  line.add(signs.skipped, {Tone::warning}).add(" skipped  ");
  if (!page.model.ended()) {
    line.add(signs.probe, {Tone::active, true}).add(" tested now  ");
    line.add(signs.candidate, {Tone::warning}).add(" may be it  ");
  }
  line.add(signs.out, {Tone::faint}).add(" is not it");
  page.add(line.add("  oldest left", {Tone::faint}));
}

struct Rest {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t count = 0;
};
Rest what_is_left(const Model& model) {
  Rest rest;
  for (std::size_t i = 0; i < model.funnel().size(); ++i) {
    if (!model.may_be_it(i)) continue;
    if (rest.count++ == 0) rest.first = i;
    rest.last = i;
  }
  return rest;
}

void add_history(Page& page) {
  const Model& model = page.model;
  const std::size_t size = model.funnel().size();
  if (size == 0) return;
  const std::size_t room = page.room();
  const std::size_t lanes = room < 10 ? 1 : room < 16 ? 2 : room < 28 ? 4 : Lanes::most;
  for (Line& line : history_strip(model, 0, size - 1, page.size.columns, lanes, page.signs)) page.add(std::move(line));
  const Rest rest = what_is_left(model);
  if (rest.count == 0 || room < 10) return;
  const std::size_t first = rest.first > 2 ? rest.first - 2 : 0;
  const std::size_t last = std::min(rest.last + 2, size - 1);
  if (2 * (last - first + 1) > size || size <= page.size.columns / 4) return;
  const std::string what = rest.count == 1
                               ? "what is left and the commits around it, closer:"
                               : fmt::format("the {} that are left and the commits between them, closer:", rest.count);
  page.add(what, {Tone::faint});
  for (Line& line : history_strip(model, first, last, page.size.columns, lanes, page.signs)) page.add(std::move(line));
}

// ---- the end

std::string how_sure(const Model& model, const events::SearchResult& result) {
  std::string text;
  for (const events::Claim& one : result.proof) {
    text += fmt::format("{}{}: {} {}", text.empty() ? "proof: " : ", ", shown(one.about), shown(one.claim),
                        shown(one.state));
  }
  if (!text.empty()) return text;
  if (result.confidence > 0) return fmt::format("{:.1f} % sure, from repeated tests", 100 * result.confidence);
  if (result.suspects.size() != 1) return {};
  const std::size_t at = model.funnel().position(result.suspects.front().commit);
  if (at >= model.funnel().size() || model.verdicts()[at] != Mark::failed) return {};
  return "tested: it is bad, and what it is built on is good (--prove tests both again)";
}

void add_result(Page& page, const events::RunEnded& end) {
  const events::SearchResult& result = end.search;
  const bool found = end.result == "found";
  const Style style{found ? Tone::bad : Tone::warning, true};
  const bool one = result.suspects.size() == 1 || (!result.suspects.empty() && result.confidence > 0);
  if (found && one) {
    const std::string answer = shown(result.answer.substr(0, result.answer.find('\n')));
    page.add(answer.empty() ? shown(result.suspects.front().commit) : answer, style);
    page.add("  " + shown(result.suspects.front().subject), {Tone::plain, true});
    for (std::size_t i = 1; i < result.suspects.size() && page.room() > 6; ++i) {
      const events::Suspect& other = result.suspects[i];
      page.add(fmt::format("  or ({:.1f} %) {} {}", 100 * other.share, id_of(other.commit), shown(other.subject)),
               {Tone::faint});
    }
  } else {
    page.add(shown(end.message.empty() ? end.result : end.message), style);
    for (const events::Suspect& suspect : result.suspects) {
      if (page.room() > 6) page.add(fmt::format("  {} {}", id_of(suspect.commit), shown(suspect.subject)));
    }
  }
  if (const std::string sure = how_sure(page.model, result); !sure.empty()) page.add(sure);
  page.add(view::counts_text(end, result), {Tone::faint});
  if (found && one) {
    page.add("what it changes: git show " + id_of(result.suspects.front().commit) + "; Enter below opens a test's log");
  }
  std::size_t lines = page.room() > 12 ? page.room() - 12 : 0;
  const std::string log = result.log_end;
  if (lines == 0 || log.empty()) return;
  page.add("the end of the log that decided:", {Tone::faint});
  for (std::size_t begin = 0; begin < log.size() && lines > 0; --lines) {
    const std::size_t stop = std::min(log.find('\n', begin), log.size());
    page.add("  " + shown(std::string_view{log}.substr(begin, stop - begin)));
    begin = stop + 1;
  }
}

// ---- the lists

Line worker_row(const Page& page, std::size_t index) {
  const Model& model = page.model;
  const Model::Worker& worker = model.workers()[index];
  Line line{fmt::format("{:>3} ", index)};
  const Model::Running* const running = worker.job ? model.find(*worker.job) : nullptr;
  const bool wide = page.size.columns >= 60;
  if (wide) line.add(fitted(shown(worker.node), 14) + " ", {Tone::faint});
  if (worker.state == Model::State::gone) return line.add("gone: " + shown(worker.trouble), {Tone::faint});
  if (worker.state == Model::State::starting) return line.add("starts", {Tone::faint});
  if (running == nullptr) return line.add("waits", {Tone::faint});
  const Seconds so_far = model.now() - running->since;
  line.add(running->phase == job::Phase::build ? "builds " : "tests  ");
  line.add(id_of(running->item), {Tone::active, true});
  if (running->attempt > 1) line.add(fmt::format(" (attempt {})", running->attempt), {Tone::warning});
  line.add(" " + elapsed(so_far, running->expected));
  const bool late = running->expected.count() > 0 && so_far > 2 * running->expected;
  if (wide) line.add(" " + progress_bar(so_far, running->expected, page.signs), {late ? Tone::warning : Tone::faint});
  return line;
}

std::string tests_title(const Model& model) {
  const auto told = static_cast<std::size_t>(
      std::ranges::count_if(model.endings(), [](const Model::Ended& one) { return events::is_result(one.what.mark); }));
  const std::size_t others = model.endings().size() - told;
  return others == 0 ? fmt::format("tests ({})", told)
                     : fmt::format("tests ({}, and {} that tell nothing)", told, others);
}

Line test_row(const Page& page, std::size_t index) {
  const Model::Ended& ended = page.model.endings()[page.model.endings().size() - 1 - index];
  Line line{fitted(shown(ended.what.word), 9) + " ", {tone_of(ended.what.mark), true}};
  line.add(id_of(ended.what.item) + " ");
  line.add(shown(ended.what.subject));
  const std::string& how = ended.what.detail;
  const bool known = how == "known";
  const bool says_more = !known && !how.empty() && how != ended.what.word;
  const std::string detail = (known ? how : duration(ended.what.took)) + (says_more ? ", " + shown(how) : "");
  return line.add(" (" + detail + ")", {Tone::faint});
}

}  // namespace

void paint_search(Page& page) {
  const Model& model = page.model;
  page.add(state_line(model));
  if (page.room() >= 9) page.add(shrinking(model, page.size.columns), {Tone::faint});
  const bool legend = page.room() >= 15;
  add_history(page);
  if (legend && model.funnel().size() > 0) add_legend(page);
  if (model.ended()) {
    add_result(page, *model.ended());
  } else {
    const std::size_t rows = std::min(model.workers().size() + 1, std::max<std::size_t>(page.room() / 2, 1));
    add_list(page, 0, fmt::format("workers ({} of {} ready)", model.ready(), model.workers().size()), rows,
             [&page](std::size_t index) { return worker_row(page, index); });
  }
  add_list(page, 1, tests_title(model), page.room(), [&page](std::size_t index) { return test_row(page, index); });
}

}  // namespace nmz::screen
