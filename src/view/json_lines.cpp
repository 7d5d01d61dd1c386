#include "nmz/view/json_lines.hpp"

#include <variant>

#include "nmz/events/json.hpp"

namespace nmz::view {

Result<std::unique_ptr<JsonLines>> JsonLines::open(const std::string& path, events::Kind kind, Pace pace) {
  return output::OutputFile::open(path, output::OutputFile::Way::straight).map([&](output::OutputFile&& file) {
    return std::unique_ptr<JsonLines>{new JsonLines{std::move(file), kind, pace}};
  });
}

void JsonLines::show(const events::Event& event, events::Seconds now) {
  const std::string line = events::json_line(event, kind_, now);
  if (!line.empty()) file_.write(line + "\n");
  const bool pauses = std::holds_alternative<events::Tick>(event) || std::holds_alternative<events::RunEnded>(event);
  const bool due = pace_ == Pace::followed ? !line.empty() : pauses;
  if (due) file_.flush();
}

Result<void> JsonLines::close() { return file_.commit(); }

}  // namespace nmz::view
