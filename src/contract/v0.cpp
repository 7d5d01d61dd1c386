#include "nmz/contract/v0.hpp"

#include <utility>

#include <boost/json.hpp>

#include "nmz/text/utf8.hpp"

namespace nmz::contract::v0 {
namespace json = boost::json;
namespace {

json::string as_text(const std::string& bytes) { return json::string{text::valid_utf8(bytes)}; }

/// Reads members of one object; the first that has another type is remembered.
class Members {
 public:
  explicit Members(const json::object& object) : object_{object} {}

  void get(const char* name, std::int64_t& out) {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    boost::system::error_code error;
    const auto number = value->to_number<std::int64_t>(error);
    error ? complain(name, "an integer") : static_cast<void>(out = number);
  }
  void get(const char* name, bool& out) {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    value->is_bool() ? static_cast<void>(out = value->get_bool()) : complain(name, "true or false");
  }
  void get(const char* name, std::string& out) {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    value->is_string() ? static_cast<void>(out = std::string{value->get_string()}) : complain(name, "a string");
  }
  /// Calls `each` with every object of the list.
  template <class Each>
  void get_list(const char* name, Each each) {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_array()) return complain(name, "a list");
    for (const json::value& element : value->get_array()) {
      if (!element.is_object()) return complain(name, "a list of objects");
      each(element.get_object());
    }
  }
  void complain(const std::string& complaint) {
    if (complaint_.empty()) complaint_ = complaint;
  }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }

 private:
  const json::value* find(const char* name) {
    const json::value* const value = object_.if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  void complain(const char* name, const char* what) { complain(std::string{name} + " has to be " + what); }

  const json::object& object_;  // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
  std::string complaint_;
};

/// `read` takes the members into a Message.
template <class Message, class Read>
Result<Message> from_json(std::string_view text, const char* what, Read read) {
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  const auto rejected = [what](const std::string& why) {
    return fail(ErrorKind::rejected, std::string{"this is no "} + what + ": " + why);
  };
  if (error) return rejected(error.message());
  if (!value.is_object()) return rejected("it is no JSON object");
  Message message;
  Members members{value.get_object()};
  read(members, message);
  if (!members.complaint().empty()) return rejected(members.complaint());
  return message;
}

}  // namespace

std::string to_json(const ChunkRequest& request) {
  json::array workloads;
  for (const Workload& workload : request.workloads) workloads.push_back(json::object{{"id", as_text(workload.id)}});
  return json::serialize(json::object{{"chunk_id", request.chunk_id}, {"workloads", std::move(workloads)}});
}

std::string to_json(const ChunkResult& result) {
  return json::serialize(json::object{
      {"chunk_id", result.chunk_id}, {"successful", result.successful}, {"raw_log", as_text(result.raw_log)}});
}

Result<ChunkRequest> chunk_request_from_json(std::string_view text) {
  const auto read = [](Members& members, ChunkRequest& request) {
    members.get("chunk_id", request.chunk_id);
    members.get_list("workloads", [&](const json::object& object) {
      Members one{object};
      Workload workload;
      one.get("id", workload.id);
      members.complain(one.complaint());
      request.workloads.push_back(std::move(workload));
    });
  };
  return from_json<ChunkRequest>(text, "chunk request", read);
}

Result<ChunkResult> chunk_result_from_json(std::string_view text) {
  const auto read = [](Members& members, ChunkResult& result) {
    members.get("chunk_id", result.chunk_id);
    members.get("successful", result.successful);
    members.get("raw_log", result.raw_log);
  };
  return from_json<ChunkResult>(text, "chunk result", read);
}

}  // namespace nmz::contract::v0
