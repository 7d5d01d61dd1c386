#include "nmz/run/records.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "nmz/command_line/quoting.hpp"
#include "nmz/error/steps.hpp"
#include "nmz/output/output_file.hpp"
#include "nmz/output/standard_streams.hpp"

namespace nmz::run {
namespace {

/// The value of a variable may be a secret, and a report is shown around.
std::string without_value(const std::string& word) { return word.substr(0, word.find('=')); }

/// The command line again, for a shell: the values of variables are those of the environment then.
std::string repetition(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program};
  bool value = false;
  bool command = false;
  for (const std::string& word : arguments) {
    const std::string name = word.substr(std::min(word.find_first_not_of('-'), word.size()));
    const bool with_value = !command && word.starts_with('-') && name.starts_with("env=");
    words.push_back(value        ? without_value(word)
                    : with_value ? word.substr(0, word.find('=') + 1) + without_value(name.substr(4))
                                 : word);
    value = !command && word.starts_with('-') && name == "env";
    command = command || word == "--";
  }
  return command_line::shell_line(words);
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

namespace {

/// Before anything runs: a run may take hours.
const Settings& with_files_that_can_be_written(const Settings& settings) {
  need(output::check_output(settings.html));
  need(output::check_output(settings.svg));
  return settings;
}

}  // namespace

Records::Records(const Program& program, const Settings& settings, std::string title, std::FILE* stream)
    : program_{program},
      settings_{with_files_that_can_be_written(settings)},
      title_{std::move(title)},
      json_{need(open_json(program, settings))},
      logs_{need(logs::LogStore::open(settings.log_directory, title_))},
      page_{settings.html.empty()
                ? nullptr
                : std::make_unique<view::Page>(settings.html, program.kind, program.name, view::Page::Pace::live)},
      picture_{settings.svg.empty() ? nullptr : std::make_unique<view::Picture>()},
      server_{settings.serve ? need(PageServer::open(settings.serve_port, program)) : nullptr},
      recording_{logs_.directory(), program.kind, program.name, settings.json},
      display_{program, settings, stream} {
  if (server_) display_.tell_address(server_->address());
  display_.before_waiting([this] {
    // tell_losses() does it again, and tells.
    if (page_ && settings_.html != output::standard_output) static_cast<void>(page_->close());
    if (picture_ && settings_.svg != output::standard_output)
      static_cast<void>(view::write_picture(settings_.svg, *picture_));
  });
}

events::RunStarted Records::beginning(const site::Site& site, std::uint32_t workers) const {
  events::RunStarted started;
  started.title = title_;
  started.where = site.where();
  started.unix_time = began_.time_since_epoch();
  started.workers = workers;
  started.log_directory = logs_.directory().string();
  started.command = repetition(program_.name, settings_.arguments);
  started.tests = command_line::shell_line(settings_.command);
  return started;
}

int Records::tell_losses(int status) {
  const bool well = status == exit_success;
  const auto tell = [&](const Result<void>& written) {
    if (written) return;
    output::complain(program_.name, written.error().message);
    if (well) status = program_.failed;
  };
  if (page_) tell(page_->close());
  if (picture_) tell(view::write_picture(settings_.svg, *picture_));
  return run::tell_losses(program_, settings_, json_.get(), status);
}

void Records::close(site::Site& site) {
  if (server_) server_->close();
  if (const std::string lost = recording_.close(); !lost.empty()) output::complain(program_.name, lost);
  for (const std::string& left : site.leave()) output::complain(program_.name, left);
  prune_old_logs();
}

}  // namespace nmz::run
