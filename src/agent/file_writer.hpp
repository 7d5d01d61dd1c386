// One file of the stream, from its announcement to its last byte.
//
// A file is never written in place: the old one is unlinked and a new one created with O_EXCL, so that hard links and
// copies made with cp -l keep their contents, a running copy is not disturbed, and a symlink at that place is not
// written through. Not "temporary file and rename": rename would cost one more call per file to protect from readers
// that cannot exist (nothing runs in the tree), and would need a name that no commit uses.
//
// With keep_if_same the arriving bytes are compared with the old file as they come. At the first difference the equal
// beginning is copied from the old file, so that nothing has to be held in memory, whatever the size.
#pragma once

#include <cstdint>
#include <string>

#include "nmz/wire/messages.hpp"

#include "failure.hpp"
#include "manifest.hpp"
#include "remedies.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {

class FileWriter {
 public:
  /// `mask`: the process's umask, for recognising an unchanged mode.
  [[nodiscard]] static Attempt<FileWriter> start(wire::TreeFile file, TreePlace place, mode_t mask);

  /// Bytes still to come.
  [[nodiscard]] std::uint64_t missing() const { return file_.size - received_; }
  [[nodiscard]] const std::string& path() const { return file_.path; }

  /// At most missing() bytes.
  [[nodiscard]] Attempt<> add(std::string_view bytes);
  [[nodiscard]] Attempt<Signature> finish();

 private:
  FileWriter(wire::TreeFile file, TreePlace place) : file_{std::move(file)}, place_{std::move(place)} {}

  [[nodiscard]] const char* name() const;
  [[nodiscard]] bool stamp() const;
  [[nodiscard]] bool old_is_comparable(mode_t mask);
  [[nodiscard]] bool old_continues_with(std::string_view bytes) const;
  [[nodiscard]] Attempt<> abandon_old();
  [[nodiscard]] Attempt<> create();
  [[nodiscard]] Attempt<> write(std::string_view bytes);
  [[nodiscard]] Attempt<> create_symlink();

  wire::TreeFile file_;
  TreePlace place_;
  std::uint64_t received_ = 0;
  ContentHash hash_;
  UniqueFd old_;  ///< open while everything that came equals the old file
  UniqueFd out_;
  std::string target_;  ///< of a symlink
};

}  // namespace nmz::agent
