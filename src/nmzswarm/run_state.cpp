#include "run_state.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <variant>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "nmz/logs/last_run.hpp"

namespace nmz::nmzswarm {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

constexpr const char* file_name = "results.jsonl";

std::string line_of(const std::string& id, std::string_view result) {
  json::object object{{"workload", id}};
  if (!result.empty()) object["result"] = result;
  return json::serialize(object) + "\n";
}

std::optional<std::string> content_of(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

bool counts_as_failed(std::string_view word, bool flaky_fails) {
  return word == "failed" || word == "timed-out" || word == "lost" || (flaky_fails && word == "flaky");
}

}  // namespace

/// FNV-1a, 64 bits.
std::string hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return fmt::format("{:016x}", hash);
}

std::vector<Kept::One> Kept::failures() const {
  std::vector<One> failed;
  std::ranges::copy_if(results, std::back_inserter(failed),
                       [this](const One& one) { return counts_as_failed(one.result, flaky_fails); });
  return failed;
}

Result<EarlierRun> EarlierRun::find(const std::string& log_directory, const std::string& suite) {
  fs::path directory = log_directory;
  if (directory.empty()) {
    const auto last = logs::last_run(hash_of(suite));
    if (!last) return tl::unexpected{last.error()};
    if (!*last) {
      return fail(ErrorKind::misconfigured, "--rerun: no earlier run of this suite is known here; name its --log-dir");
    }
    directory = **last;
  }
  const auto lines = content_of(directory / file_name);
  if (!lines) {
    return fail(ErrorKind::misconfigured, "--rerun: there are no results of a run in '" + directory.string() + "'");
  }
  EarlierRun run = parse(*lines);
  run.directory_ = std::move(directory);
  return run;
}

EarlierRun EarlierRun::parse(const std::string& lines) {
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  EarlierRun run;
  std::string_view rest{lines};
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    json::error_code error;
    const json::value value = json::parse(line, error, {}, any_bytes);
    const json::object* const object = error ? nullptr : value.if_object();
    const json::value* const id = object == nullptr ? nullptr : object->if_contains("workload");
    if (id == nullptr || !id->is_string()) continue;
    const json::value* const result = object->if_contains("result");
    const std::string name{id->get_string()};
    if (run.results_.try_emplace(name).second) run.order_.push_back(name);
    if (result != nullptr && result->is_string()) run.results_[name] = std::string{result->get_string()};
  }
  return run;
}

Kept EarlierRun::select(Rerun which, std::vector<std::string>& ids, bool flaky_fails) const {
  Kept kept;
  kept.flaky_fails = flaky_fails;
  const auto wanted = [which, flaky_fails](bool known, const std::string& result) {
    switch (which) {
      case Rerun::failed:
        return counts_as_failed(result, flaky_fails);
      case Rerun::unfinished:
        return result.empty() || result == "lost";
      case Rerun::last:
        return known;
      case Rerun::nothing:
        break;
    }
    return true;
  };
  const auto keep = [&kept](const std::string& id, const std::string& result) {
    if (result.empty()) {
      ++kept.unfinished;
    } else {
      kept.results.push_back({id, result});
    }
  };
  // What this run's list, filters or shard leave out is part of the whole all the same.
  const std::unordered_set<std::string_view> listed{ids.begin(), ids.end()};
  for (const std::string& id : order_) {
    if (!listed.contains(id)) keep(id, results_.at(id));
  }
  std::erase_if(ids, [&](const std::string& id) {
    const auto found = results_.find(id);
    const bool known = found != results_.end();
    const std::string result = known ? found->second : "";
    if (wanted(known, result)) return false;
    if (known) keep(id, result);
    return true;
  });
  return kept;
}

std::string EarlierRun::lines(bool results) const {
  std::string text;
  for (const std::string& id : order_) text += line_of(id, results ? results_.at(id) : "");
  return text;
}

void RunState::listed(const std::vector<std::string>& ids) {
  std::string text = std::move(before_);
  for (const std::string& id : ids) text += line_of(id, {});
  if (const Result<void> written = logs_.write(file_name, text); !written) return fail_once(written.error().message);
  file_.reset(std::fopen((logs_.directory() / file_name).c_str(), "ae"));
  if (!file_) fail_once(std::error_code{errno, std::generic_category()}.message());
  if (const auto known = logs::remember_last(hash_of(suite_), logs_.directory()); !known) {
    fail_once(known.error().message);
  }
}

void RunState::show(const events::Event& event, events::Seconds /*now*/) {
  const auto* const done = std::get_if<events::JobEnded>(&event);
  if (done != nullptr && is_result(done->mark)) result(done->workload, events::word_of(done->mark));
}

void RunState::result(const std::string& id, const char* word) {
  if (!file_) return;
  const std::string line = line_of(id, word);
  const bool written =
      std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size() && std::fflush(file_.get()) == 0;
  if (!written) fail_once(std::error_code{errno, std::generic_category()}.message());
}

void RunState::fail_once(const std::string& why) {
  file_.reset();
  trouble_ = "this run cannot be continued with --rerun, its results are not kept: " + why;
}

std::string RunState::take_trouble() { return std::exchange(trouble_, {}); }

}  // namespace nmz::nmzswarm
