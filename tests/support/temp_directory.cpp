// See temp_directory.hpp.
#include "temp_directory.hpp"

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace nmz::support {

namespace fs = std::filesystem;

namespace {

void remove_tree(const fs::path& root) {
  std::error_code ignored;
  for (fs::recursive_directory_iterator at{root, fs::directory_options::skip_permission_denied, ignored}, end;
       at != end; at.increment(ignored)) {
    if (at->symlink_status(ignored).type() == fs::file_type::directory) {
      fs::permissions(at->path(), fs::perms::owner_all, fs::perm_options::add, ignored);
    }
  }
  fs::remove_all(root, ignored);
}

}  // namespace

TempDirectory::TempDirectory(std::string_view name) : TempDirectory{name, fs::temp_directory_path()} {}

TempDirectory::TempDirectory(std::string_view name, const fs::path& base) {
  std::string pattern = (fs::canonical(base) / ("nmz-" + std::string{name} + "-XXXXXX")).string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::system_error{errno, std::generic_category(), "mkdtemp " + pattern};
  }
  path_ = pattern;
}

TempDirectory::TempDirectory(TempDirectory&& other) noexcept : path_{std::exchange(other.path_, {})} {}

TempDirectory::~TempDirectory() {
  if (!path_.empty()) {
    remove_tree(path_);
  }
}

std::string read_file(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) {
    throw std::runtime_error{"cannot read " + file.string()};
  }
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

void write_file(const fs::path& file, std::string_view content) {
  fs::create_directories(file.parent_path());
  std::ofstream out{file, std::ios::binary | std::ios::trunc};
  out.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!out.flush()) {
    throw std::runtime_error{"cannot write " + file.string()};
  }
}

}  // namespace nmz::support
