// What a checkout does with one file's content, decided from attributes and configuration.
//
// The rules are git's (gitattributes(5), core.autocrlf, core.eol), not libgit2's: its ident filter replaces keywords
// that git leaves alone, its eol filter differs for mixed line ends, and it has neither working-tree-encoding nor
// configured smudge drivers. Only the direction to the work tree is needed here, which keeps this short.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/error/result.hpp"
#include "nmz/git/commit_id.hpp"

#include "attributes.hpp"

namespace nmz::git {

/// filter.<name>.*
struct FilterDriver {
  std::string smudge;
  bool has_process = false;
  bool required = false;
};

/// The part of git's configuration that decides about contents.
struct ContentConfig {
  enum class AutoCrlf : std::uint8_t { no, yes, input };
  AutoCrlf auto_crlf = AutoCrlf::no;
  bool eol_is_crlf = false;  ///< core.eol
  bool ignore_case = false;
  bool symlinks = true;
  std::string attributes_file;  ///< core.attributesFile or its default
  std::string hooks_path;       ///< core.hooksPath
  std::string promisor;         ///< the remote that has what a partial clone lacks; empty: the clone is whole
  std::map<std::string, FilterDriver, std::less<>> drivers;

  /// `listing`: "key\nvalue\0" entries as `git config --null --list` prints them.
  static ContentConfig parse(std::string_view listing);
};

struct Treatment {
  enum class LineEnds : std::uint8_t {
    kept,
    crlf,          ///< every line end becomes CRLF
    crlf_if_text,  ///< the same, if the content looks like text with LF line ends throughout
  };
  LineEnds line_ends = LineEnds::kept;
  bool ident = false;
  std::string encoding;  ///< empty: UTF-8 stays
  std::string driver;    ///< of ContentConfig::drivers; empty: none

  [[nodiscard]] bool nothing() const { return *this == Treatment{}; }
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the generated comparison for ours
  friend auto operator<=>(const Treatment&, const Treatment&) = default;
};

[[nodiscard]] Treatment treatment_of(const Attributes& attributes, const ContentConfig& config);

/// Expands $Id$ keywords.
[[nodiscard]] std::string expand_ident(std::string_view content, const CommitId& blob);

/// LF to CRLF, where `line_ends` says so and the content allows it.
[[nodiscard]] std::string convert_line_ends(std::string_view content, Treatment::LineEnds line_ends);

/// From UTF-8. rejected: the content or the encoding's name does not allow it.
[[nodiscard]] Result<std::string> encode_from_utf8(std::string_view content, const std::string& encoding);

}  // namespace nmz::git
