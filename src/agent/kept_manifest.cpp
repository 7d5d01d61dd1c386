// See kept_manifest.hpp.
#include "kept_manifest.hpp"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include "nmz/wire/kept_tree.hpp"

#include "tree_path.hpp"
#include "unique_fd.hpp"

namespace nmz::agent {
namespace {

constexpr off_t largest = off_t{1} << 30;

void put(std::string& out, const void* data, std::size_t size) { out.append(static_cast<const char*>(data), size); }

bool get(std::string_view& in, void* data, std::size_t size) {
  if (in.size() < size) {
    return false;
  }
  std::memcpy(data, in.data(), size);
  in.remove_prefix(size);
  return true;
}

/// A path, or the label, and what is known of it.
void put_entry(std::string& out, const std::string& path, const Signature& signature) {
  const std::uint64_t size = path.size();
  put(out, &size, sizeof size);
  out += path;
  put(out, &signature, sizeof signature);
}

bool get_entry(std::string_view& in, std::string& path, Signature& signature) {
  std::uint64_t size = 0;
  if (!get(in, &size, sizeof size) || in.size() < size) {
    return false;
  }
  path = in.substr(0, size);
  in.remove_prefix(size);
  return get(in, &signature, sizeof signature);
}

void put_directory(std::string& out, const Manifest::Directory& directory, const std::string& path) {
  if (directory.wanted) {
    Signature signature;
    signature.mode = S_IFDIR;
    put_entry(out, path, signature);
  }
  const std::string above = path.empty() ? path : path + '/';
  for (const auto& [name, signature] : directory.files) {
    put_entry(out, above + name, signature);
  }
  for (const auto& [name, child] : directory.directories) {
    put_directory(out, *child, above + name);
  }
}

std::uint64_t sum_of(std::string_view bytes) {
  ContentHash hash;
  hash.add(bytes.substr(sizeof(std::uint64_t)));
  return hash.value();
}

std::string read_file(int fd) {
  struct stat status {};
  std::string bytes;
  if (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= largest) {
    bytes.resize(static_cast<std::size_t>(status.st_size));
    if (::read(fd, bytes.data(), bytes.size()) != status.st_size) {
      bytes.clear();
    }
  }
  return bytes;
}

bool fill(std::string_view entries, Manifest& manifest, wire::KeptTree& kept) {
  Signature signature;
  bool good = get_entry(entries, kept.label, signature);
  for (std::string path; good && !entries.empty();) {
    good = get_entry(entries, path, signature) && !refusal(path);
    if (!good) {
      break;
    }
    ++kept.paths;
    kept.bytes += path.size();
    if (S_ISDIR(signature.mode)) {
      manifest.record_directory(path);
    } else if (signature.mode != 0) {
      manifest.record_file(path, signature);
    } else {
      kept.changed.push_back(path);
    }
  }
  return good;
}

}  // namespace

void keep_manifest(int place, KeptFacts facts, const std::string& label, const Manifest& manifest,
                   const std::vector<std::string>& touched) {
  constexpr const char* unfinished = "manifest.new";
  std::string bytes;
  put(bytes, &facts, sizeof facts);
  put_entry(bytes, label, {});
  put_directory(bytes, manifest.root(), {});
  for (const std::string& path : touched) {
    put_entry(bytes, path, {});
  }
  facts.sum = sum_of(bytes);
  std::memcpy(bytes.data(), &facts.sum, sizeof facts.sum);
  ::unlinkat(place, unfinished, 0);
  UniqueFd file{::openat(place, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (file && ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
      file.close_checked() == 0) {
    ::renameat(place, unfinished, place, wire::manifest_name);
  }
}

std::optional<KeptFacts> take_manifest(int place, Manifest& manifest, wire::KeptTree& kept) {
  const UniqueFd file{::openat(place, wire::manifest_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  ::unlinkat(place, wire::manifest_name, 0);
  const std::string bytes = read_file(file.get());
  std::string_view rest{bytes};
  KeptFacts facts;
  if (!get(rest, &facts, sizeof facts) || facts.sum != sum_of(bytes) || !fill(rest, manifest, kept)) {
    return std::nullopt;
  }
  return facts;
}

}  // namespace nmz::agent
