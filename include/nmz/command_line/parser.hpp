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

/// What is said elsewhere, in a configuration, about an option that the command line says nothing about.
struct Default {
  Default() = default;
  std::string option;  ///< its long name, "log-lines" or "loglines"; of a flag also without or with "no-" before it
  std::string value;   ///< empty: takes back those that are before it; for a flag as git has it (on, no, 1)
  bool alone = false;  ///< no value was written
  std::string name;    ///< what messages call it: "nmz.log-lines"
  std::string origin;  ///< and where it stands
};

/// Not an option: a line for the shell, where nothing is behind "--".
inline constexpr const char* default_command = "command";

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
  /// `defaults`: the last one of an option counts, and of a list all; what names no option is left alone. What is wrong
  /// with one is told with its name and origin. "--no-NAME" on the command line leaves those of NAME out.
  [[nodiscard]] Result<std::optional<std::string>> parse(const std::vector<std::string>& arguments,
                                                         const std::vector<Default>& defaults = {});

  /// Whether the option was on the command line, whatever its value.
  [[nodiscard]] bool given(const std::string& name) const;

  [[nodiscard]] bool command_is_default() const;

  /// The name of the option that a default of this name is for: "log-lines"; empty: there is none.
  [[nodiscard]] std::string option_of(const std::string& name) const;
  /// Whether more than the last of its defaults counts.
  [[nodiscard]] bool is_list(const std::string& option) const;
  /// Of all options that a default can be for.
  [[nodiscard]] std::vector<std::string> option_names() const;

  /// For checks of what options ("--overlay") say together; the error says why they do not go together.
  [[nodiscard]] tl::unexpected<Error> contradiction(std::vector<std::string> options, std::string why);
  /// After a contradiction: of its options the one that yields, because it is a default, and of several the first in
  /// the list, is taken out of `defaults` and given back. Nothing: the command line alone contradicts itself.
  [[nodiscard]] std::optional<Default> withdraw(std::vector<Default>& defaults) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace nmz::command_line
