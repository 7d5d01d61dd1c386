#include "telling_options.hpp"

#include <optional>
#include <string>

#include "nmz/command_line/values.hpp"

namespace nmz::nmzswarm {

std::vector<command_line::Option> telling_options(Options& options) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  return {
      value("--show-output", "WHEN",
            one_of<view::ShowOutput>(options.show_output,
                                     {{"never", view::ShowOutput::never},
                                      {"failed", view::ShowOutput::failed},
                                      {"all", view::ShowOutput::all},
                                      {"live", view::ShowOutput::live}},
                                     is_one_of),
            "Whose output is shown: never, failed (at the end), all (when each has ended) or live (each line as it "
            "comes, behind the workload) [failed]"),
      value("--status-level", "LEVEL",
            one_of<std::optional<view::StatusLevel>>(options.status_level,
                                                     {{"none", view::StatusLevel::none},
                                                      {"fail", view::StatusLevel::fail},
                                                      {"retry", view::StatusLevel::retry},
                                                      {"slow", view::StatusLevel::slow},
                                                      {"pass", view::StatusLevel::pass},
                                                      {"skip", view::StatusLevel::skip},
                                                      {"all", view::StatusLevel::all}},
                                                     is_one_of),
            "Which results get a line, each with those before it: none, fail, retry, slow, pass, skip, all [skip; on a "
            "terminal what did not pass]"),
      value(
          "--slow-after", "TIME",
          stored(options.slow_after,
                 [](const std::string& option, const std::string& time) { return parse_time(option, time); }),
          "Tell of a workload that still runs after this time, and again each time it is twice as long [1m, and twice "
          "what the history expects]"),
  };
}

}  // namespace nmz::nmzswarm
