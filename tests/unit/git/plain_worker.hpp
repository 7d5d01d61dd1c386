// A work tree that does what the stream says and nothing else: the simplest possible agent.
//
// It trusts the stream, so it shows what the stream means; the real agent's own tests show that it is careful.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "nmz/git/tree_stream.hpp"
#include "nmz/wire/messages.hpp"

#include "support/temp_directory.hpp"

namespace nmz::git {

class PlainWorker {
 public:
  explicit PlainWorker(std::filesystem::path tree) : tree_{std::move(tree)} {}

  /// Brings the tree from the commit it has to another one. Throws when the stream reports an error.
  void go_to(ObjectReader& reader, const TreeRequest& request);
  /// The same for a stream that is open already.
  void apply(TreeStream& stream);

  [[nodiscard]] const std::filesystem::path& tree() const { return tree_; }
  /// Paths written by the last stream, and of these the ones that only had to be kept if the same.
  [[nodiscard]] const std::vector<std::string>& written() const { return written_; }

 private:
  void handle(const wire::Message& message);
  void finish_file();

  std::filesystem::path tree_;
  std::vector<std::string> written_;
  wire::TreeFile file_;
  std::string content_;
  bool in_file_ = false;
};

/// Everything below a directory (but ".git"): mode and content by path, directories that are empty too.
using Snapshot = std::map<std::string, std::string>;
[[nodiscard]] Snapshot snapshot(const std::filesystem::path& tree);

}  // namespace nmz::git
