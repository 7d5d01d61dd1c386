// See bisect_log.hpp. The grammar is what `git bisect log` prints.
//
// When it replays, git looks for a commit to test twice: after the start line and at the end. At the first of these it
// also checks that the good commits are ancestors of the bad one, and remembers that they are. So the start line has
// the ends of the search, and every good merge base of them: then the check passes, and is not repeated at the end,
// where good commits on other branches than the culprit's would make git ask for further merge bases. The exception is
// a range of one commit: found right after the start line, it would make git give up replaying.
#include "nmz/git/bisect_log.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "quoting.hpp"

namespace nmz::git {

namespace {

class LogText {
 public:
  explicit LogText(const BisectLogHead& head) : head_{head} {}

  void comment(std::string_view what, const CommitId& id, std::string_view subject) {
    subject = subject.substr(0, subject.find('\n'));
    fmt::format_to(std::back_inserter(text_), "# {}: [{}] {}\n", what, id.hex(), subject);
  }

  void start(const std::vector<CommitId>& goods) {
    std::vector<std::string> arguments;
    if (head_.term_new != "bad" || head_.term_old != "good") {
      arguments.push_back("--term-new=" + head_.term_new);
      arguments.push_back("--term-old=" + head_.term_old);
    }
    if (head_.first_parent) {
      arguments.emplace_back("--first-parent");
    }
    if (!goods.empty()) {
      arguments.push_back(head_.bad.hex());
      std::ranges::transform(goods, std::back_inserter(arguments), [](const CommitId& id) { return id.hex(); });
    }
    if (!head_.pathspecs.empty()) {
      arguments.emplace_back("--");
      arguments.insert(arguments.end(), head_.pathspecs.begin(), head_.pathspecs.end());
    }
    text_ += "git bisect start";
    for (const std::string& argument : arguments) {
      text_ += ' ' + quote_for_shell(argument);
    }
    text_ += '\n';
  }

  void verdict(BisectLogEntry::Word word, const CommitId& id, std::string_view subject) {
    comment(term(word), id, subject);
    fmt::format_to(std::back_inserter(text_), "git bisect {} {}\n", term(word), id.hex());
  }

  /// All verdicts, that on the culprit last; and the culprit.
  void verdicts(const std::vector<BisectLogEntry>& entries, const std::optional<BisectLogEntry>& culprit,
                bool culprit_is_told) {
    for (const BisectLogEntry& entry : entries) {
      if (!culprit || entry.id != culprit->id) {
        verdict(entry.word, entry.id, entry.subject);
      }
    }
    if (!culprit) {
      return;
    }
    if (!culprit_is_told) {
      verdict(BisectLogEntry::Word::bad, culprit->id, culprit->subject);
    }
    comment(fmt::format("first {} commit", term(BisectLogEntry::Word::bad)), culprit->id, culprit->subject);
  }

  void possible(const std::vector<BisectLogEntry>& suspects) {
    text_ += "# only skipped commits left to test\n";
    for (const BisectLogEntry& one : suspects) {
      comment(fmt::format("possible first {} commit", term(BisectLogEntry::Word::bad)), one.id, one.subject);
    }
  }

  [[nodiscard]] std::string_view term(BisectLogEntry::Word word) const {
    switch (word) {
      case BisectLogEntry::Word::good:
        return head_.term_old;
      case BisectLogEntry::Word::bad:
        return head_.term_new;
      case BisectLogEntry::Word::skip:
        break;
    }
    return "skip";
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  const BisectLogHead& head_;
  std::string text_;
};

std::string_view subject_at(const std::vector<std::string>& subjects, std::size_t at) {
  return at < subjects.size() ? std::string_view{subjects[at]} : std::string_view{};
}

bool is_end(const BisectLogHead& head, const BisectLogEntry& entry) {
  return entry.merge_base || std::ranges::find(head.goods, entry.id) != head.goods.end();
}

/// Nothing was tested between the ends: git would find the bad end right after the start line.
bool range_of_one(const BisectLogHead& head, const std::vector<BisectLogEntry>& entries,
                  const std::optional<BisectLogEntry>& culprit) {
  return culprit && culprit->id == head.bad && std::ranges::all_of(entries, [&](const BisectLogEntry& entry) {
           return entry.id == head.bad || is_end(head, entry);
         });
}

}  // namespace

std::string bisect_log(const BisectLogHead& head, const std::vector<BisectLogEntry>& entries,
                       const std::optional<BisectLogEntry>& culprit) {
  using Word = BisectLogEntry::Word;
  LogText log{head};
  std::vector<CommitId> goods = head.goods;
  for (const BisectLogEntry& entry : entries) {
    const bool passed = entry.word == Word::good;
    if (entry.merge_base && passed) {
      goods.push_back(entry.id);
    }
  }
  if (range_of_one(head, entries, culprit)) {
    log.start({});
    log.verdict(Word::bad, head.bad, head.bad_subject);
    for (std::size_t i = 0; i < head.goods.size(); ++i) {
      log.verdict(Word::good, head.goods[i], subject_at(head.good_subjects, i));
    }
  } else {
    log.comment(log.term(Word::bad), head.bad, head.bad_subject);
    for (std::size_t i = 0; i < head.goods.size(); ++i) {
      log.comment(log.term(Word::good), head.goods[i], subject_at(head.good_subjects, i));
    }
    log.start(goods);
  }
  log.verdicts(entries, culprit, culprit && culprit->id == head.bad && entries.empty());
  return log.take();
}

std::string session_text(const std::string& term_old, const std::string& term_new,
                         const std::vector<BisectLogEntry>& entries, const std::optional<BisectLogEntry>& culprit,
                         const std::vector<BisectLogEntry>& possible) {
  BisectLogHead head;
  head.term_old = term_old;
  head.term_new = term_new;
  LogText log{head};
  log.verdicts(entries, culprit, false);
  if (!culprit && !possible.empty()) {
    log.possible(possible);
  }
  return log.take();
}

}  // namespace nmz::git
