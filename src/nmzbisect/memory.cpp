#include "memory.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nmz/installation/user_directories.hpp"
#include "nmz/output/local_time.hpp"

namespace nmz::nmzbisect {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::system_clock;
constexpr std::chrono::hours longest{30 * 24};
constexpr std::chrono::milliseconds patience{2000};

std::string content_of(const fs::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

void add(std::vector<std::string>& all, const std::vector<std::string>& some) {
  all.push_back(std::to_string(some.size()));
  all.insert(all.end(), some.begin(), some.end());
}

/// What the checkout gives to the test.
void add_inputs(std::vector<std::string>& all, const Search& search, const wire::Run& command, const Inputs& inputs) {
  all.push_back(command.program.empty() ? "" : content_of(command.program));
  for (const git::PatchRequest& patch : search.options.patches) add(all, {patch.range, content_of(patch.file)});
  if (!inputs.today) return;
  for (const git::TodaysFile& file : *inputs.today) {
    add(all, {file.path, file.removed ? "removed" : fmt::format("{}", static_cast<int>(file.mode)),
              file.below.empty() ? file.content : content_of(file.below / file.path)});
  }
}

Result<history::VerdictKey> key_of(const Search& search, const wire::Run& command, const Inputs& inputs) {
  const Options& options = search.options;
  const Result<git::CommitId> tree = search.objects.tree_id(search.range.bad);
  if (!tree) return tl::unexpected{tree.error()};
  std::vector<std::string> all{"1", tree->hex(), command.program, command.build, command.directory, command.match};
  add(all, command.argv);
  add(all, command.env);
  add(all, {options.containers.image, fmt::format("{}", static_cast<int>(options.isolate)),
            fmt::format("{}{}{}{}", options.pristine, options.clean, options.hooks, options.no_checkout),
            search.objects.content_rules()});
  add(all, options.overlays);
  add(all, options.with);
  add_inputs(all, search, command, inputs);
  return history::verdict_key(all);
}

}  // namespace

Memory Memory::of(const Search& search, const wire::Run& command, const Inputs& inputs) {
  Memory memory;
  if (!search.options.recall) return memory;
  const Result<fs::path> place = installation::data_directory();
  Result<history::VerdictKey> key = key_of(search, command, inputs);
  if (!place || !key) return memory;
  auto verdicts = history::Verdicts::open(*place / "history.sqlite", patience);
  if (!verdicts) return memory;
  memory.key_ = std::move(*key);
  memory.verdicts_ = std::move(*verdicts);
  memory.commit_ = search.range.bad.hex();
  return memory;
}

std::optional<Answer> Memory::recall(const Search& search) {
  if (!verdicts_) return std::nullopt;
  const auto found = verdicts_->find(*key_, Clock::now() - longest);
  if (!found || !*found) return std::nullopt;
  const history::RememberedVerdict& known = **found;
  Answer answer;
  answer.exit_status = known.good ? 0 : 1;
  answer.result = known.good ? "good" : "bad";
  answer.output = fmt::format("{} is {}\n", search.range.bad.hex(), answer.result);
  answer.message =
      fmt::format("not tested again: the same files were {} at {}", answer.result, output::local_minute(known.when));
  return answer;
}

Result<void> Memory::keep(const Answer& answer) {
  if (!verdicts_ || (answer.result != "good" && answer.result != "bad")) return {};
  history::RememberedVerdict verdict;
  verdict.good = answer.result == "good";
  verdict.commit = commit_;
  verdict.when = Clock::now();
  return verdicts_->remember(*key_, verdict);
}

}  // namespace nmz::nmzbisect
