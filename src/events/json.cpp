#include "nmz/events/json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include <boost/json.hpp>

#include "nmz/output/workflow_commands.hpp"
#include "nmz/text/utf8.hpp"

#include "fields.hpp"

namespace nmz::events {
namespace json = boost::json;
namespace {

template <class T>
concept Structured = requires(T& value) {
  fields(value);
};
template <class T>
concept Number = std::is_arithmetic_v<T> && !std::same_as<T, bool>;

// ---- words for what is enumerated

template <class E>
inline constexpr std::array<const char*, 0> words{};
template <>
inline constexpr std::array words<Mark>{"passed",  "failed",  "timed-out", "skipped", "flaky",   "lost",
                                        "stopped", "retried", "cancelled", "late",    "repeated"};
template <>
inline constexpr std::array words<Part>{"candidate", "good-end", "passage"};
template <>
inline constexpr std::array words<job::Phase>{"build", "test"};
template <>
inline constexpr std::array words<job::Class>{"passed", "failed", "timed-out", "untestable", "infrastructure"};

template <class T>
concept Worded = std::is_enum_v<T> &&(words<T>.size() > 0);
/// WorkerId, JobId.
template <class T>
concept Numbered = std::is_enum_v<T> && !Worded<T>;

// ---- numbers

/// To so many parts of one, as far as a double has them. Boost 1.81 reads the last digit of a double wrongly now and
/// then; rounded when it is written and when it is read, it is the same one.
double rounded(double value, double parts) {
  constexpr double exact = 9e15;  // the time since 1970 is among what is told
  const double whole = value * parts;
  return std::abs(whole) < exact ? std::round(whole) / parts : value;
}
constexpr double microseconds = 1e6;
constexpr double ratios = 1e9;

// ---- writer

template <class T>
json::object object_of(const T& value, Kind kind);

json::value to_json(const std::string& value, Kind /*kind*/) { return json::string{text::printable(value)}; }
json::value to_json(bool value, Kind /*kind*/) { return value; }
json::value to_json(Number auto value, Kind /*kind*/) { return value; }
/// JSON has no infinite number: the largest stands for it.
double finite(double value) {
  return std::clamp(value, std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max());
}
json::value to_json(double value, Kind /*kind*/) { return rounded(finite(value), ratios); }
json::value to_json(Seconds value, Kind /*kind*/) { return rounded(finite(value.count()), microseconds); }
json::value to_json(Worded auto value, Kind /*kind*/) {
  return words<decltype(value)>.at(static_cast<std::size_t>(value));
}
json::value to_json(Numbered auto value, Kind /*kind*/) { return std::underlying_type_t<decltype(value)>(value); }
template <Structured T>
json::value to_json(const T& value, Kind kind) {
  return object_of(value, kind);
}
template <class T>
json::value to_json(const std::vector<T>& values, Kind kind) {
  json::array array;
  for (const T& value : values) array.push_back(to_json(value, kind));
  return array;
}

template <class T>
json::object object_of(const T& value, Kind kind) {
  json::object object;
  const auto add = [&](const auto& field) {
    if (field.name.in(kind).empty()) return;
    json::value& member = object[field.name.in(kind)];
    if constexpr (std::same_as<decltype(field.value), const std::string&>) {
      if (field.lines) {
        member = json::string{text::printable_lines(field.value, text::Colours::removed)};
        return;
      }
    }
    member = to_json(field.value, kind);
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, fields(value));
  return object;
}

// ---- reader: false where the value is not of the member's type

template <class T>
bool from_object(const json::object& object, T& value, Kind kind);

bool from_json(const json::value& json, std::string& value, Kind /*kind*/) {
  if (json.is_string()) value = json.get_string();
  return json.is_string();
}
bool from_json(const json::value& json, bool& value, Kind /*kind*/) {
  if (json.is_bool()) value = json.get_bool();
  return json.is_bool();
}
template <Number T>
bool from_json(const json::value& json, T& value, Kind /*kind*/) {
  json::error_code error;
  value = json.to_number<T>(error);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return false;  // 1e999: could not be written again
    value = rounded(value, ratios);
  }
  return !error;
}
bool from_json(const json::value& json, Seconds& value, Kind kind) {
  double count = 0;
  const bool read = from_json(json, count, kind);
  value = Seconds{rounded(count, microseconds)};
  return read;
}
template <Worded T>
bool from_json(const json::value& json, T& value, Kind /*kind*/) {
  for (std::size_t i = 0; i < words<T>.size(); ++i) {
    if (!json.is_string() || json.get_string() != words<T>.at(i)) continue;
    value = static_cast<T>(i);
    return true;
  }
  return false;
}
template <Numbered T>
bool from_json(const json::value& json, T& value, Kind kind) {
  std::underlying_type_t<T> number{};
  const bool read = from_json(json, number, kind);
  value = T{number};
  return read;
}
template <Structured T>
bool from_json(const json::value& json, T& value, Kind kind) {
  return json.is_object() && from_object(json.get_object(), value, kind);
}
template <class T>
bool from_json(const json::value& json, std::vector<T>& values, Kind kind) {
  if (!json.is_array()) return false;
  for (const json::value& one : json.get_array()) {
    if (!from_json(one, values.emplace_back(), kind)) return false;
  }
  return true;
}

template <class T>
bool from_object(const json::object& object, T& value, Kind kind) {
  const auto take = [&](auto& field) {
    const json::value* const member = field.name.in(kind).empty() ? nullptr : object.if_contains(field.name.in(kind));
    return member == nullptr || from_json(*member, field.value, kind);
  };
  return std::apply([&](auto&&... field) { return (take(field) && ...); }, fields(value));
}

// ---- every event

/// Calls `use` with an event of each type that JSON has.
template <class Use>
void for_each_event(Use use) {
  [&use]<std::size_t... index>(std::index_sequence<index...>) {
    const auto one = [&use]<class E>(std::type_identity<E>) {
      if constexpr (Structured<E>) use.template operator()<E>();
    };
    (one(std::type_identity<std::variant_alternative_t<index, Event>>{}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Event>>{});
}

/// The names of a type's members, and of the members of what is in them.
template <class T>
void add_names(std::set<std::string>& names, Kind kind);

template <class T>
struct Inside {
  static void add(std::set<std::string>& names, Kind kind) {
    if constexpr (Structured<T>) add_names<T>(names, kind);
  }
};
template <class T>
struct Inside<std::vector<T>> : Inside<T> {};

template <class T>
void add_names(std::set<std::string>& names, Kind kind) {
  T value{};
  const auto add = [&]<class Member>(const Field<Member>& field) {
    if (field.name.in(kind).empty()) return;
    names.emplace(field.name.in(kind));
    Inside<Member>::add(names, kind);
  };
  std::apply([&](const auto&... field) { (add(field), ...); }, fields(value));
}

tl::unexpected<Error> no_event(std::string_view line) {
  constexpr std::size_t shown = 60;
  return fail(ErrorKind::rejected, "this is no event: " + text::printable(line.substr(0, shown)));
}

/// The object of a line; nothing when it is none with an event's name.
std::optional<json::object> parsed(std::string_view line) {
  json::error_code error;
  json::value value = json::parse(line, error);
  if (error || !value.is_object()) return std::nullopt;
  const json::value* const name = value.get_object().if_contains("event");
  if (name == nullptr || !name->is_string()) return std::nullopt;
  return std::move(value.get_object());
}

}  // namespace

const char* word_of(Mark mark) { return words<Mark>.at(static_cast<std::size_t>(mark)); }

std::string json_line(const Event& event, Kind kind, Seconds now) {
  json::object object;
  const auto write = [&]<class E>(const E& what) {
    if constexpr (Structured<E>) {
      if (event_name<E>.in(kind).empty()) return;
      object["event"] = event_name<E>.in(kind);
      for (auto& member : object_of(what, kind)) object.insert(std::move(member));
      object["time"] = to_json(now, kind);
    }
  };
  std::visit(write, event);
  return object.empty() ? std::string{} : output::json_without_commands(json::serialize(object));
}

Result<std::optional<Recorded>> read_json_line(std::string_view line, Kind kind) {
  const std::optional<json::object> object = parsed(line);
  if (!object) return no_event(line);
  const std::string_view name{object->at("event").get_string()};
  std::optional<Recorded> recorded;
  bool well = true;
  for_each_event([&]<class E>() {
    if (event_name<E>.in(kind) != name || name.empty()) return;
    E event;
    recorded.emplace();
    const json::value* const time = object->if_contains("time");
    well = time != nullptr && from_json(*time, recorded->time, kind) && from_object(*object, event, kind);
    recorded->event = std::move(event);
  });
  if (!well) return no_event(line);
  return recorded;
}

Result<Kind> kind_of(std::string_view first_line) {
  if (const auto object = parsed(first_line)) {
    const std::string_view name{object->at("event").get_string()};
    if (name == event_name<RunStarted>.search || name == event_name<SearchPlanned>.search) return Kind::search;
    if (name == event_name<RunStarted>.suite) return Kind::suite;
  }
  return no_event(first_line);
}

std::map<std::string, std::set<std::string>> names_in_json(Kind kind) {
  std::map<std::string, std::set<std::string>> names;
  for_each_event([&]<class E>() {
    if (event_name<E>.in(kind).empty()) return;
    std::set<std::string>& members = names[std::string{event_name<E>.in(kind)}];
    members = {"event", "time"};
    add_names<E>(members, kind);
  });
  return names;
}

}  // namespace nmz::events
