#include "nmz/logs/last_run.hpp"

#include <fstream>

#include "nmz/installation/user_directories.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::logs {
namespace fs = std::filesystem;
namespace {

Result<fs::path> pointer_of(const std::string& name) {
  return installation::state_directory().map([&](const fs::path& state) { return state / "last" / name; });
}

}  // namespace

Result<void> remember_last(const std::string& name, const fs::path& directory) {
  const Result<fs::path> pointer = pointer_of(name);
  if (!pointer) return tl::unexpected{pointer.error()};
  auto out = output::OutputFile::open(pointer->string(), output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected{out.error()};
  out->write(directory.string() + "\n");
  return out->commit();
}

Result<std::optional<fs::path>> last_run(const std::string& name) {
  const Result<fs::path> pointer = pointer_of(name);
  if (!pointer) return tl::unexpected{pointer.error()};
  std::ifstream file{*pointer, std::ios::binary};
  std::string line;
  if (!std::getline(file, line) || line.empty()) return std::optional<fs::path>{};
  return std::optional<fs::path>{line};
}

}  // namespace nmz::logs
