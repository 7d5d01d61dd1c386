// The small parsers, one byte to choose: what users, images, config.json and earlier runs give us.
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nmz/command_line/quantities.hpp"
#include "nmz/contract/funker.hpp"
#include "nmz/docker/credentials.hpp"
#include "nmz/docker/endpoint.hpp"
#include "nmz/history/history.hpp"
#include "nmz/text/utf8.hpp"

#include "bytes.hpp"
#include "line_matcher.hpp"
#include "scratch.hpp"
#include "workload_list.hpp"

namespace nmz::fuzz {
namespace {
namespace fs = std::filesystem;

const fs::path& directory() {
  static const Scratch scratch;
  return scratch.path();
}

void check_list(Bytes bytes) {
  nmzswarm::Selection whole;
  const auto all = nmzswarm::read_list(bytes.rest(), whole);
  demand(all.has_value() && all->ids.size() + all->duplicates == all->listed);
  const std::set<std::string> ids(all->ids.begin(), all->ids.end());
  demand(ids.size() == all->ids.size() && !ids.contains(""));
  std::size_t together = 0;
  for (std::uint32_t shard = 0; shard < 3; ++shard) {
    nmzswarm::Selection part;
    part.shard = shard;
    part.shards = 3;
    together += nmzswarm::read_list(bytes.rest(), part)->ids.size();
  }
  demand(together == ids.size());
}

void check_quantities(Bytes bytes) {
  const std::string text{bytes.rest()};
  nmzswarm::Selection selection;
  if (nmzswarm::parse_shard(text, selection)) demand(selection.shard < selection.shards);
  if (const auto time = command_line::parse_time("x", text)) demand(time->count() > 0);
  if (const auto count = command_line::parse_count("x", text, 1000)) demand(*count >= 1 && *count <= 1000);
  if (const auto cpus = command_line::parse_cpus("x", text)) demand(*cpus > 0);
  if (const auto memory = command_line::parse_memory("x", text)) demand(*memory > 0);
  std::vector<std::string> environment;
  static_cast<void>(command_line::take_variable("x", text, environment));
}

void check_utf8(Bytes bytes) {
  const std::string valid = text::valid_utf8(bytes.rest());
  demand(text::valid_utf8(valid) == valid);
  const std::string shown = text::printable(bytes.rest());
  demand(text::printable(shown) == shown && shown.find_first_of("\n\r\x1b\x7f") == std::string::npos);
}

/// Of a request, or of a result: nothing when it is refused. In pieces of that size.
std::optional<std::string> read_message(bool request, std::string_view text, std::size_t piece) {
  namespace funker = contract::funker;
  contract::v0::ChunkResult result;
  funker::RequestReader requests;
  funker::ResultReader results{[&result](std::string_view log) { result.raw_log += log; }};
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    const std::string_view part = text.substr(0, piece);
    if (request ? !requests.feed(part) : !results.feed(part)) return std::nullopt;
  }
  if (request) {
    const auto read = requests.finish();
    return read ? std::optional{funker::to_json(*read)} : std::nullopt;
  }
  const auto verdict = results.finish();
  if (!verdict) return std::nullopt;
  result.chunk_id = verdict->chunk_id;
  result.successful = verdict->successful;
  return funker::to_json(result);
}

/// However a message comes, it is the same; and what is written of it is read as the same again.
void check_messages(Bytes bytes) {
  const std::size_t piece = 1U + bytes.byte();
  for (const bool request : {true, false}) {
    const auto whole = read_message(request, bytes.rest(), std::string::npos);
    demand(read_message(request, bytes.rest(), piece) == whole);
    if (whole) demand(read_message(request, *whole, piece) == whole);
  }
}

/// However the output is cut, the answer is the same.
void check_matcher(Bytes bytes) {
  const std::size_t piece = 1U + bytes.byte();
  const std::string expression{bytes.line()};
  if (expression.size() > 20 || expression.find('\0') != std::string::npos) return;
  if (expression.find_first_of("{*+") != expression.find_last_of("{*+")) return;  // the C library's own slowness
  auto at_once = agent::LineMatcher::compile(expression);
  auto in_pieces = agent::LineMatcher::compile(expression);
  if (!at_once || !in_pieces) return;
  at_once->feed(bytes.rest());
  for (std::string_view rest = bytes.rest(); !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    in_pieces->feed(rest.substr(0, piece));
  }
  demand(at_once->finish() == in_pieces->finish());
}

void check_endpoint(Bytes bytes) {
  const std::string host{bytes.line()};
  const std::string context{bytes.line()};
  std::ofstream{directory() / "config.json", std::ios::binary} << bytes.rest();
  docker::EndpointRequest request;
  request.host = host;
  request.context = context;
  request.variable = [](const std::string& name) {
    return name == "DOCKER_CONFIG" ? std::optional{directory().string()} : std::nullopt;
  };
  if (const auto endpoint = docker::find_endpoint(request)) static_cast<void>(endpoint->text());
  // A credential helper is a program: none of the fuzzer's choice is started.
  const bool names_program =
      bytes.rest().find("cred") != std::string_view::npos || bytes.rest().find('\\') != std::string_view::npos;
  if (!names_program) static_cast<void>(docker::registry_auth(directory(), docker::registry_of(host)));
}

/// What was recorded is read again, whatever the times are.
void check_history(Bytes bytes) {
  fs::remove(directory() / "history");
  auto history = history::History::open(directory() / "history");
  demand(history.has_value());
  std::vector<history::Observation> observations;
  std::vector<std::string> ids;
  const std::chrono::system_clock::time_point when{std::chrono::nanoseconds{bytes.number()}};
  for (int count = 0; count < 8 && !bytes.empty(); ++count) {
    history::Observation one;
    one.took = std::chrono::nanoseconds{bytes.number()};
    one.passed = bytes.byte() % 2 == 0;
    one.workload = bytes.line();
    ids.push_back(one.workload);
    observations.push_back(std::move(one));
  }
  if (!history->record("suite", observations, when)) return;
  const auto expected = history->expect("suite", ids);
  demand(expected.has_value() && expected->size() == ids.size());
  for (const auto& one : *expected) demand(one.has_value() && one->runs > 0 && one->failures <= one->runs);
  demand(history->suites().has_value() && history->workloads("suite").has_value());
  demand(history->prune(history::PruneRequest{}).has_value());
}

/// A file in the history's place.
void check_history_file(Bytes bytes) {
  std::ofstream{directory() / "file", std::ios::binary} << bytes.rest();
  auto history = history::History::open(directory() / "file");
  if (!history) return;
  const auto suites = history->suites();
  if (suites && !suites->empty()) static_cast<void>(history->workloads(suites->front().suite));
}

constexpr std::array parsers{check_list,    check_quantities, check_utf8,    check_messages,
                             check_matcher, check_endpoint,   check_history, check_history_file};

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz::fuzz;
  Bytes bytes(data, size);
  parsers.at(bytes.byte() % parsers.size())(bytes);
  return 0;
}
