// `nmzswarm --rerun failed`: what runs is not said again, it is what ran here last.
//
// A run leaves its command line, and the text of the list that it was given, beside its logs; the last run in a
// directory is known by that directory. Going on with it is its command line with the new options behind its own, where
// the last one counts. What only that run's output was called is left out.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/logs/log_store.hpp"

namespace nmz::nmzswarm {

/// Of a command line without what is behind "--": the options called so, with their values, are left out.
[[nodiscard]] std::vector<std::string> without_options(const std::vector<std::string>& words,
                                                       const std::vector<std::string>& names);

/// Of the run that begins. `list`: as it was read; empty where the run makes it. Errors: it cannot be written.
[[nodiscard]] Result<void> keep_command(logs::LogStore& logs, const std::vector<std::string>& arguments,
                                        const std::string& list);

/// `arguments` with the command line of the run in `log_directory`, or else of the last one in this directory, before
/// them. Errors (misconfigured): there is none.
[[nodiscard]] Result<std::vector<std::string>> with_earlier_command(const std::vector<std::string>& arguments,
                                                                    const std::string& log_directory);

}  // namespace nmz::nmzswarm
