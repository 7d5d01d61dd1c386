// A directory's whole content as a value, to say "unchanged" about it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace nmz::conformance {

/// For each path below `root`: kind, permissions, time of modification, and content or target.
std::map<std::string, std::string> snapshot(const std::filesystem::path& root);

}  // namespace nmz::conformance
