#include "readable.hpp"

#include <algorithm>
#include <cstddef>

#include "nmz/text/control_sequence.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::report {
namespace {

/// Whether the sequence is a character of XML 1.0 (production 2) that only shows itself.
bool is_text(std::string_view sequence) {
  if (sequence == "\t" || sequence == "\n" || sequence == "\r") return true;
  return !text::is_active(sequence) && sequence != "\xEF\xBF\xBE" && sequence != "\xEF\xBF\xBF";
}

}  // namespace

std::string readable(std::string_view bytes) {
  std::string result;
  result.reserve(bytes.size());
  while (!bytes.empty()) {
    if (const std::size_t sequence = text::control_sequence(bytes).length; sequence > 0) {
      bytes.remove_prefix(sequence);
      continue;
    }
    const std::size_t length = text::utf8_sequence(bytes);
    const std::string_view sequence = bytes.substr(0, length);
    result += length > 0 && is_text(sequence) ? sequence : text::replacement;
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return result;
}

std::string_view last_lines(std::string_view log, std::size_t lines, std::size_t bytes) {
  while (log.ends_with('\n')) log.remove_suffix(1);
  std::size_t begin = log.size();
  while (lines > 0 && begin > 0) {
    const std::size_t newline = log.rfind('\n', begin - 1);
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    if (log.size() - line > bytes) break;
    begin = newline == std::string_view::npos ? 0 : newline;
    --lines;
  }
  if (begin == log.size()) return log.substr(log.size() - std::min(bytes, log.size()));  // one very long line
  return log.substr(begin == 0 ? 0 : begin + 1);
}

}  // namespace nmz::report
