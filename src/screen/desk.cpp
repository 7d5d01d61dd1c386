#include "nmz/screen/desk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace nmz::screen {
namespace {

constexpr std::size_t short_id = 12;

bool is(const Input& input, char32_t character) {
  return input.key == Input::Key::character && input.character == character;
}

std::string name_of(const Model& model, const std::string& item) {
  return model.searches() ? shown(item).substr(0, short_id) : shown(item);
}

/// The job that is selected; none where its row has none.
std::optional<job::JobId> selected_job(const Desk& desk, const Model& model) {
  const std::size_t at = desk.selected(0, model);
  if (at >= rows_of(0, model)) return std::nullopt;
  if (model.searches()) return model.workers()[at].job;
  return running_rows(model)[at]->job;
}

const Model::Ended* selected_ending(const Desk& desk, const Model& model) {
  const std::size_t at = desk.selected(1, model);
  return at < model.endings().size() ? &model.endings()[model.endings().size() - 1 - at] : nullptr;
}

/// What the keys are about: of the pane that has them.
std::string selected_item(const Desk& desk, const Model& model) {
  if (desk.pane() == 1) {
    const Model::Ended* const ended = selected_ending(desk, model);
    return ended == nullptr ? "" : ended->what.item;
  }
  const auto job = selected_job(desk, model);
  const Model::Running* const running = job ? model.find(*job) : nullptr;
  return running == nullptr ? "" : running->item;
}

}  // namespace

std::vector<const Model::Running*> running_rows(const Model& model) {
  std::vector<const Model::Running*> rows;
  rows.reserve(model.running().size());
  for (const auto& [job, one] : model.running()) {
    if (one.begun) rows.push_back(&one);
  }
  std::ranges::sort(rows, [](const Model::Running* one, const Model::Running* other) {
    if (one->overdue != other->overdue) return one->overdue;
    return one->since != other->since ? one->since < other->since : one->job < other->job;
  });
  return rows;
}

std::size_t rows_of(std::size_t pane, const Model& model) {
  if (pane == 1) return model.endings().size();
  if (model.searches()) return model.workers().size();
  return static_cast<std::size_t>(
      std::ranges::count_if(model.running(), [](const auto& one) { return one.second.begun; }));
}

std::size_t Desk::selected(std::size_t pane, const Model& model) const {
  const std::size_t count = rows_of(pane, model);
  if (count == 0) return 0;
  if (pane == 1) return ending_ ? count - 1 - std::min(*ending_, count - 1) : 0;
  if (model.searches()) return std::min(worker_, count - 1);
  if (!job_) return 0;
  const auto rows = running_rows(model);
  const auto found = std::ranges::find(rows, *job_, [](const Model::Running* one) { return one->job; });
  return found == rows.end() ? 0 : static_cast<std::size_t>(found - rows.begin());
}

void Desk::select(std::size_t index, const Model& model) {
  const std::size_t count = rows_of(pane_, model);
  if (count == 0) return;
  index = std::min(index, count - 1);
  if (pane_ == 1) {
    ending_ = index == 0 ? std::nullopt : std::optional{count - 1 - index};
  } else if (model.searches()) {
    worker_ = index;
  } else {
    job_ = running_rows(model)[index]->job;
  }
}

void Desk::move(std::ptrdiff_t by, const Model& model) {
  const auto at = static_cast<std::ptrdiff_t>(selected(pane_, model)) + by;
  select(static_cast<std::size_t>(std::max<std::ptrdiff_t>(at, 0)), model);
}

std::size_t Desk::first_shown(std::size_t pane, std::size_t count, std::size_t rows, const Model& model) {
  std::size_t& first = first_.at(pane);
  const std::size_t at = selected(pane, model);
  if (at < first) first = at;
  if (rows > 0 && at >= first + rows) first = at + 1 - rows;
  first = std::min(first, count > rows ? count - rows : 0);
  return first;
}

void Desk::painted(std::vector<Place> places, Size size) {
  places_ = std::move(places);
  size_ = size;
}

const std::string& Desk::telling_line(const std::string& path) {
  constexpr std::size_t most = 1000;
  if (telling_.size() > most) telling_.clear();
  const auto [at, fresh] = telling_.try_emplace(path);
  if (fresh && !path.empty()) at->second = telling_line_of(read_(path));
  return at->second;
}

// ---- keys

std::vector<Wish> Desk::press(const Input& input, const Model& model) {
  if (input.key == Input::Key::redraw) return {};
  message_.clear();
  if (question_) {
    const Question asked = *std::exchange(question_, std::nullopt);
    if (is(input, 'y') || is(input, 'Y')) return {asked.wish};
    if (is(input, 'd') && std::holds_alternative<EndRun>(asked.wish)) return {Detach{}};
    return {};
  }
  switch (page_) {
    case Page::help:
      page_ = Page::overview;
      return {};
    case Page::log:
      press_log(input);
      return {};
    case Page::overview:
      break;
  }
  return press_overview(input, model);
}

std::vector<Wish> Desk::press_overview(const Input& input, const Model& model) {
  using Key = Input::Key;
  const auto page = static_cast<std::ptrdiff_t>(std::max<std::size_t>(size_.rows / 2, 1));
  switch (input.key) {
    case Key::tab:
    case Key::back_tab:
      pane_ = model.ended() ? 1 : (pane_ + 1) % panes;
      return {};
    case Key::up:
      move(-1, model);
      return {};
    case Key::down:
      move(1, model);
      return {};
    case Key::page_up:
      move(-page, model);
      return {};
    case Key::page_down:
      move(page, model);
      return {};
    case Key::wheel_up:
      move(-3, model);
      return {};
    case Key::wheel_down:
      move(3, model);
      return {};
    case Key::home:
      select(0, model);
      return {};
    case Key::end:
      select(rows_of(pane_, model), model);
      return {};
    case Key::enter:
      open_log(model);
      return {};
    case Key::click:
      click(input, model);
      return {};
    case Key::character:
      break;
    default:
      return {};
  }
  switch (input.character) {
    case '?':
    case 'h':
      page_ = Page::help;
      return {};
    case 'k':
      move(-1, model);
      return {};
    case 'j':
      move(1, model);
      return {};
    case 'd':
      if (!abilities_.replay && !model.ended()) return {Detach{}};
      return {Leave{}};
    case '+':
    case '-':
      if (abilities_.workers && !model.ended()) return {ChangeWorkers{input.character == '+' ? 1 : -1}};
      message_ = "the number of workers cannot be changed now";
      return {};
    case 'p':
      if (!abilities_.pause || model.ended()) {
        message_ = "there is nothing to pause";
        return {};
      }
      paused_ = !paused_;
      return {Pause{paused_}};
    case 'q':
      if (model.ended() || abilities_.replay) return {Leave{}};
      question_ = Question{"end the run?  y yes  d no, go on as text  else no", EndRun{}};
      return {};
    case 'r':
      return run_again(model);
    case 'c':
    case 's':
      ask(input.character, model);
      return {};
    default:
      message_ = "? tells the keys";
      return {};
  }
}

void Desk::ask(char32_t key, const Model& model) {
  if (key == 'c') {
    const auto job = pane_ == 0 ? selected_job(*this, model) : std::nullopt;
    const Model::Running* const running = job ? model.find(*job) : nullptr;
    if (running == nullptr || !abilities_.cancel) {
      message_ = abilities_.cancel ? "select what runs, in the upper list" : "nothing can be cancelled here";
      return;
    }
    question_ = Question{"cancel " + name_of(model, running->item) + "?  y yes  else no", CancelJob{*job}};
    return;
  }
  const std::string item = selected_item(*this, model);
  if (!abilities_.skip || item.empty() || model.ended()) {
    message_ = abilities_.skip ? "select a commit first" : "nothing can be skipped here";
    return;
  }
  question_ =
      Question{"skip " + name_of(model, item) + ", as if it could not be tested?  y yes  else no", SkipCommit{item}};
}

/// Nothing is lost by it, so it is not asked about.
std::vector<Wish> Desk::run_again(const Model& model) {
  if (model.ended()) {
    message_ = model.searches() ? "it is over" : "it is over: --rerun failed runs what failed";
    return {};
  }
  if (!abilities_.again) {
    message_ = model.searches() ? "a search runs again by itself what it doubts" : "nothing can be run again here";
    return {};
  }
  const Model::Ended* const ended = pane_ == 1 ? selected_ending(*this, model) : nullptr;
  if (ended == nullptr) {
    message_ = "select what did not pass, in the lower list";
    return {};
  }
  if (ended->what.mark == events::Mark::retried || ended->what.mark == events::Mark::flaky) {
    message_ = ended->what.mark == events::Mark::flaky ? "it has passed" : "it is run again already";
    return {};
  }
  message_ = name_of(model, ended->what.item) + " is run again as soon as a worker is free";
  return {RunAgain{ended->what.workload}};
}

void Desk::click(const Input& input, const Model& model) {
  const auto found = std::ranges::find(places_, input.row, &Place::row);
  if (found == places_.end()) return;
  const bool again = pane_ == found->pane && selected(pane_, model) == found->index;
  pane_ = found->pane;
  select(found->index, model);
  if (again) open_log(model);
}

void Desk::open_log(const Model& model) {
  log_ = LogView{};
  if (pane_ == 0) {
    const auto job = selected_job(*this, model);
    const Model::Running* const running = job ? model.find(*job) : nullptr;
    if (running == nullptr) {
      message_ = "nothing runs there";
      return;
    }
    log_.job = job;
    log_.title = name_of(model, running->item);
  } else {
    const Model::Ended* const ended = selected_ending(*this, model);
    if (ended == nullptr || ended->what.log.empty()) {
      message_ = ended == nullptr ? "there is none yet" : "its log was not kept";
      return;
    }
    log_.path = ended->what.log;
    log_.title = name_of(model, ended->what.item);
  }
  page_ = Page::log;
  catch_up(model);
}

}  // namespace nmz::screen
