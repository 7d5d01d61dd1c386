// See answers.hpp.
#include "answers.hpp"

#include <regex>
#include <stdexcept>

#include <fmt/format.h>

#include "support/scratch_repository.hpp"

namespace nmz::support {

void PrintTo(const Ended& ended, std::ostream* out) { *out << conformance::everything(ended); }

}  // namespace nmz::support

namespace nmz::conformance {

namespace fs = std::filesystem;

std::optional<std::string> culprit_of(const std::string& out, const std::string& term) {
  const std::string wanted = " is the first " + term + " commit";
  for (const std::string& line : split_lines(out)) {
    if (line.size() == 40 + wanted.size() && line.ends_with(wanted)) {
      return line.substr(0, 40);
    }
  }
  return std::nullopt;
}

std::vector<std::string> ids_in(const std::string& text) {
  static const std::regex id{"(?:^|\\s)([0-9a-f]{40})(?![0-9a-f])"};
  std::vector<std::string> result;
  for (std::sregex_iterator at{text.begin(), text.end(), id}, end; at != end; ++at) {
    result.push_back((*at)[1]);
  }
  return result;
}

namespace {

fs::path clone(const Workplace& workplace, const fs::path& repository) {
  fs::path target = workplace.path() / "oracle";
  for (int i = 0; fs::exists(target); ++i) {
    target = workplace.path() / fmt::format("oracle{}", i);
  }
  support::ScratchRepository::git_in(workplace.path(), {"clone", "--quiet", "--shared", repository, target});
  return target;
}

std::string closing_of(const std::string& output) {
  const std::size_t middle = output.find(" is the first ");
  const std::size_t end = output.rfind("bisect found first");
  if (middle == std::string::npos || middle < 40 || end == std::string::npos) {
    return "";
  }
  return output.substr(middle - 40, end - (middle - 40));
}

/// git 2.39 ends `run` with "bisect run success" and no answer when a second merge base is to be tested; it goes on
/// where it was when run again.
support::Ended run_to_the_end(const Workplace& workplace, const fs::path& directory,
                              const std::vector<std::string>& command) {
  std::vector<std::string> run{"git", "bisect", "run"};
  run.insert(run.end(), command.begin(), command.end());
  support::Ended ended;
  for (int i = 0; i < 10 && (i == 0 || ended.out.ends_with("bisect run success")); ++i) {
    ended = support::run_program(workplace.program(directory, run));
  }
  return ended;
}

}  // namespace

GitAnswer git_bisect(const Workplace& workplace, const fs::path& repository, const GitSearch& search) {
  const fs::path directory = clone(workplace, repository);
  std::vector<std::string> start{"bisect", "start", "--term-old=" + search.term_old, "--term-new=" + search.term_new};
  if (search.first_parent) {
    start.emplace_back("--first-parent");
  }
  start.push_back(search.bad);
  start.insert(start.end(), search.goods.begin(), search.goods.end());
  start.emplace_back("--");
  start.insert(start.end(), search.pathspecs.begin(), search.pathspecs.end());
  const support::Ended started = support::run_program(support::git_program(directory, start));
  const support::Ended ended = run_to_the_end(workplace, directory, search.command);

  GitAnswer answer;
  answer.output = everything(started) + everything(ended);
  const std::string out = started.out + ended.out;  // with one candidate left, start alone gives the answer
  answer.culprit = culprit_of(out, search.term_new);
  if (const std::size_t any_of = out.find("could be any of:"); any_of != std::string::npos) {
    answer.possible = ids_in(out.substr(any_of));
  }
  answer.closing = closing_of(ended.out);
  return answer;
}

std::vector<std::string> arguments_for(const GitSearch& search) {
  std::vector<std::string> result;
  for (const std::string& good : search.goods) {
    result.insert(result.end(), {"--good", good});
  }
  result.insert(result.end(), {"--bad", search.bad});
  for (const std::string& pathspec : search.pathspecs) {
    result.insert(result.end(), {"--path", pathspec});
  }
  if (search.first_parent) {
    result.emplace_back("--first-parent");
  }
  if (search.term_old != "good" || search.term_new != "bad") {
    result.insert(result.end(), {"--term-old", search.term_old, "--term-new", search.term_new});
  }
  result.emplace_back("--");
  result.insert(result.end(), search.command.begin(), search.command.end());
  return result;
}

std::string everything(const support::Ended& ended) {
  return fmt::format("\nexit code {}, signal {}{}, {} ms\n--- stdout\n{}--- stderr\n{}---\n", ended.exit_code,
                     ended.signal, ended.timed_out ? ", out of time" : "", ended.duration.count() / 1'000'000,
                     ended.out, ended.err);
}

}  // namespace nmz::conformance
