// Reads a command line by a table of options (option.hpp), with the habits of our users that CLI11 does not know: a
// single dash is enough for a long option (-replicas 8, as Namazu Swarm documented its own), of an option given twice
// the last one counts (as for git and docker), and the help page begins with usage lines as git writes them.
//
// CLI11 costs 20 s a file that includes it, so parser.cpp alone does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nmz/command_line/option.hpp"
#include "nmz/error/result.hpp"

namespace nmz::command_line {

/// Whose command line it is, for the help page and for messages.
struct Headline {
  Headline() = default;
  std::string name;
  std::string purpose;
  std::string usage;   ///< "Usage: ..." lines, each with its newline
  std::string footer;  ///< behind the options
  std::string hint;    ///< what a message about a wrong option ends with: "see nmzswarm gc --help"
};

class Parser {
 public:
  explicit Parser(const Headline& headline);
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;
  Parser(Parser&&) = delete;
  Parser& operator=(Parser&&) = delete;
  ~Parser();

  /// In the order of the help page.
  void add(const std::vector<Option>& options);
  /// What has no dash.
  void take_words(std::vector<std::string>& words);
  /// All that is behind "--", which is not looked at.
  void take_command(std::vector<std::string>& command);

  /// The page when one was asked for, nothing otherwise: then the values have been taken, in the order of the table.
  /// Errors (misconfigured): one line. An option whose value is empty is an error as well, unless it may be: in
  /// `--image "$IMAGE"` the variable is not set, and that must not mean "without an image".
  [[nodiscard]] Result<std::optional<std::string>> parse(const std::vector<std::string>& arguments);

  /// Whether the option was there, whatever its value.
  [[nodiscard]] bool given(const std::string& name) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nmz::command_line
