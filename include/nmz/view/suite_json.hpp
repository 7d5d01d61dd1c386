// The events of a test suite as JSON, one object a line, for scripts (`--json FILE`): as json_lines.hpp says. They are
// described in nmzswarm(1), section EVENTS, which tests/manual holds against what is written here.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "nmz/error/result.hpp"
#include "nmz/view/suite_event.hpp"

namespace nmz::view {

class SuiteJson final : public SuiteView {
 public:
  /// `path` "-" is standard output.
  [[nodiscard]] static Result<std::unique_ptr<SuiteJson>> open(const std::string& path);
  ~SuiteJson() override;

  void show(const SuiteEvent& event, Seconds now) override;

  /// Whether every line so far was written.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  explicit SuiteJson(std::FILE* file) : file_{file} {}
  std::FILE* file_;
  bool complete_ = true;
};

/// The line for an event, without newline; empty for Tick.
[[nodiscard]] std::string suite_json_line(const SuiteEvent& event, Seconds now);

}  // namespace nmz::view
