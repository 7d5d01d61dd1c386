// See failure.hpp. strerror() is not thread-safe, which is of no concern in a program of one thread; the GNU and POSIX
// forms of strerror_r() differ between C libraries, which would be.
#include "failure.hpp"

#include <cerrno>
#include <cstring>

namespace nmz::agent {

std::string error_text(int error) {
  return std::strerror(error);  // NOLINT(concurrency-mt-unsafe): one thread
}

std::string printable(std::string_view bytes) {
  constexpr std::size_t longest = 1000;
  std::string line;
  for (const char byte : bytes.substr(0, longest)) {
    const auto value = static_cast<unsigned char>(byte);
    if (value >= 0x20 && value != 0x7f) {
      line.push_back(byte);
      continue;
    }
    line.push_back('\\');
    for (const unsigned shift : {6U, 3U, 0U}) {
      line.push_back(static_cast<char>('0' + ((value >> shift) & 7U)));
    }
  }
  if (bytes.size() > longest) {
    line += "...";
  }
  return line;
}

tl::unexpected<job::Outcome> failed(int error, std::string_view what, std::string_view path) {
  const bool name_refused = error == ENAMETOOLONG || error == EILSEQ || error == EINVAL;
  job::Outcome outcome;
  outcome.kind = name_refused ? job::OutcomeKind::untestable : job::OutcomeKind::unprepared;
  outcome.code = error;
  outcome.disk_full = error == ENOSPC || error == EDQUOT;
  outcome.detail = "cannot " + std::string{what} + " " + printable(path) + ": " + error_text(error);
  return tl::unexpected<job::Outcome>{std::move(outcome)};
}

tl::unexpected<job::Outcome> untestable(std::string_view why, std::string_view path) {
  job::Outcome outcome;
  outcome.kind = job::OutcomeKind::untestable;
  outcome.detail = std::string{why} + ": " + printable(path);
  return tl::unexpected<job::Outcome>{std::move(outcome)};
}

}  // namespace nmz::agent
