// The content of one file as a checkout would write it.
#pragma once

#include <string>
#include <string_view>

#include "nmz/error/result.hpp"

#include "libgit2.hpp"
#include "tree_comparison.hpp"

namespace nmz::git {

/// Owns the blob, or what the filters made of it.
class Content {
 public:
  Content() = default;
  explicit Content(SharedBlob blob) : blob_{std::move(blob)} {}
  explicit Content(std::string filtered) : filtered_{std::move(filtered)} {}

  [[nodiscard]] std::string_view bytes() const {
    return blob_ ? std::string_view{static_cast<const char*>(git_odb_object_data(blob_.get())),
                                    git_odb_object_size(blob_.get())}
                 : std::string_view{filtered_};
  }

 private:
  SharedBlob blob_;
  std::string filtered_;
};

[[nodiscard]] Result<Content> read_content(const TreeDifference& difference, const FileToSend& file);

}  // namespace nmz::git
