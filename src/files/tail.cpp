#include "nmz/files/tail.hpp"

#include <cstdio>

namespace nmz::files {

std::string tail_of_file(const std::string& path, std::size_t most, bool* cut) {
  if (cut != nullptr) *cut = false;
  std::FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return {};
  const bool longer = std::fseek(file, -static_cast<long>(most), SEEK_END) == 0 && std::ftell(file) > 0;
  if (!longer) std::rewind(file);
  std::string bytes(most, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  static_cast<void>(std::fclose(file));
  if (longer) bytes.erase(0, bytes.find('\n') + 1);
  if (cut != nullptr) *cut = longer;
  return bytes;
}

}  // namespace nmz::files
