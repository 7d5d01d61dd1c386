#include "nmz/diagnostics/diagnostics.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::diagnostics {
namespace {

using spdlog::level::level_enum;

constexpr std::array<std::pair<std::string_view, Level>, 3> names{
    {{"trace", Level::trace}, {"debug", Level::debug}, {"info", Level::info}}};

std::shared_ptr<spdlog::logger> logger;  // set before there are threads
std::atomic<level_enum> threshold{level_enum::off};
std::atomic<bool> lost{false};
bool on_standard_output = false;

void lose(const std::string& trouble) {
  if (lost.exchange(true)) return;
  output::complain(::program_invocation_short_name, "the debug log is incomplete: " + trouble);
}

level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace:
      return level_enum::trace;
    case Level::debug:
      return level_enum::debug;
    case Level::info:
      break;
  }
  return level_enum::info;
}

Result<std::optional<Level>> level_of(std::string_view name) {
  if (name.empty()) return std::optional<Level>{};
  const auto* const found = std::ranges::find(names, name, &std::pair<std::string_view, Level>::first);
  if (found != names.end()) return std::optional{found->second};
  return fail(ErrorKind::misconfigured, "NMZ_LOG is '" + text::printable(name) + "'; it may be trace, debug or info");
}

/// The library's own forgets what it cannot write.
class StandardOutput final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    output::write(stdout, {line.data(), line.size()});
  }
  void flush_() override {}
};

std::shared_ptr<spdlog::sinks::sink> sink_for(const std::string& file) {
  if (file == output::standard_output) return std::make_shared<StandardOutput>();
  constexpr bool truncate = true;
  return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file, truncate);
}

}  // namespace

Result<void> begin(const std::string& file, std::string_view level) {
  const auto shown = level_of(level);
  if (!shown) return tl::unexpected<Error>{shown.error()};
  if (Result<void> possible = output::check_output(file); !possible) return possible;
  std::vector<std::shared_ptr<spdlog::sinks::sink>> sinks;
  try {
    if (!file.empty()) sinks.push_back(sink_for(file));
  } catch (const spdlog::spdlog_ex& error) {
    return fail(ErrorKind::misconfigured, "cannot write '" + file + "': " + error.what());
  }
  if (*shown) {
    sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
    sinks.back()->set_level(to_spdlog(**shown));
  }
  if (sinks.empty()) return {};
  on_standard_output = file == output::standard_output;
  threshold = file.empty() ? to_spdlog(**shown) : level_enum::trace;
  logger = std::make_shared<spdlog::logger>("nmz", sinks.begin(), sinks.end());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
  logger->set_level(threshold);
  logger->flush_on(level_enum::trace);  // whoever asks for this wants the last line before a crash
  logger->set_error_handler(lose);
  return {};
}

bool wanted(Level level) { return to_spdlog(level) >= threshold.load(std::memory_order_relaxed); }

void write(Level level, std::string_view topic, std::string_view text) {
  if (!wanted(level)) return;
  logger->log(to_spdlog(level), "{}: {}", topic, text::printable(text));
}

bool end() {
  threshold = level_enum::off;
  if (logger) logger->flush();
  if (on_standard_output) {
    if (const auto written = output::complete_standard_output(); !written) lose(written.error().message);
  }
  return !lost;
}

}  // namespace nmz::diagnostics
