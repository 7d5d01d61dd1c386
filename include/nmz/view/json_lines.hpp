// The events as JSON, one object a line, for scripts (`--json FILE`).
//
// Every object has "event" (the event's name in kebab-case) and "time" (seconds since the start); the other members
// are those of the structs in event.hpp, in snake_case. Times are seconds as numbers. All of them are described in
// nmzbisect(1), section EVENTS, which tests/manual holds against what is written here.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "nmz/error/result.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/view/event.hpp"

namespace nmz::view {

class JsonLines final : public View {
 public:
  /// `path` "-" is standard output.
  [[nodiscard]] static Result<std::unique_ptr<JsonLines>> open(const std::string& path);

  void show(const Event& event, Seconds now) override;
  /// The last call. Errors (retryable): not every line could be written.
  [[nodiscard]] Result<void> close();

 private:
  explicit JsonLines(output::OutputFile file) : file_{std::move(file)} {}
  output::OutputFile file_;
};

/// The line for an event, without newline; empty for Tick.
[[nodiscard]] std::string json_line(const Event& event, Seconds now);

}  // namespace nmz::view
