// See tree_path.hpp for the rules and where they come from.
//
// One deliberate difference from git: malformed UTF-8 inside ".git" is no reason to refuse, because no HFS+ volume can
// hold such a name and elsewhere it is an ordinary file. Symlinks called .gitmodules, which git refuses as well, are
// harmless here: nothing on a worker reads them on behalf of the coordinator.
#include "tree_path.hpp"

#include <algorithm>
#include <string>

namespace nmz::agent {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

/// One piece of a name as NTFS sees it: "name  . :stream" is the file "name".
bool is_ntfs_git(std::string_view piece) {
  const std::size_t last = piece.find_last_not_of(" .");
  const std::string_view name = last == std::string_view::npos ? std::string_view{} : piece.substr(0, last + 1);
  return equals_ignoring_case(name, ".git") || equals_ignoring_case(name, "git~1");
}

bool names_git_on_ntfs(std::string_view component) {
  const std::string_view file = component.substr(0, component.find(':'));
  std::size_t begin = 0;
  for (;;) {
    const std::size_t end = std::min(file.find('\\', begin), file.size());
    if (is_ntfs_git(file.substr(begin, end - begin))) {
      return true;
    }
    if (end == file.size()) {
      return false;
    }
    begin = end + 1;
  }
}

/// Whether the name begins with a code point that HFS+ leaves out when it compares names. All of them take three bytes.
bool begins_with_ignored(std::string_view name) {
  const auto is_continuation = [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; };
  if (name.size() < 3 || (static_cast<unsigned char>(name[0]) & 0xf0U) != 0xe0U || !is_continuation(name[1]) ||
      !is_continuation(name[2])) {
    return false;
  }
  char32_t code_point = 0;
  for (const char byte : name.substr(0, 3)) {
    code_point = (code_point << 6U) | (static_cast<unsigned char>(byte) & 0x3fU);
  }
  code_point &= 0xffffU;
  const auto is_between = [code_point](char32_t first, char32_t last) {
    return first <= code_point && code_point <= last;
  };
  return is_between(0x200c, 0x200f) || is_between(0x202a, 0x202e) || is_between(0x206a, 0x206f) ||
         is_between(0xfeff, 0xfeff);
}

bool names_git_on_hfs(std::string_view component) {
  std::string seen;
  for (std::size_t i = 0; i < component.size() && seen.size() <= 4;) {
    if (begins_with_ignored(component.substr(i))) {
      i += 3;
    } else {
      seen.push_back(component[i]);
      ++i;
    }
  }
  return equals_ignoring_case(seen, ".git");
}

}  // namespace

std::optional<std::string_view> refusal(std::string_view path, PathOf whose) {
  if (path.empty()) {
    return "empty path";
  }
  if (path.front() == '/') {
    return "absolute path";
  }
  if (path.find('\0') != std::string_view::npos) {
    return "path with a NUL byte";
  }
  if (path.back() == '/') {
    return "path with an empty component";
  }
  for (bool outer = true; !path.empty(); outer = false) {
    const std::string_view component = take_component(path);
    if (whose == PathOf::coordinator && (outer || path.empty()) && component == ".git") {
      continue;
    }
    if (component.empty()) {
      return "path with an empty component";
    }
    if (component == "." || component == "..") {
      return "path that leaves the tree";
    }
    if (names_git_on_ntfs(component) || names_git_on_hfs(component)) {
      return "path that names a git directory";
    }
  }
  return std::nullopt;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view take_component(std::string_view& path) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return component;
}

}  // namespace nmz::agent
