#include "nmz/view/picture.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "nmz/output/output_file.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/funnel.hpp"
#include "nmz/view/text.hpp"

namespace nmz::view {
namespace {

using events::Mark;

constexpr double width = 960;
constexpr double left_edge = 24;
constexpr double right_edge = 300;  ///< room for a name
constexpr double top = 84;
constexpr double bottom = 74;
constexpr std::size_t most_stretches = 40;

struct Test {
  std::size_t position = 0;
  double begin = 0;
  double end = -1;  ///< it runs
  Mark mark = Mark::cancelled;
};

/// What was left from then on.
struct Step {
  double at = 0;
  std::size_t count = 0;
  std::vector<Funnel::Stretch> left;
};

/// For an attribute or a text, cut to `most` bytes.
std::string escaped(std::string_view bytes, std::size_t most) {
  std::string text = text::printable(bytes);
  if (text.size() > most) text = text::valid_utf8(text.substr(0, most)) + "…";
  std::string result;
  for (const char c : text) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else {
      result += c;
    }
  }
  return result;
}

struct Look {
  const char* colour;
  const char* word;
};

Look look_of(Mark mark) {
  switch (mark) {
    case Mark::passed:
      return {"#1a7f37", "good"};
    case Mark::failed:
      return {"#cf222e", "bad"};
    case Mark::skipped:
    case Mark::timed_out:
    case Mark::stopped:
      return {"#9a6700", "skipped"};
    default:
      break;
  }
  return {"#6e7781", "ended early"};
}

/// A circle, a cross, a square, or a bar.
std::string mark_at(double x, double y, Mark mark) {
  const char* const colour = look_of(mark).colour;
  switch (mark) {
    case Mark::passed:
      return fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="4" fill="{}"/>)", x, y, colour);
    case Mark::failed:
      return fmt::format(R"(<path d="M{:.1f} {:.1f}l8 8m0 -8l-8 8" stroke="{}" stroke-width="2.5"/>)", x - 4, y - 4,
                         colour);
    case Mark::skipped:
    case Mark::timed_out:
    case Mark::stopped:
      return fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="7" height="7" fill="{}"/>)", x - 3.5, y - 3.5, colour);
    default:
      break;
  }
  return fmt::format(R"(<path d="M{:.1f} {:.1f}v8" stroke="{}" stroke-width="2"/>)", x, y - 4, colour);
}

std::string text_at(double x, double y, std::string_view shape, const std::string& text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y, shape, text);
}

}  // namespace

struct Picture::Seen {
  Funnel funnel;
  std::vector<Test> tests;
  std::map<job::JobId, std::size_t> open;
  std::vector<Step> steps;
  std::string title;
  events::RunEnded end;
  bool ended = false;
  bool noisy = false;
  std::size_t candidates = 0;
  double now = 0;
  std::vector<double> edges;  ///< of the rows, the oldest commit's first

  void on(const events::RunStarted& event) {
    title = event.title;
    candidates = event.candidates;
  }
  void on(const events::HistoryRead& event) {
    funnel.read(event);
    step();
  }
  void on(const events::JobAssigned& event) {
    Test test;
    test.position = funnel.position(event.item);
    test.begin = now;
    open[event.job] = tests.size();
    tests.push_back(test);
  }
  void on(const events::JobEnded& event) {
    noisy = noisy || event.confidence > 0;
    const auto found = open.extract(event.job);
    if (found.empty()) return;
    tests[found.mapped()].end = now;
    tests[found.mapped()].mark = event.mark;
    if (noisy) return;
    funnel.take(event.item, event.mark, event.left);
    step();
  }
  void on(const events::VerdictKnown& event) {
    funnel.take(event.item, event.mark, event.left);
    step();
  }
  void on(const events::RunEnded& event) {
    end = event;
    ended = true;
  }
  void on(const auto& /*event*/) {}

  void step() {
    Step one;
    one.at = steps.empty() ? 0 : now;
    one.count = funnel.count();
    one.left = funnel.left();
    if (one.left.size() > most_stretches) one.left = {{one.left.front().first, one.left.back().last}};
    if (steps.empty() || steps.back().count != one.count) steps.push_back(std::move(one));
  }

  [[nodiscard]] double plot_height() const {
    constexpr double row = 12;
    constexpr double least = 140;
    constexpr double most = 460;
    return std::clamp(static_cast<double>(funnel.size()) * row, least, most);
  }
  [[nodiscard]] double height() const { return top + plot_height() + bottom; }
  [[nodiscard]] double span() const { return std::max(now, 0.001); }
  [[nodiscard]] double x(double time) const { return left_edge + (width - left_edge - right_edge) * time / span(); }
  /// Where the commit's row begins, seen from the top.
  [[nodiscard]] double edge(std::size_t position) const { return edges.at(position); }
  void lay_out();
  [[nodiscard]] double y(std::size_t position) const { return (edge(position) + edge(position + 1)) / 2; }

  [[nodiscard]] std::string sentence() const;
  [[nodiscard]] std::string detail() const;
  [[nodiscard]] std::string shade() const;
  [[nodiscard]] std::string bars() const;
  [[nodiscard]] std::string answer() const;
  [[nodiscard]] std::string axis() const;
  [[nodiscard]] std::string legend() const;
};

/// Half of the height is shared by all commits, and half by those that were tested: else the last tests of a long
/// history would be one line.
void Picture::Seen::lay_out() {
  constexpr double most = 16;  ///< for a tested commit
  std::vector<double> rows(funnel.size(), 0);
  std::size_t tested = 0;
  for (const Test& test : tests) {
    if (test.position == funnel.size() || rows[test.position] > 0) continue;
    rows[test.position] = 1;
    ++tested;
  }
  const double own = tested == 0 ? 0 : std::min(most, plot_height() / 2 / static_cast<double>(tested));
  const double shared = (plot_height() - own * static_cast<double>(tested)) /
                        static_cast<double>(std::max<std::size_t>(funnel.size(), 1));
  edges = {top + plot_height()};
  for (const double row : rows) edges.push_back(edges.back() - shared - row * own);
}

std::string Picture::Seen::sentence() const {
  if (!ended) return fmt::format("{}: {} of {} commits are left", title, funnel.count(), candidates);
  if (end.result == "found" && !end.search.suspects.empty()) {
    const events::Suspect& culprit = end.search.suspects.front();
    return fmt::format("{} is the first bad commit: {}", culprit.commit.substr(0, 12), culprit.subject);
  }
  return end.message.empty() ? title + ": " + end.result : end.message;
}

std::string Picture::Seen::detail() const {
  std::string text =
      fmt::format("{}: {} commits, {} tests", title, candidates, ended ? end.search.tests : tests.size());
  if (ended) text += fmt::format(", {} workers, {}", end.workers, duration(end.wall));
  if (end.search.serial_tests > 0) text += fmt::format(" (one at a time: {} tests)", end.search.serial_tests);
  if (end.search.confidence > 0) text += fmt::format("; confidence {:.1f} %", end.search.confidence * 100);
  return text;
}

/// From one verdict to the next.
std::string Picture::Seen::shade() const {
  std::string text = "<g fill=\"#fff1c2\" stroke=\"#e3c567\" stroke-width=\"0.5\">\n";
  if (noisy) return {};
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const double from = x(steps[i].at);
    const double until = i + 1 < steps.size() ? x(steps[i + 1].at) : x(span());
    for (const Funnel::Stretch& one : steps[i].left) {
      const double upper = edge(one.last + 1);
      text += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", from, upper,
                          std::max(until - from, 0.5), std::max(edge(one.first) - upper, 1.5));
    }
  }
  return text + "</g>\n";
}

std::string Picture::Seen::bars() const {
  std::string text;
  for (const Test& test : tests) {
    if (test.position == funnel.size()) continue;
    const double end_at = test.end < 0 ? span() : test.end;
    const double at = y(test.position);
    text += fmt::format(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke="{}" stroke-width="3" opacity="0.55"/>)",
                        x(test.begin), at, x(end_at), look_of(test.mark).colour);
    if (test.end >= 0) text += mark_at(x(end_at), at, test.mark);
    text += '\n';
  }
  return text;
}

std::string Picture::Seen::answer() const {
  if (end.result != "found" || end.search.suspects.empty()) return {};
  const events::Suspect& culprit = end.search.suspects.front();
  const std::size_t position = funnel.position(culprit.commit);
  if (position == funnel.size()) return {};
  const double at = y(position);
  constexpr double gap = 10;
  constexpr std::size_t room = 40;
  return fmt::format(R"(<path d="M{:.1f} {:.1f}H{:.1f}" stroke="#cf222e" stroke-dasharray="2 3"/>)", left_edge, at,
                     width - right_edge + gap / 2) +
         text_at(width - right_edge + gap, at, R"( class="b" fill="#cf222e")",
                 escaped(culprit.commit.substr(0, 12), 12)) +
         text_at(width - right_edge + gap, at + 16, "", escaped(culprit.subject, room));
}

/// Time, and how many are left where there is room for the number.
std::string Picture::Seen::axis() const {
  const double base = top + plot_height();
  std::string text =
      fmt::format("<path d=\"M{:.1f} {:.1f}H{:.1f}\" stroke=\"#d0d7de\"/>\n", left_edge, base + 4, width - right_edge);
  text += text_at(left_edge, base + 20, " class=\"s\"", "0 s");
  text += text_at(width - right_edge, base + 20, R"( class="s" text-anchor="end")", duration(events::Seconds{span()}));
  double free_from = 0;
  for (const Step& one : steps) {
    const double at = x(one.at);
    if (noisy || at < free_from) continue;
    const std::string left = fmt::format("{}", one.count);
    constexpr double letter = 8;
    constexpr double word = 28;
    const bool first = free_from == 0;
    text += text_at(at, top - 8, " class=\"s\"", first ? left + " left" : left);
    free_from = at + letter * static_cast<double>(left.size()) + 8 + (first ? word : 0);
  }
  return text;
}

std::string Picture::Seen::legend() const {
  constexpr std::array marks{Mark::passed, Mark::failed, Mark::skipped, Mark::cancelled};
  const double at = height() - 20;
  double from = left_edge + 5;
  std::string text;
  for (const Mark mark : marks) {
    const std::string_view word = look_of(mark).word;
    text += mark_at(from, at - 4, mark) + text_at(from + 10, at, " class=\"s\"", std::string{word});
    constexpr double letter = 7;
    from += 32 + letter * static_cast<double>(word.size());
  }
  if (!noisy) {
    text += fmt::format(
        R"(<rect x="{:.1f}" y="{:.1f}" width="14" height="9" fill="#fff1c2" stroke="#e3c567" stroke-width="0.5"/>)",
        from - 5, at - 9);
    text += text_at(from + 14, at, " class=\"s\"", "may be the first bad commit; newer commits are further up");
  }
  return text;
}

Picture::Picture() : seen_{std::make_unique<Seen>()} {}
Picture::~Picture() = default;

void Picture::show(const events::Event& event, events::Seconds now) {
  seen_->now = now.count();
  std::visit([this](const auto& what) { seen_->on(what); }, event);
}

std::string Picture::svg() const {
  Seen& seen = *seen_;
  seen.lay_out();
  const std::string sentence = escaped(seen.sentence(), 110);
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" "
             "role=\"img\" aria-label=\"{2}\">\n"
             "<title>{2}</title>\n"
             "<style>text{{font:13px sans-serif;fill:#1f2328}}.s{{font-size:12px;fill:#59636e}}.b{{font-weight:bold;"
             "fill:#cf222e}}.h{{font-size:16px;font-weight:bold}}path{{fill:none}}</style>\n"
             "<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#ffffff\"/>\n",
             width, seen.height(), sentence) +
         text_at(left_edge, 30, " class=\"h\"", sentence) +
         text_at(left_edge, 50, " class=\"s\"", escaped(seen.detail(), 200)) + seen.shade() + seen.bars() +
         seen.answer() + seen.axis() + seen.legend() + "</svg>\n";
}

Result<void> write_picture(const std::string& file, const Picture& picture) {
  auto out = output::OutputFile::open(file, output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected{out.error()};
  out->write(picture.svg());
  return out->commit();
}

}  // namespace nmz::view
