#include "nmz/text/control_sequence.hpp"

namespace nmz::text {
namespace {

constexpr char escape = '\x1b';

bool between(char c, char first, char last) { return c >= first && c <= last; }

/// The introducer's length, and as what it begins a sequence: the character that stands behind ESC. 0: none.
struct Introducer {
  std::size_t length = 0;
  char kind = 0;
};

Introducer introducer(std::string_view bytes) {
  constexpr std::string_view kinds = "[]PX^_";  // CSI, OSC, DCS, SOS, PM, APC
  if (bytes.size() < 2) return {};
  if (bytes[0] == escape) {
    return kinds.find(bytes[1]) == std::string_view::npos ? Introducer{} : Introducer{2, bytes[1]};
  }
  // C1: two bytes in UTF-8, and the same as ESC and a byte that is 0x40 less.
  if (bytes[0] != '\xC2' || !between(bytes[1], '\x80', '\x9F')) return {};
  const char kind = static_cast<char>(bytes[1] - 0x40);
  return kinds.find(kind) == std::string_view::npos ? Introducer{} : Introducer{2, kind};
}

/// Parameters, intermediate bytes, a final byte. What breaks off is left out as far as it goes.
ControlSequence csi(std::string_view bytes, std::size_t begin) {
  std::size_t end = begin;
  while (end < bytes.size() && between(bytes[end], '\x30', '\x3F')) ++end;
  const bool numbers_only = bytes.substr(begin, end - begin).find_first_of("<=>?") == std::string_view::npos;
  const std::size_t intermediates = end;
  while (end < bytes.size() && between(bytes[end], '\x20', '\x2F')) ++end;
  if (end == bytes.size() || !between(bytes[end], '\x40', '\x7E')) return {end, false};
  return {end + 1, bytes[end] == 'm' && numbers_only && end == intermediates};
}

/// Ended by ST, an OSC also by BEL.
ControlSequence control_string(std::string_view bytes, Introducer begun) {
  for (std::size_t at = begun.length; at < bytes.size() && bytes[at] != '\n'; ++at) {
    if (bytes[at] == '\a' && begun.kind == ']') return {at + 1, false};
    const std::string_view rest = bytes.substr(at);
    if (rest.starts_with("\x1b\\") || rest.starts_with("\xC2\x9C")) return {at + 2, false};
    if (bytes[at] == escape) break;  // another sequence: this one is given up
  }
  return {begun.length, false};
}

/// ESC, intermediate bytes, a final byte: "ESC ( B", "ESC c".
ControlSequence short_escape(std::string_view bytes) {
  std::size_t end = 1;
  while (end < bytes.size() && between(bytes[end], '\x20', '\x2F')) ++end;
  if (end == bytes.size() || !between(bytes[end], '\x30', '\x7E')) return {};
  return {end + 1, false};
}

}  // namespace

ControlSequence control_sequence(std::string_view bytes) {
  if (const Introducer begun = introducer(bytes); begun.length > 0) {
    return begun.kind == '[' ? csi(bytes, begun.length) : control_string(bytes, begun);
  }
  return !bytes.empty() && bytes[0] == escape ? short_escape(bytes) : ControlSequence{};
}

}  // namespace nmz::text
