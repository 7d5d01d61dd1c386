// What a person does at a screen: which pane has the keys, what is selected, which log is open, what was asked. Keys go
// in, wishes for the run come out. No terminal; of the file system only the logs, through a function.
//
// What takes something away (a job, a commit, the run) is asked about first, by its name: the list may have moved since
// the key was thought of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "nmz/screen/model.hpp"
#include "nmz/screen/styled.hpp"

namespace nmz::screen {

struct Input {
  enum class Key : std::uint8_t {
    character,
    enter,
    escape,
    tab,
    back_tab,
    up,
    down,
    page_up,
    page_down,
    home,
    end,
    erase,
    click,
    wheel_up,
    wheel_down,
    redraw,
    suspend,
  };
  Key key = Key::character;
  char32_t character = 0;
  std::size_t column = 0;  ///< of a click
  std::size_t row = 0;
};

// ---- wishes

struct CancelJob {
  job::JobId job{};
};
struct SkipCommit {
  std::string item;
};
struct RunAgain {
  std::string workload;
};
struct ChangeWorkers {
  int by = 0;
};
struct Pause {
  bool on = true;
};
struct EndRun {};
struct Detach {};
/// The run is over, and has been looked at.
struct Leave {};
using Wish = std::variant<CancelJob, SkipCommit, RunAgain, ChangeWorkers, Pause, EndRun, Detach, Leave>;

/// What can be wished for.
struct Abilities {
  bool cancel = false;
  bool skip = false;
  bool again = false;
  bool workers = false;
  bool pause = false;
  bool replay = false;  ///< a stored run: + and - are its speed
};

/// A log, live or of what has ended.
struct LogView {
  LogView() = default;
  std::string title;
  std::optional<job::JobId> job;  ///< while it runs
  std::string path;
  std::vector<std::string> lines;
  std::size_t printed = 0;  ///< bytes, when `lines` were made
  std::size_t top = 0;      ///< the first row that is shown
  bool follow = true;
  bool wrap = false;
  std::string needle;
  bool typing = false;  ///< the needle

  /// As they are drawn, `columns` wide, or however long.
  [[nodiscard]] std::vector<std::string> rows(std::size_t columns) const;
};

class Desk {
 public:
  enum class Page : std::uint8_t { overview, help, log };
  struct Question {
    std::string text;
    Wish wish;
  };
  /// Where on the screen something can be clicked.
  struct Place {
    std::size_t row = 0;
    std::size_t pane = 0;
    std::size_t index = 0;
  };
  static constexpr std::size_t panes = 2;

  /// `read`: the end of a file.
  Desk(std::function<std::string(const std::string& path)> read, Abilities abilities)
      : read_{std::move(read)}, abilities_{abilities} {}

  [[nodiscard]] std::vector<Wish> press(const Input& input, const Model& model);
  void set_abilities(Abilities abilities) { abilities_ = abilities; }
  [[nodiscard]] const Abilities& abilities() const { return abilities_; }

  [[nodiscard]] Page page() const { return page_; }
  [[nodiscard]] const std::optional<Question>& question() const { return question_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  void say(std::string message) { message_ = std::move(message); }
  /// Where the run is served to browsers; empty: nowhere. Said until the next key, and among the keys' help.
  [[nodiscard]] const std::string& address() const { return address_; }
  void set_address(std::string address) {
    address_ = std::move(address);
    message_ = "in a browser: " + address_;
  }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] LogView& log() { return log_; }
  [[nodiscard]] std::size_t pane() const { return pane_; }

  // ---- for the painter
  /// What is selected of a pane's `count` rows, and the first of `rows` that are shown.
  [[nodiscard]] std::size_t selected(std::size_t pane, const Model& model) const;
  [[nodiscard]] std::size_t first_shown(std::size_t pane, std::size_t count, std::size_t rows, const Model& model);
  void painted(std::vector<Place> places, Size size);
  /// The line of a log that says what went wrong; remembered.
  [[nodiscard]] const std::string& telling_line(const std::string& path);
  /// What the open log has become.
  void catch_up(const Model& model);

 private:
  [[nodiscard]] std::vector<Wish> press_overview(const Input& input, const Model& model);
  void press_log(const Input& input);
  void type(const Input& input);
  void search(bool onwards);
  void move(std::ptrdiff_t by, const Model& model);
  void select(std::size_t index, const Model& model);
  void click(const Input& input, const Model& model);
  void open_log(const Model& model);
  void ask(char32_t key, const Model& model);
  [[nodiscard]] std::vector<Wish> run_again(const Model& model);

  std::function<std::string(const std::string&)> read_;
  Abilities abilities_;
  Page page_ = Page::overview;
  std::optional<Question> question_;
  std::string message_;
  std::string address_;
  bool paused_ = false;
  LogView log_;
  std::size_t pane_ = 0;
  std::size_t worker_ = 0;             ///< of a search
  std::optional<job::JobId> job_;      ///< of a suite
  bool over_ = false;                  ///< the end has been seen
  std::optional<std::size_t> ending_;  ///< counted from the first; none: the newest
  std::array<std::size_t, panes> first_{};
  std::vector<Place> places_;
  Size size_;
  std::map<std::string, std::string> telling_;
};

/// The rows of the first pane of a suite: what is overdue, then what runs longest.
[[nodiscard]] std::vector<const Model::Running*> running_rows(const Model& model);
[[nodiscard]] std::size_t rows_of(std::size_t pane, const Model& model);

/// The first line of a log that looks like what went wrong, else its last one.
[[nodiscard]] std::string telling_line_of(const std::string& log);

}  // namespace nmz::screen
