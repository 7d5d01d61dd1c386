// See commit_graph_file.hpp. A commit-graph is one file, or a chain of several.
#include "commit_graph_file.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <fstream>
#include <memory>
#include <system_error>
#include <vector>

#include <openssl/evp.h>

#include "loose_objects.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t sha1_size = 20;

struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};

/// Whether the file ends with the SHA-1 of what is before.
bool is_whole(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    return false;
  }
  std::ifstream in{file, std::ios::binary};
  const std::uintmax_t size = fs::file_size(file, error);
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> digest{EVP_MD_CTX_new()};
  if (!in || error || size < sha1_size || EVP_DigestInit_ex(digest.get(), EVP_sha1(), nullptr) != 1) {
    return false;
  }
  std::vector<char> buffer(std::size_t{1} << 18);
  for (std::uintmax_t rest = size - sha1_size; rest > 0;) {
    const auto count = static_cast<std::size_t>(std::min<std::uintmax_t>(rest, buffer.size()));
    if (!in.read(buffer.data(), static_cast<std::streamsize>(count))) {
      return false;
    }
    EVP_DigestUpdate(digest.get(), buffer.data(), count);
    rest -= count;
  }
  std::array<char, sha1_size> written{};
  std::array<unsigned char, EVP_MAX_MD_SIZE> computed{};
  return in.read(written.data(), written.size()) && EVP_DigestFinal_ex(digest.get(), computed.data(), nullptr) == 1 &&
         std::equal(written.begin(), written.end(), computed.begin(),
                    [](char one, unsigned char other) { return static_cast<unsigned char>(one) == other; });
}

}  // namespace

bool commit_graphs_are_whole(const fs::path& objects) {
  for (const fs::path& directory : object_directories(objects)) {
    std::error_code error;
    const fs::path single = directory / "info/commit-graph";
    if (fs::exists(single, error) && !is_whole(single)) {
      return false;
    }
    for (const fs::directory_entry& entry : fs::directory_iterator{directory / "info/commit-graphs", error}) {
      if (entry.path().extension() == ".graph" && !is_whole(entry.path())) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace nmz::git
