// A program's options as rows of a table: what an option is called, what it takes, what becomes of its value, and its
// line of the help page.
//
//     parser.add({value("-j,--jobs", "N", count(options.workers, most_workers), "Tests at once"),
//                 list("--path", "PATHSPEC", texts(options.pathspecs), "Only commits that touch PATHSPEC"),
//                 flag("--clean", options.clean, "Remove untracked files")});
//
// Rows are plain values, so that two programs can share one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "nmz/error/result.hpp"

namespace nmz::command_line {

/// What becomes of a value; `option`: its name, for messages. Errors (misconfigured): one line. values.hpp has those
/// for times, counts, words, ...
using Take = std::function<Result<void>(const std::string& option, const std::string& value)>;

struct Option {
  enum class Kind : std::uint8_t { flag, value, list, page };
  Option() = default;
  Kind kind = Kind::value;
  std::string names;       ///< "-j,--jobs,--replicas"; messages have the first long one
  std::string value_name;  ///< for the help page; empty: it takes none
  std::string help;
  Take take;
  bool* on = nullptr;                ///< of a flag
  std::optional<std::string> alone;  ///< the value that is meant where there is none
  bool joined = false;               ///< a value is behind a '=' only: the next word is not for this option
  bool may_be_empty = false;         ///< see Parser::parse()
  std::string page;                  ///< what is printed in place of everything else
};

[[nodiscard]] Option flag(std::string names, bool& on, std::string help);
/// Of several the last one counts, as for git and docker.
[[nodiscard]] Option value(std::string names, std::string value_name, Take take, std::string help);
/// May be repeated; each is taken.
[[nodiscard]] Option list(std::string names, std::string value_name, Take take, std::string help);
/// A flag that asks for a text, and for nothing else.
[[nodiscard]] Option page(std::string names, std::string text, std::string help);

/// The value may be left out, and is this one then.
[[nodiscard]] Option or_alone(Option option, std::string value);
/// The same, where words may follow that are no values: `--prove=5 v1..HEAD`, `--prove v1..HEAD`.
[[nodiscard]] Option or_alone_joined(Option option, std::string value);
[[nodiscard]] Option or_empty(Option option);

}  // namespace nmz::command_line
