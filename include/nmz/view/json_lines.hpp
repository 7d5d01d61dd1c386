// The events as JSON lines (nmz/events/json.hpp), for scripts (`--json FILE`) and for recordings. They are described in
// the manual pages, section EVENTS, which tests/program/manual holds against what is written here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "nmz/error/result.hpp"
#include "nmz/events/stream.hpp"
#include "nmz/output/output_file.hpp"

namespace nmz::view {

class JsonLines final : public events::Consumer {
 public:
  /// Followed: somebody may read the file meanwhile, so that every line is in it at once. Recorded: within a quarter of
  /// a second, which costs a run of many short jobs nothing.
  enum class Pace : std::uint8_t { followed, recorded };

  /// `path` "-" is standard output.
  [[nodiscard]] static Result<std::unique_ptr<JsonLines>> open(const std::string& path, events::Kind kind,
                                                               Pace pace = Pace::followed);

  void show(const events::Event& event, events::Seconds now) override;
  /// The last call. Errors (retryable): not every line could be written.
  [[nodiscard]] Result<void> close();

 private:
  JsonLines(output::OutputFile file, events::Kind kind, Pace pace) : file_{std::move(file)}, kind_{kind}, pace_{pace} {}
  output::OutputFile file_;
  events::Kind kind_;
  Pace pace_;
};

}  // namespace nmz::view
