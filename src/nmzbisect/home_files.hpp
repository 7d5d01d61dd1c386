// Whether files of the user's home were changed while a search ran, by its tests or by anybody else.
//
// A test that keeps a database, a lock or a port number in the home shares it with the test beside it: a world has /tmp
// for itself, not the home, and two such tests named a wrong commit. What changed there is no proof, so it only makes
// the answer be confirmed. Looked at are the files in the home and in its directories: what lies deeper is mostly
// caches (ccache, pip), which are made to be shared.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace nmz::nmzbisect {

class HomeFiles {
 public:
  /// As they are now; without what is in one of the directories of `besides`, or one of its files.
  explicit HomeFiles(const std::vector<std::filesystem::path>& besides);

  [[nodiscard]] bool have_changed() const { return look() != before_; }

 private:
  using Files = std::map<std::string, std::vector<long>>;
  [[nodiscard]] Files look() const;
  void look_in(const std::string& directory, int depth, Files& found) const;

  std::string home_;
  std::vector<std::filesystem::path> besides_;
  Files before_;
};

}  // namespace nmz::nmzbisect
