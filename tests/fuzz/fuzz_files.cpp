// What earlier runs have left in files, which anybody may have written since, and what the kernel says of mounts.
#include <array>
#include <cstring>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "nmz/events/json.hpp"
#include "nmz/sandbox/plan.hpp"
#include "nmz/wire/kept_tree.hpp"

#include "bytes.hpp"
#include "kept_manifest.hpp"
#include "kept_mark.hpp"
#include "mounts.hpp"
#include "scratch.hpp"

namespace nmz::fuzz {
namespace {

/// What is read is shown, and recorded, and read again.
void check_recording(Bytes bytes) {
  const auto kind = bytes.byte() % 2 == 0 ? events::Kind::search : events::Kind::suite;
  static_cast<void>(events::kind_of(bytes.rest()));
  while (!bytes.empty()) {
    const auto read = events::read_json_line(bytes.line(), kind);
    if (!read || !*read) continue;
    const std::string again = events::json_line((*read)->event, kind, (*read)->time);
    demand(again.find('\n') == std::string::npos);
    if (again.empty()) continue;
    const auto reread = events::read_json_line(again, kind);
    demand(reread && *reread && (*reread)->event.index() == (*read)->event.index());
  }
}

void check_kept_mark(Bytes bytes) {
  const auto kept = orchestrator::decode_kept(bytes.rest());
  if (!kept) return;
  const auto again = orchestrator::decode_kept(orchestrator::encode(*kept));
  demand(again && again->owner == kept->owner && again->words == kept->words && again->workers == kept->workers);
}

void check_mounts(Bytes bytes) {
  const std::string directory = "/" + std::string{bytes.line()};
  for (const orchestrator::Mount& mount : orchestrator::mounts_below(bytes.rest(), directory)) {
    demand(mount.path.starts_with(directory));
  }
}

/// With a sum that is right, so that more than that is looked at.
void check_manifest(Bytes bytes) {
  static const Scratch scratch;
  static const int place = ::open(scratch.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  std::string file{bytes.rest()};
  if (file.size() >= sizeof(agent::KeptFacts)) {
    agent::ContentHash hash;
    hash.add(std::string_view{file}.substr(sizeof(std::uint64_t)));
    const std::uint64_t sum = hash.value();
    std::memcpy(file.data(), &sum, sizeof sum);
  }
  std::ofstream{scratch.path() / wire::manifest_name, std::ios::binary} << file;
  agent::Manifest manifest;
  wire::KeptTree kept;
  const auto facts = agent::take_manifest(place, manifest, kept);
  demand(::faccessat(place, wire::manifest_name, F_OK, 0) != 0);
  if (!facts) return;
  agent::keep_manifest(place, *facts, kept.label, manifest, kept.changed);
  agent::Manifest again;
  wire::KeptTree kept_again;
  demand(agent::take_manifest(place, again, kept_again).has_value() && kept_again.label == kept.label);
  demand(kept_again.changed == kept.changed && kept_again.paths <= kept.paths);
}

void check_world(Bytes bytes) {
  if (const auto plan = sandbox::decode(bytes.rest())) demand(sandbox::decode(sandbox::encode(*plan)).has_value());
}

constexpr std::array parsers{check_recording, check_kept_mark, check_mounts, check_manifest, check_world};

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz::fuzz;
  Bytes bytes(data, size);
  parsers.at(bytes.byte() % parsers.size())(bytes);
  return 0;
}
