// The command of a workload, with places where the workload stands: `nmzswarm -- ./test.sh {} ::: a b c`.
//
// The words are those of GNU parallel, and mean what they mean there (compared with its release 20221122): {}, {.}
// without its extension, {/} the last part of its path, {//} the directory of it, {/.} both of the former, {#} its
// number, from 1. But the command is words, not a line for a shell: what an id looks like never matters. Where a word
// is a shell's script (sh -c '... {} ...') a text put there would be read as shell, and an id that is `$(rm x)` would
// run. So there a variable is referred to, in whichever quotes the place stands.
//
// "${#}" is the shell's own and no place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::nmzswarm {

class CommandTemplate {
 public:
  struct Options {
    Options() = default;
    std::string place = "{}";  ///< empty: nothing is replaced
    bool append = false;       ///< behind the command where it has no place
  };
  struct Filled {
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< NAME=value
  };

  CommandTemplate(const std::vector<std::string>& command, const Options& options);

  /// The workload is in the words; else it goes to standard input.
  [[nodiscard]] bool has_places() const { return places_ > 0; }
  /// How often an id is in what fill() gives, at most.
  [[nodiscard]] std::size_t places() const { return places_; }
  /// `number`: from 1.
  [[nodiscard]] Filled fill(const std::string& id, std::size_t number) const;

 private:
  /// A word is pieces: `text`, then what stands at the place.
  enum class What : std::uint8_t { nothing, whole, stem, base, directory, base_stem, number };
  struct Piece {
    std::string text;
    What what = What::nothing;
  };
  using Word = std::vector<Piece>;

  [[nodiscard]] Word parse(std::string_view word, const std::string& place) const;
  [[nodiscard]] std::string as_script(const Word& word, std::vector<What>& referred) const;
  [[nodiscard]] static std::string value(What what, const std::string& id, std::size_t number);
  [[nodiscard]] static const char* variable(What what);

  std::vector<Word> words_;
  std::vector<What> referred_;  ///< variables of scripts
  std::size_t places_ = 0;
};

}  // namespace nmz::nmzswarm
