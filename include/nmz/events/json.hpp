// The events as JSON, one object a line: for scripts (--json), and for recordings, which are read back.
//
// Every object has "event", the event's name, and "time", seconds since the start. Times are seconds as numbers; what
// is not UTF-8 or printable in texts is replaced, so that a line is always valid and shows nothing but itself on a
// terminal. What is read back is the event with its texts made printable, which is how every view shows them.
//
// The two programs were written before they had one stream, and scripts know their events by the names of then: what
// ends is a "job-done" with a "commit" in a search, and a "workload-done" with a "name" in a suite. These names stay.
// So an event and a member of it have a name for each kind of run; most have one for both, and a few exist in one only.
// The lists of them (src/events/fields.hpp) are what the writer, the reader and the manual pages' test go by.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "nmz/error/result.hpp"
#include "nmz/events/event.hpp"

namespace nmz::events {

/// The line for an event, without newline; empty for what is no part of JSON.
[[nodiscard]] std::string json_line(const Event& event, Kind kind, Seconds now);

struct Recorded {
  Event event;
  Seconds time{0};
};

/// A line as json_line() writes it. Nothing for an event of another version; members that are missing have their
/// defaults. Errors (rejected): it is no such line.
[[nodiscard]] Result<std::optional<Recorded>> read_json_line(std::string_view line, Kind kind);

/// Which kind of run the lines are about, by their first one. Errors (rejected): neither.
[[nodiscard]] Result<Kind> kind_of(std::string_view first_line);

/// The names of all events of a run of that kind, and of each event's members, also of what is inside of them.
[[nodiscard]] std::map<std::string, std::set<std::string>> names_in_json(Kind kind);

}  // namespace nmz::events
