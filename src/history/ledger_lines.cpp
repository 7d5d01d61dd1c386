#include "ledger_lines.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "moment.hpp"

namespace nmz::history {
namespace {

constexpr const char* head_word = "search-1";
constexpr const char* verdict_word = "verdict";
constexpr const char* end_word = "end";
constexpr std::string_view digits = "0123456789abcdef";

/// FNV-1a: a line that was cut off, or is not there for the most part, is to be noticed, not a forger.
std::string check_sum(std::string_view text) {
  std::uint64_t sum = 14695981039346656037U;
  for (const char letter : text) sum = (sum ^ static_cast<unsigned char>(letter)) * 1099511628211U;
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(sum >> shift & 0xFFU);
  return hex(bytes);
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char letter : text) {
    const bool plain = letter != '%' && letter != '\t' && letter != '\n';
    result += plain ? std::string{letter} : '%' + hex({&letter, 1});
  }
  return result;
}

std::string unhex(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    const std::size_t high = digits.find(text[at]);
    const std::size_t low = digits.find(text[at + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      result += text[at];
      continue;
    }
    result += unhex(text.substr(at + 1, 2));
    at += 2;
  }
  return result;
}

std::int64_t number_in(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

LedgerHead head_in(const std::vector<std::string>& fields) {
  constexpr std::size_t fixed = 9;
  LedgerHead head;
  head.question = unhex(fields[1]);
  head.search = unhex(fields[2]);
  head.shared = unhex(fields[3]);
  head.repository = fields[4];
  head.directory = fields[5];
  head.range = fields[6];
  head.command = fields[7];
  head.began = to_time(number_in(fields[8]));
  head.arguments.assign(fields.begin() + fixed, fields.end());
  return head;
}

LedgerVerdict verdict_in(const std::vector<std::string>& fields) {
  LedgerVerdict one;
  one.key.bytes = unhex(fields[1]);
  one.verdict.said =
      static_cast<Said>(std::clamp<std::int64_t>(number_in(fields[2]), 0, static_cast<std::int64_t>(Said::not_built)));
  one.verdict.commit = fields[3];
  one.number = static_cast<std::uint32_t>(number_in(fields[4]));
  one.doubtful = fields[5] == "1";
  one.verdict.when = to_time(number_in(fields[6]));
  one.verdict.log = fields[7];
  return one;
}

LedgerEnd end_in(const std::vector<std::string>& fields) {
  LedgerEnd end;
  end.result = fields[1];
  end.answer = fields[2];
  end.tests = static_cast<std::uint64_t>(number_in(fields[3]));
  end.when = to_time(number_in(fields[4]));
  end.final = fields[5] == "1";
  return end;
}

void apply(const std::vector<std::string>& fields, LedgerContents& contents) {
  constexpr std::size_t in_verdict = 8;
  constexpr std::size_t in_end = 6;
  const std::string& word = fields.front();
  if (word == verdict_word && fields.size() >= in_verdict) {
    contents.verdicts.push_back(verdict_in(fields));
    ++contents.tests;
  } else if (word == take_back_word) {
    contents.verdicts.clear();
  } else if (word == confirm_word) {
    for (LedgerVerdict& one : contents.verdicts) one.doubtful = false;
  } else if (word == flaky_word) {
    contents.flaky = true;
  } else if (word == kept_word) {
    contents.kept = true;
  } else if (word == go_on_word) {
    contents.end.reset();
  } else if (word == end_word && fields.size() >= in_end) {
    contents.end = end_in(fields);
  }
}

}  // namespace

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    text += digits[value >> 4U];
    text += digits[value & 0xFU];
  }
  return text;
}

std::string line_of(const std::vector<std::string>& fields) {
  std::string text;
  for (const std::string& field : fields) text.append(escaped(field)).append(1, '\t');
  return '\n' + text + check_sum(text);
}

std::optional<std::vector<std::string>> fields_of(std::string_view line) {
  const std::size_t last = line.rfind('\t');
  if (last == std::string_view::npos || check_sum(line.substr(0, last + 1)) != line.substr(last + 1)) {
    return std::nullopt;
  }
  std::vector<std::string> fields;
  for (std::string_view rest = line.substr(0, last + 1); !rest.empty();) {
    const std::size_t tab = rest.find('\t');
    fields.push_back(unescaped(rest.substr(0, tab)));
    rest.remove_prefix(tab + 1);
  }
  return fields;
}

std::string head_line(const LedgerHead& head) {
  std::vector<std::string> fields{head_word,        hex(head.question), hex(head.search),
                                  hex(head.shared), head.repository,    head.directory,
                                  head.range,       head.command,       std::to_string(to_number(head.began))};
  fields.insert(fields.end(), head.arguments.begin(), head.arguments.end());
  return line_of(fields);
}

std::string verdict_line(const LedgerVerdict& verdict) {
  const RememberedVerdict& what = verdict.verdict;
  return line_of({verdict_word, hex(verdict.key.bytes), std::to_string(static_cast<int>(what.said)), what.commit,
                  std::to_string(verdict.number), verdict.doubtful ? "1" : "0", std::to_string(to_number(what.when)),
                  what.log});
}

std::string end_line(const LedgerEnd& end) {
  return line_of({end_word, end.result, end.answer, std::to_string(end.tests), std::to_string(to_number(end.when)),
                  end.final ? "1" : "0"});
}

std::optional<LedgerContents> contents_of(std::string_view text) {
  constexpr std::size_t in_head = 9;
  std::optional<LedgerContents> contents;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const auto fields = fields_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!fields || fields->empty()) continue;
    if (!contents && fields->front() == head_word && fields->size() >= in_head) {
      contents.emplace();
      contents->head = head_in(*fields);
    } else if (contents) {
      apply(*fields, *contents);
    }
  }
  return contents;
}

}  // namespace nmz::history
