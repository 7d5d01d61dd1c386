#include "nmz/contract/funker.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "nmz/text/utf8.hpp"

namespace nmz::contract::funker {
namespace {

bool is_plain(char c) {
  return c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' && static_cast<unsigned char>(c) < 0x80;
}

/// A character as Go's encoding/json writes it with its escapes for HTML, which are its default.
void put_character(std::string_view character, std::string& out) {
  constexpr std::string_view hex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(character[0]);
  switch (character[0]) {
    case '"':
    case '\\':
      out += '\\';
      out += character;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '<':
    case '>':
    case '&':
      break;
    default:
      if (byte >= 0x20) {
        if (character == "\xE2\x80\xA8") {
          out += "\\u2028";
        } else if (character == "\xE2\x80\xA9") {
          out += "\\u2029";
        } else {
          out += character;
        }
        return;
      }
  }
  out += "\\u00";
  out += hex[byte >> 4U];
  out += hex[byte & 15U];
}

/// Whether these bytes are the beginning of a character that may still become whole.
bool may_go_on(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1;
  if (bytes.size() >= length) return false;
  // Any of the bytes that may follow will do, if one does.
  for (const char next : {'\x80', '\x90', '\xA0'}) {
    std::string whole{bytes};
    whole.resize(length, next);
    if (text::utf8_sequence(whole) == length) return true;
  }
  return false;
}

std::string text_of(std::string_view bytes) {
  std::string out;
  TextWriter writer;
  writer.feed(bytes, out);
  writer.finish(out);
  return out;
}

bool take_integer(std::string_view word, std::int64_t& out) {
  const char* const last = word.data() + word.size();
  const auto [end, error] = std::from_chars(word.data(), last, out);
  return error == std::errc{} && end == last;
}

constexpr std::string_view not_a_string = "a string";
constexpr std::string_view not_an_integer = "an integer";
constexpr std::string_view not_a_list = "a list";
constexpr std::string_view not_a_list_of_objects = "a list of objects";
constexpr std::string_view not_a_boolean = "true or false";
constexpr std::string_view fine{};

}  // namespace

// ---- written

void TextWriter::feed(std::string_view bytes, std::string& out) {
  out.reserve(out.size() + bytes.size());
  std::string joined;
  if (!held_.empty()) {
    joined = held_;
    joined += bytes;
    bytes = joined;
    held_.clear();
  }
  while (!bytes.empty()) {
    const auto plain = static_cast<std::size_t>(std::find_if_not(bytes.begin(), bytes.end(), is_plain) - bytes.begin());
    out += bytes.substr(0, plain);
    bytes.remove_prefix(plain);
    if (bytes.empty()) return;
    const std::size_t length = text::utf8_sequence(bytes);
    if (length == 0 && may_go_on(bytes)) {
      held_ = bytes;
      return;
    }
    length == 0 ? static_cast<void>(out += "\\ufffd") : put_character(bytes.substr(0, length), out);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

void TextWriter::finish(std::string& out) {
  for (std::size_t i = 0; i < held_.size(); ++i) out += "\\ufffd";
  held_.clear();
}

std::string to_json(const v0::ChunkRequest& request) {
  std::string out = R"({"chunk_id":)" + std::to_string(request.chunk_id) + R"(,"workloads":[)";
  for (const v0::Workload& workload : request.workloads) {
    out += out.back() == '[' ? R"({"id":")" : R"(,{"id":")";
    out += text_of(workload.id);
    out += R"("})";
  }
  out += "]}";
  return out;
}

std::string result_head(std::int64_t chunk_id, bool successful) {
  return R"({"chunk_id":)" + std::to_string(chunk_id) + R"(,"successful":)" + (successful ? "true" : "false") +
         R"(,"raw_log":")";
}

std::string to_json(const v0::ChunkResult& result) {
  std::string out = result_head(result.chunk_id, result.successful);
  out += text_of(result.raw_log);
  out += result_tail;
  return out;
}

// ---- read

bool Object::is_known_place() const { return open_ == "{" || open_ == "{[" || open_ == "{[{"; }

void Object::check(Instead instead) {
  if (instead.empty() || !complaint_.empty()) return;
  complaint_ = place_.level == Place::Level::inner ? place_.inner : place_.member;
  complaint_ += " has to be ";
  complaint_ += instead;
}

void Object::begin(char bracket) {
  if (open_.empty() && bracket != '{') complaint_ = "it is no JSON object";
  if (is_known_place()) check(on_begin(place_, bracket));
  open_ += bracket;
  place_.level = open_.size() == 1   ? Place::Level::member
                 : open_.size() == 2 ? Place::Level::element
                                     : Place::Level::inner;
}

void Object::end() {
  open_.pop_back();
  place_.level = open_.size() <= 1   ? Place::Level::member
                 : open_.size() == 2 ? Place::Level::element
                                     : Place::Level::inner;
}

void Object::name(std::string_view name) {
  if (!is_known_place()) return;
  (place_.level == Place::Level::inner ? place_.inner : place_.member) = name;
}

void Object::text(std::string_view part, bool last) {
  const bool first = !std::exchange(in_text_, !last);
  if (open_.empty()) complaint_ = "it is no JSON object";
  if (is_known_place()) check(on_text(place_, part, first));
}

void Object::word(std::string_view word) {
  if (open_.empty()) complaint_ = "it is no JSON object";
  if (is_known_place()) check(on_word(place_, word));
}

Result<void> Object::checked(const Result<void>& read, const char* what) const {
  if (read && complaint_.empty()) return {};
  return fail(ErrorKind::rejected,
              std::string{"this is no "} + what + ": " + (complaint_.empty() ? read.error().message : complaint_));
}

Result<void> Object::take(JsonReader& reader, std::string_view bytes, const char* what) {
  return complaint_.empty() ? checked(reader.feed(bytes), what) : checked({}, what);
}

Result<void> Object::end_with(JsonReader& reader, const char* what) { return checked(reader.finish(), what); }

// ---- a request

Result<void> RequestReader::feed(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > largest_request) return fail(ErrorKind::rejected, "this is no chunk request: it is larger than 32 MiB");
  return take(reader_, bytes, "chunk request");
}

Result<v0::ChunkRequest> RequestReader::finish() {
  return end_with(reader_, "chunk request").map([this] { return std::move(request_); });
}

Object::Instead RequestReader::on_begin(const Place& place, char bracket) {
  const bool workloads = place.member == "workloads";
  switch (place.level) {
    case Place::Level::member:
      if (place.member == "chunk_id") return not_an_integer;
      if (workloads && bracket == '[') request_.workloads.clear();
      return !workloads || bracket == '[' ? fine : not_a_list;
    case Place::Level::element:
      if (!workloads) return fine;
      if (bracket != '{') return not_a_list_of_objects;
      if (request_.workloads.size() == most_workloads) return "a list of a million at most";
      request_.workloads.emplace_back();
      return fine;
    case Place::Level::inner:
      return workloads && place.inner == "id" ? not_a_string : fine;
  }
  return fine;
}

Object::Instead RequestReader::on_text(const Place& place, std::string_view part, bool first) {
  const bool workloads = place.member == "workloads";
  switch (place.level) {
    case Place::Level::member:
      if (place.member == "chunk_id") return not_an_integer;
      return workloads ? not_a_list : fine;
    case Place::Level::element:
      return workloads ? not_a_list_of_objects : fine;
    case Place::Level::inner:
      if (!workloads || place.inner != "id") return fine;
      if (first) request_.workloads.back().id.clear();
      request_.workloads.back().id += part;
      return fine;
  }
  return fine;
}

Object::Instead RequestReader::on_word(const Place& place, std::string_view word) {
  const bool workloads = place.member == "workloads";
  const bool nothing = word == "null";
  switch (place.level) {
    case Place::Level::member:
      if (place.member == "chunk_id" && !nothing && !take_integer(word, request_.chunk_id)) return not_an_integer;
      return workloads && !nothing ? not_a_list : fine;
    case Place::Level::element:
      return workloads ? not_a_list_of_objects : fine;
    case Place::Level::inner:
      return workloads && place.inner == "id" && !nothing ? not_a_string : fine;
  }
  return fine;
}

// ---- a result

Result<void> ResultReader::feed(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ > largest_result) return fail(ErrorKind::rejected, "this is no chunk result: it is larger than 1 GiB");
  return take(reader_, bytes, "chunk result");
}

Result<Verdict> ResultReader::finish() {
  if (Result<void> ended = end_with(reader_, "chunk result"); !ended) return tl::unexpected<Error>{ended.error()};
  if (has_id_ && has_verdict_) return verdict_;
  return fail(ErrorKind::rejected,
              std::string{"this is no chunk result: it has no "} + (has_id_ ? "successful" : "chunk_id"));
}

Object::Instead ResultReader::on_begin(const Place& place, char /*bracket*/) {
  if (place.level != Place::Level::member) return fine;
  if (place.member == "chunk_id") return not_an_integer;
  if (place.member == "successful") return not_a_boolean;
  return place.member == "raw_log" ? not_a_string : fine;
}

Object::Instead ResultReader::on_text(const Place& place, std::string_view part, bool /*first*/) {
  if (place.level != Place::Level::member) return fine;
  if (place.member == "chunk_id") return not_an_integer;
  if (place.member == "successful") return not_a_boolean;
  if (place.member == "raw_log" && !part.empty()) log_(part);
  return fine;
}

Object::Instead ResultReader::on_word(const Place& place, std::string_view word) {
  if (place.level != Place::Level::member || word == "null") return fine;
  if (place.member == "chunk_id") {
    has_id_ = take_integer(word, verdict_.chunk_id);
    return has_id_ ? fine : not_an_integer;
  }
  if (place.member == "successful") {
    has_verdict_ = word == "true" || word == "false";
    verdict_.successful = word == "true";
    return has_verdict_ ? fine : not_a_boolean;
  }
  return place.member == "raw_log" ? not_a_string : fine;
}

}  // namespace nmz::contract::funker
