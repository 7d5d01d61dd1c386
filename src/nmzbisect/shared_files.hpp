// Whether files that tests share were changed while a search ran, by its tests or by anybody else.
//
// A test that keeps a database, a lock or a port number in the home shares it with the test beside it: a world has /tmp
// for itself, not the home, and two such tests named a wrong commit. The same goes for the other places where programs
// leave things: the user's runtime directory, /run with its locks, and where root may write, /srv, /opt and /var/lib.
// What changed there is no proof, so it only makes the answer be confirmed. Looked at are the files in such a place and
// in its directories: what lies deeper is mostly caches (ccache, pip), which are made to be shared. Outside of the
// home only the user's own files count, and not what the system keeps in /run for itself. Nor is looked into what is
// mounted there from a server, which may not answer.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace nmz::nmzbisect {

class SharedFiles {
 public:
  struct Place {
    std::string directory;
    bool only_own = true;  ///< the user's own files count
  };
  /// Of this machine and user.
  [[nodiscard]] static std::vector<Place> places();

  /// As they are now; without what is in one of the directories of `besides`, or one of its files.
  SharedFiles(std::vector<Place> places, const std::vector<std::filesystem::path>& besides);

  /// How they were then, in a word: another one where anything was different.
  [[nodiscard]] std::string mark() const;
  [[nodiscard]] bool have_changed() const { return look() != before_; }
  /// Paths that were not there before and are now: a lock of a test that was ended early, say.
  [[nodiscard]] std::vector<std::string> appeared() const;

 private:
  using Files = std::map<std::string, std::vector<long>>;
  [[nodiscard]] Files look() const;
  void look_in(const Place& place, int depth, std::size_t most, Files& found) const;

  std::vector<Place> places_;
  std::set<std::filesystem::path> besides_;
  Files before_;
};

}  // namespace nmz::nmzbisect
