// What git tells a hook on its standard input, and which of it is to be tested. Pure.
//
// pre-push:      <local ref> <local id> <remote ref> <remote id>    (githooks(5))
// post-receive:  <old id> <new id> <ref>
//
// An id has 40 digits, or 64 in a repository with SHA-256 names; one of zeros alone means that there is nothing: a ref
// that is deleted, or made. Lines that are neither are left out: a hook that a newer git tells more must not be in the
// way. A ref is asked about by its name at the other side, since that is what others will get.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nmz::hook {

/// That a ref goes from one object to another.
struct Move {
  std::string ref;    ///< at the receiving side: "refs/heads/main"
  std::string from;   ///< empty: it is new
  std::string to;     ///< empty: it is deleted
  std::string local;  ///< pre-push: what the sender calls it, "(delete)" or "HEAD~1" included
  friend bool operator==(const Move&, const Move&) = default;
};

[[nodiscard]] std::vector<Move> read_pre_push(std::string_view input);
[[nodiscard]] std::vector<Move> read_post_receive(std::string_view input);

/// One object that is tested, whoever and how many are to get it.
struct Check {
  std::string object;               ///< not peeled: it may be a tag
  std::vector<std::string> refs;    ///< that it goes to
  std::vector<std::string> before;  ///< what these refs had, without duplicates
  friend bool operator==(const Check&, const Check&) = default;
};

/// `globs`: of full names, "*" also for what has a slash ("refs/heads/*"); one that begins with "!" takes out what an
/// earlier one let in. In the order of the moves.
[[nodiscard]] std::vector<Check> choose(const std::vector<Move>& moves, const std::vector<std::string>& globs);
[[nodiscard]] bool is_wanted(const std::string& ref, const std::vector<std::string>& globs);

/// "main" of "refs/heads/main", for a person.
[[nodiscard]] std::string short_name(const std::string& ref);

}  // namespace nmz::hook
