// Which attributes a path has in a given commit: gitattributes(5).
//
// libgit2 has an attribute engine, but 1.5 always consults the index of the user's work tree before the commit that
// is asked about, keeps the macros of one commit for the next, refuses macros in a bare repository and looks every
// directory up again for every file. So the files are parsed here, once for each blob, and stacked while a tree is
// walked. Only the attributes that decide about a file's content are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glob.hpp"

namespace nmz::git {

struct AttributeValue {
  enum class Kind : std::uint8_t { unspecified, set, unset, text };
  Kind kind = Kind::unspecified;
  std::string text;

  [[nodiscard]] bool is(std::string_view value) const { return kind == Kind::text && text == value; }
};

/// What a path has of the attributes that decide about its content in the work tree.
struct Attributes {
  AttributeValue text;
  AttributeValue crlf;  ///< the old name of "text"
  AttributeValue eol;
  AttributeValue ident;
  AttributeValue filter;
  AttributeValue working_tree_encoding;
};

/// One attributes file.
class AttributeFile {
 public:
  /// Macros may only be defined in a top-level file and in those outside of the tree. Lines that git ignores (with a
  /// warning) are ignored.
  static AttributeFile parse(std::string_view text, bool macros_allowed, bool ignore_case);

  struct Assignment {
    std::string name;
    AttributeValue value;
  };
  struct Rule {
    std::optional<Glob> pattern;  ///< nothing: the definition of the macro `macro`
    bool whole_path = false;      ///< the pattern is about the path below the file's directory, not the name
    std::string macro;
    std::vector<Assignment> assignments;  ///< the last one of the line first: it is the strongest
  };
  /// The last one of the file first.
  [[nodiscard]] const std::vector<Rule>& rules() const { return rules_; }

 private:
  std::vector<Rule> rules_;
};

/// Attributes files from the weakest to the strongest.
class AttributeStack {
 public:
  /// `directory`: where the file counts from: "" or "a/b/".
  void push(std::shared_ptr<const AttributeFile> file, std::string_view directory);
  void pop();
  /// A file above all that are pushed before or after (info/attributes).
  void set_strongest(std::shared_ptr<const AttributeFile> file) { strongest_ = std::move(file); }
  /// No file says anything.
  [[nodiscard]] bool empty() const { return levels_.empty() && !strongest_; }

  [[nodiscard]] Attributes of(std::string_view path) const;

 private:
  struct Level {
    std::shared_ptr<const AttributeFile> file;
    std::size_t directory_size;
  };
  class Search;
  std::vector<Level> levels_;
  std::shared_ptr<const AttributeFile> strongest_;
};

}  // namespace nmz::git
