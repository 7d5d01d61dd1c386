#include "nmz/view/page.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <boost/json.hpp>

#include "nmz/output/output_file.hpp"
#include "nmz/text/utf8.hpp"
#include "nmz/view/picture.hpp"

#include "page/columns.hpp"
#include "page/log_blocks.hpp"
#include "page/packed.hpp"
#include "page/parts.hpp"

namespace nmz::view {
namespace fs = std::filesystem;
namespace json = boost::json;
namespace {

using Clock = std::chrono::steady_clock;

fs::path directory_of(const std::string& file) {
  std::error_code error;
  return file == output::standard_output ? fs::path{} : fs::absolute(file, error).parent_path();
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string data_element(const std::string& id, const std::string& data) {
  return R"(<script type="application/octet-stream" id=")" + id + R"(">)" + data + "</script>\n";
}

/// What each @name@ of the frame stands for; what is put in is not looked at again.
std::string filled(std::string_view frame, const std::vector<std::pair<std::string_view, std::string>>& parts) {
  std::string result;
  for (std::size_t at = frame.find('@'); at != std::string_view::npos; at = frame.find('@')) {
    result += frame.substr(0, at);
    frame.remove_prefix(at);
    for (const auto& [name, text] : parts) {
      if (!frame.starts_with(name)) continue;
      result += text;
      frame.remove_prefix(name.size());
      break;
    }
    if (!frame.starts_with('@')) continue;
    result += '@';
    frame.remove_prefix(1);
  }
  return result += frame;
}

/// An object, from its first members and the text of the others.
std::string with_members(const json::object& head, const std::string& members) {
  std::string data = json::serialize(head);
  data.back() = ',';
  return data + members + "}";
}

}  // namespace

struct Page::Parts {
  Parts(const std::string& file, events::Kind kind_in, std::string program_in)
      : kind{kind_in}, program{std::move(program_in)}, logs{directory_of(file)}, columns{kind, logs} {}

  [[nodiscard]] json::object head(Pace pace) const;

  events::Kind kind;
  std::string program;
  page::LogBlocks logs;
  page::Columns columns;
  Picture picture;
  std::string title;
  std::string summary;  ///< for who has no script
  events::Seconds now{0};
  bool ended = false;
  std::size_t number = 0;     ///< of the last news
  std::size_t told_logs = 0;  ///< in it
  Clock::time_point next{};   ///< not written before
};

Page::Page(std::string file, events::Kind kind, std::string program, Pace pace)
    : file_{std::move(file)}, pace_{pace}, parts_{std::make_unique<Parts>(file_, kind, std::move(program))} {}

Page::~Page() = default;

void Page::show(const events::Event& event, events::Seconds now) {
  Parts& parts = *parts_;
  parts.now = now;
  parts.columns.show(event, now);
  if (parts.kind == events::Kind::search) parts.picture.show(event, now);
  if (const auto* const started = std::get_if<events::RunStarted>(&event)) {
    parts.title = parts.program + ": " + text::printable(started->title);
  }
  if (const auto* const ended = std::get_if<events::RunEnded>(&event)) {
    parts.ended = true;
    parts.summary = text::printable_lines(ended->search.answer, text::Colours::removed) + ended->result + "\n" +
                    text::printable(ended->message);
  }
  if (pace_ != Pace::live || parts.ended || file_ == output::standard_output) return;
  constexpr int share = 20;
  constexpr std::chrono::seconds least{1};
  const Clock::time_point begun = Clock::now();
  if (begun < parts.next) return;
  static_cast<void>(write());  // the last one tells
  parts.next = Clock::now() + std::max<Clock::duration>(least, (Clock::now() - begun) * share);
}

json::object Page::Parts::head(Pace pace) const {
  json::object head;
  head["version"] = 1;
  head["program"] = program;
  head["kind"] = kind == events::Kind::search ? "search" : "suite";
  head["now"] = now.count();
  head["ended"] = ended;
  head["live"] = pace != Pace::at_the_end;
  head["written"] = std::chrono::duration<double>{std::chrono::system_clock::now().time_since_epoch()}.count();
  return head;
}

std::string Page::text() const {
  const Parts& parts = *parts_;
  json::object head = parts.head(pace_);
  head["logs"] = parts.logs.data();
  if (parts.kind == events::Kind::search) head["picture"] = parts.picture.svg();
  const std::string data = with_members(head, parts.columns.members());

  std::string logs;
  const std::vector<std::string> blocks = parts.logs.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) logs += data_element("logs-" + std::to_string(i), blocks[i]);
  return filled_with(data_element("data", page::packed(data)), logs, "");
}

std::string Page::frame() const {
  json::object head = parts_->head(pace_);
  head["served"] = true;
  return filled_with(data_element("data", page::packed(json::serialize(head))), "", "connect-src 'self'; ");
}

std::string Page::snapshot() const {
  const Parts& parts = *parts_;
  json::object head = parts.head(pace_);
  head["number"] = parts.number;
  head["logs"] = parts.logs.data();
  return with_members(head, parts.columns.numbered_members());
}

std::string Page::news() {
  Parts& parts = *parts_;
  const std::string members = parts.columns.news();
  if (members.empty()) return {};
  json::object head = parts.head(pace_);
  head["number"] = ++parts.number;
  head["logs"] = parts.logs.data(parts.told_logs);
  head["logs_from"] = parts.told_logs;
  parts.told_logs = parts.logs.count();
  return with_members(head, members);
}

std::string Page::log(std::size_t number) const { return parts_->logs.text(number); }

std::string Page::filled_with(const std::string& data, const std::string& logs, const char* connections) const {
  const Parts& parts = *parts_;
  const std::string policy = "default-src 'none'; script-src '" + page::hash_source(page::script) + "'; style-src '" +
                             page::hash_source(page::style) + "'; " + connections +
                             "img-src data:; base-uri 'none'; form-action 'none'";
  return filled(page::frame, {{"@title@", escaped(parts.title)},
                              {"@policy@", policy},
                              {"@style@", std::string{page::style}},
                              {"@summary@", escaped(parts.summary)},
                              {"@data@", data},
                              {"@logs@", logs},
                              {"@script@", std::string{page::script}}});
}

Result<void> Page::write() const {
  auto out = output::OutputFile::open(file_, output::OutputFile::Way::replaced);
  if (!out) return tl::unexpected{out.error()};
  out->write(text());
  return out->commit();
}

Result<void> Page::close() { return write(); }

}  // namespace nmz::view
