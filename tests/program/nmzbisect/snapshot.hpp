// A directory's whole content as a value, to say "unchanged" about it.
//
// Times of modification count, so that a file written anew with what it held is noticed; except git's objects: git
// renews the time of an object that is written a second time, also through an alternate.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nmz::conformance {

class Snapshot {
 public:
  explicit Snapshot(const std::filesystem::path& root);

  /// Paths that came, went, or are not what they were.
  [[nodiscard]] std::vector<std::string> changes() const;

 private:
  std::filesystem::path root_;
  /// For each path below the root: kind, permissions, time, and content or target.
  std::map<std::string, std::string> facts_;
};

}  // namespace nmz::conformance
