#include "nmz/run/records.hpp"

#include <utility>

#include "nmz/error/steps.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"

namespace nmz::run {
namespace {

view::TextStyle style_of(std::FILE* stream, const Settings& settings) {
  view::TextStyle style = view::TextStyle::for_stream(stream, settings.verbosity);
  style.explain = settings.explain;
  return style;
}

}  // namespace

Result<std::unique_ptr<view::JsonLines>> open_json(const Program& program, const Settings& settings) {
  if (settings.json.empty()) return nullptr;
  return view::JsonLines::open(settings.json, program.kind);
}

int tell_losses(const Program& program, const Settings& settings, view::JsonLines* json, int status) {
  bool lost = false;
  const auto tell = [&](const Result<void>& written) {
    if (written) return;
    output::complain(program.name, written.error().message);
    lost = true;
  };
  const Result<void> written = json == nullptr ? Result<void>{} : json->close();
  if (settings.json != output::standard_output) tell(written);
  tell(output::complete_standard_output());
  return lost && status == exit_success ? program.failed : status;
}

Records::Records(const Program& program, const Settings& settings, std::string title, std::FILE* stream)
    : program_{program},
      settings_{settings},
      title_{std::move(title)},
      json_{need(open_json(program, settings))},
      logs_{need(logs::LogStore::open(settings.log_directory, title_))},
      text_{stream, program.kind, style_of(stream, settings)},
      recording_{logs_.directory(), program.kind, program.name, settings.json} {}

events::RunStarted Records::beginning(const site::Site& site, std::uint32_t workers) const {
  events::RunStarted started;
  started.title = title_;
  started.where = site.where();
  started.unix_time = began_.time_since_epoch();
  started.workers = workers;
  started.log_directory = logs_.directory().string();
  return started;
}

void Records::close(site::Site& site) {
  if (const std::string lost = recording_.close(); !lost.empty()) output::complain(program_.name, lost);
  for (const std::string& left : site.leave()) output::complain(program_.name, left);
  prune_old_logs();
}

}  // namespace nmz::run
