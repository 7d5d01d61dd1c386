// The attribute engine against `git check-attr`, on random rules and paths.
#include "git/attributes.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "git/glob.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using support::ScratchRepository;

template <class T>
const T& pick(std::mt19937_64& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

std::string random_text(std::mt19937_64& random, const std::vector<std::string>& pieces, std::size_t longest) {
  std::string text;
  for (std::size_t i = 1 + random() % longest; i > 0; --i) {
    text += pick(random, pieces);
  }
  return text;
}

std::string random_rules(std::mt19937_64& random) {
  static const std::vector<std::string> pieces{"*",    "*",    "**", "**/",         "/**", "/",   "/",     "?",
                                               "a",    "b",    "c",  "A",           "\\a", "\\*", "[a-b]", "[!a]",
                                               "[^b]", "[]a]", "[a", "[[:lower:]]", "!",   "x.y", "\\"};
  static const std::vector<std::string> settings{
      "text",   "-text",   "!text", "text=auto", "eol=crlf", "-eol", "ident",  "filter=x",
      "binary", "-binary", "macro", "-macro",    "macro=1",  "crlf", "-bad-=", "working-tree-encoding=q",
      "!ident"};
  std::string rules;
  for (std::size_t i = 1 + random() % 6; i > 0; --i) {
    const std::string pattern = random_text(random, pieces, 5);
    const bool quoted = random() % 6 == 0 && pattern.find('\\') == std::string::npos;
    rules += random() % 5 == 0 ? "[attr]macro" : quoted ? '"' + pattern + '"' : pattern;
    for (std::size_t j = random() % 4; j > 0; --j) {
      rules += (random() % 5 == 0 ? "\t " : " ") + pick(random, settings);
    }
    rules += random() % 8 == 0 ? "\r\n" : "\n";
  }
  return rules;
}

std::string shown(const AttributeValue& value) {
  switch (value.kind) {
    case AttributeValue::Kind::set:
      return "set";
    case AttributeValue::Kind::unset:
      return "unset";
    case AttributeValue::Kind::text:
      return value.text;
    case AttributeValue::Kind::unspecified:
      break;
  }
  return "unspecified";
}

/// "path\0attribute\0value\0..." in the order that was asked.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> fields;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\0', begin);
    fields.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

class AttributesTest : public testing::Test {
 protected:
  static std::shared_ptr<const AttributeFile> parsed(const std::string& rules, bool top) {
    return std::make_shared<const AttributeFile>(AttributeFile::parse(rules, top, false));
  }

  std::vector<std::string> ask_git(const std::set<std::string>& paths) {
    support::Program program = support::git_program(
        scratch_.path(),
        {"check-attr", "-z", "--stdin", "text", "crlf", "eol", "ident", "filter", "working-tree-encoding"});
    for (const std::string& path : paths) {
      program.input += path + '\0';
    }
    return split(support::run_program(program).out);
  }

  ScratchRepository scratch_;
};

TEST_F(AttributesTest, AreWhatGitSays) {
  static const std::vector<std::string> pieces{"a", "b", "c", "A", "x.y", "*", "!", "/", "/", "]", "\\", "[a"};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    std::mt19937_64 random{seed};
    const std::string top = random_rules(random);
    const std::string below = random_rules(random);
    const std::string local = random_rules(random);
    SCOPED_TRACE(fmt::format("seed {}\n--- .gitattributes\n{}--- a/.gitattributes\n{}--- info/attributes\n{}", seed,
                             top, below, local));
    support::write_file(scratch_.path() / ".gitattributes", top);
    support::write_file(scratch_.path() / "a/.gitattributes", below);
    support::write_file(scratch_.path() / ".git/info/attributes", local);
    std::set<std::string> paths;
    for (int i = 0; i < 300; ++i) {
      const std::string path = (random() % 2 == 0 ? "a/" : "") + random_text(random, pieces, 5);
      if (!path.starts_with('/') && !path.ends_with('/') && path.find("//") == std::string::npos) {
        paths.insert(path);
      }
    }
    const std::vector<std::string> expected = ask_git(paths);
    ASSERT_EQ(expected.size(), paths.size() * 18);
    std::size_t at = 0;
    for (const std::string& path : paths) {
      AttributeStack stack;
      stack.set_strongest(parsed(local, true));
      stack.push(parsed(top, true), "");
      if (path.starts_with("a/")) {
        stack.push(parsed(below, false), "a/");
      }
      const Attributes attributes = stack.of(path);
      for (const AttributeValue& value : {attributes.text, attributes.crlf, attributes.eol, attributes.ident,
                                          attributes.filter, attributes.working_tree_encoding}) {
        EXPECT_EQ(shown(value), expected[at + 2]) << expected[at + 1] << " of " << path;
        at += 3;
      }
    }
    if (HasFailure()) {
      return;
    }
  }
}

TEST_F(AttributesTest, IgnoringCaseIgnoresItOnBothSides) {
  EXPECT_TRUE(Glob("*.TXT", Glob::Scope::name, true).matches("a.txt"));
  EXPECT_TRUE(Glob("*.txt", Glob::Scope::name, true).matches("A.TXT"));
  EXPECT_TRUE(Glob("[A-C]x", Glob::Scope::path, true).matches("bX"));
  EXPECT_FALSE(Glob("*.TXT", Glob::Scope::name, false).matches("a.txt"));
}

TEST_F(AttributesTest, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) {
    pattern += "*a";
  }
  EXPECT_FALSE(Glob(pattern + "b", Glob::Scope::path, false).matches(std::string(2000, 'a')));
}

}  // namespace
}  // namespace nmz::git
