// One pattern of a .gitattributes file, compiled.
//
// The rules are those of gitignore(5) and of git's wildmatch: '*' and '?' stop at a slash where paths are matched,
// "**/" stands for any number of directories, "/**" for everything below. The pattern becomes a list of steps that is
// run over the text with a set of active steps, so that no pattern, however many stars it has, takes more than
// length times steps; git's own recursive matcher (and fnmatch(3), which lacks "**") can take exponential time.
// Most patterns have one star or none ("*.c", "/Makefile"), and a repository asks about each of its files for each of
// its rules: those are decided by comparing both ends.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace nmz::git {

class Glob {
 public:
  enum class Scope : std::uint8_t {
    name,  ///< matched against a file's name: a slash is nothing special
    path   ///< matched against a path
  };

  Glob(std::string_view pattern, Scope scope, bool ignore_case);

  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  struct Step {
    enum class Kind : std::uint8_t {
      one,         ///< a byte of `bytes`
      run,         ///< any bytes but slashes
      everything,  ///< any bytes
      directories  ///< nothing, or any bytes that end with a slash
    };
    Kind kind = Kind::one;
    std::bitset<256> bytes;
  };

  [[nodiscard]] bool ends_match(std::string_view text) const;
  [[nodiscard]] bool is_at(std::size_t first_step, std::string_view text) const;
  [[nodiscard]] bool gap_matches(std::string_view text) const;
  [[nodiscard]] bool run(std::string_view text) const;
  void measure();
  void compile(std::string_view pattern, Scope scope);
  void add_one(std::bitset<256> bytes);
  std::size_t add_stars(std::string_view pattern, std::size_t at, Scope scope);
  void activate(std::vector<bool>& active, std::size_t step) const;

  std::vector<Step> steps_;
  std::size_t head_ = 0;  ///< steps before the first that may match any number of bytes
  std::size_t tail_ = 0;  ///< steps behind the last of these
  std::size_t gaps_ = 0;  ///< how many of these there are
  bool ignore_case_;
  bool impossible_ = false;  ///< the pattern is malformed: it matches nothing
};

}  // namespace nmz::git
