// The events of a test suite as JSON, one object a line, for scripts (`--json FILE`): as json_lines.hpp says. They are
// described in nmzswarm(1), section EVENTS, which tests/manual holds against what is written here.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "nmz/error/result.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/view/suite_event.hpp"

namespace nmz::view {

class SuiteJson final : public SuiteView {
 public:
  /// `path` "-" is standard output.
  [[nodiscard]] static Result<std::unique_ptr<SuiteJson>> open(const std::string& path);

  void show(const SuiteEvent& event, Seconds now) override;
  /// The last call. Errors (retryable): not every line could be written.
  [[nodiscard]] Result<void> close();

 private:
  explicit SuiteJson(output::OutputFile file) : file_{std::move(file)} {}
  output::OutputFile file_;
};

/// The line for an event, without newline; empty for Tick.
[[nodiscard]] std::string suite_json_line(const SuiteEvent& event, Seconds now);

}  // namespace nmz::view
