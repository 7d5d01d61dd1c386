#include "jest_json.hpp"

#include <algorithm>
#include <utility>

#include <boost/json.hpp>

#include "json_fields.hpp"
#include "limits.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

/// The longest id with which the path ends.
std::string id_of(std::string_view path, std::span<const std::string> ids) {
  std::string best;
  for (const std::string& id : ids) {
    const std::string_view relative = std::string_view{id}.starts_with("./") ? std::string_view{id}.substr(2) : id;
    const bool whole = path == relative || (path.ends_with(relative) && path[path.size() - relative.size() - 1] == '/');
    if (whole && id.size() > best.size()) best = id;
  }
  return best;
}

const json::array& tests_of(const json::object& file) {
  static const json::array none;
  const json::value* const tests = file.if_contains("assertionResults");
  return tests != nullptr && tests->is_array() ? tests->get_array() : none;
}

std::string messages_of(const json::object& test) {
  const json::value* const messages = test.if_contains("failureMessages");
  std::string text;
  if (messages == nullptr || !messages->is_array()) return text;
  for (const json::value& one : messages->get_array()) {
    if (one.is_string()) text += std::string{one.get_string()} + "\n";
  }
  return text;
}

TestEnd end_of(const json::object& file, std::span<const std::string> ids) {
  constexpr double milliseconds = 1000;
  TestEnd end;
  end.id = id_of(text_of(file, "name"), ids);
  end.took = duration((number_of(file, "endTime") - number_of(file, "startTime")) / milliseconds);
  std::size_t skipped = 0;
  const json::array& tests = tests_of(file);
  for (const json::value& value : tests) {
    const json::object* const test = value.if_object();
    if (test == nullptr) continue;
    const std::string status = text_of(*test, "status");
    if (status == "pending" || status == "skipped" || status == "todo" || status == "disabled") ++skipped;
    if (status != "failed") continue;
    const std::string why = messages_of(*test);
    if (end.detail.empty()) end.detail = first_line(text_of(*test, "fullName") + ": " + first_line(why));
    end.output += text_of(*test, "fullName") + "\n" + why + "\n";
  }
  const std::string message = text_of(file, "message");
  if (text_of(file, "status") == "failed") {
    end.verdict = end.detail.empty() ? Verdict::error : Verdict::failed;
    if (end.detail.empty()) end.detail = first_line(message);
    end.output = excerpt(message.empty() ? end.output : message);
  } else if (skipped > 0 && skipped == tests.size()) {
    end.verdict = Verdict::skipped;
  }
  return end;
}

}  // namespace

Report read_jest_json(std::span<const File> files, std::span<const std::string> ids) {
  Report report;
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  for (const File& file : files) {
    json::error_code error;
    const json::value value = json::parse(file.content, error, {}, any_bytes);
    const json::object* const object = error ? nullptr : value.if_object();
    const json::value* const results = object == nullptr ? nullptr : object->if_contains("testResults");
    if (results == nullptr || !results->is_array()) continue;
    for (const json::value& one : results->get_array()) {
      if (!one.is_object()) continue;
      TestEnd end = end_of(one.get_object(), ids);
      if (!end.id.empty()) report.ends.push_back(std::move(end));
    }
  }
  return report;
}

}  // namespace nmz::runner
