#include "terminal.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_NOMACROS 1  // which are called as much of what is called here
#include <curses.h>

#include "nmz/interruption/farewell.hpp"

namespace nmz::screen {
namespace {

std::atomic<int> bell_fd{-1};
std::atomic<bool> stop_wanted{false};

/// SIGTSTP asks for a stop; SIGCONT tells that there was one.
void ring(int number) {
  const int before = errno;
  if (number == SIGTSTP) stop_wanted = true;
  const std::uint64_t one = 1;
  if (bell_fd >= 0) static_cast<void>(::write(bell_fd, &one, sizeof one));
  errno = before;
}

void hang_bell() {
  if (bell_fd < 0) bell_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = ring;
  action.sa_flags = SA_RESTART;
  for (const int number : {SIGTSTP, SIGCONT}) static_cast<void>(::sigaction(number, &action, nullptr));
}

void take_bell_down() {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (const int number : {SIGTSTP, SIGCONT}) static_cast<void>(::sigaction(number, &action, nullptr));
}

/// terminfo's, without the padding that no terminal of today needs.
std::string capability(const char* name) {
  const char* const text = ::tigetstr(name);                                    // NOLINT(concurrency-mt-unsafe)
  if (text == nullptr || text == reinterpret_cast<const char*>(-1)) return {};  // NOLINT(performance-no-int-to-ptr)
  std::string result{text};
  for (std::size_t at = result.find("$<"); at != std::string::npos; at = result.find("$<", at)) {
    const std::size_t end = result.find('>', at);
    if (end == std::string::npos) break;
    result.erase(at, end - at + 1);
  }
  return result;
}

short pair_of(Tone tone) { return static_cast<short>(tone); }

void choose_colours() {
  ::start_color();
  ::use_default_colors();
  const auto choose = [](Tone tone, short colour) { ::init_pair(pair_of(tone), colour, -1); };
  choose(Tone::good, COLOR_GREEN);
  choose(Tone::bad, COLOR_RED);
  choose(Tone::warning, COLOR_YELLOW);
  choose(Tone::active, COLOR_CYAN);
}

std::string without_unicode(const std::string& text) {
  std::string result;
  for (const char byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x80) {
      result += byte;
    } else if ((code & 0xC0U) == 0xC0U) {
      result += '?';
    }
  }
  return result;
}

/// The painter's texts have none; a terminal is never driven by what it overlooks.
std::string without_controls(std::string text) {
  for (char& byte : text) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x20 || code == 0x7F) byte = '?';
  }
  return text;
}

Input key(Input::Key which) {
  Input input;
  input.key = which;
  return input;
}

std::optional<Input> input_of_mouse() {
  MEVENT event;
  if (::getmouse(&event) != OK) return std::nullopt;
  Input input;
  input.column = static_cast<std::size_t>(std::max(event.x, 0));
  input.row = static_cast<std::size_t>(std::max(event.y, 0));
  if ((event.bstate & BUTTON4_PRESSED) != 0) {
    input.key = Input::Key::wheel_up;
  } else if ((event.bstate & BUTTON5_PRESSED) != 0) {
    input.key = Input::Key::wheel_down;
  } else if ((event.bstate & BUTTON1_PRESSED) != 0) {
    input.key = Input::Key::click;
  } else {
    return std::nullopt;
  }
  return input;
}

std::optional<Input> input_of_code(wint_t code) {
  using Key = Input::Key;
  switch (code) {
    case KEY_UP:
      return key(Key::up);
    case KEY_DOWN:
      return key(Key::down);
    case KEY_PPAGE:
      return key(Key::page_up);
    case KEY_NPAGE:
      return key(Key::page_down);
    case KEY_HOME:
      return key(Key::home);
    case KEY_END:
      return key(Key::end);
    case KEY_ENTER:
      return key(Key::enter);
    case KEY_BTAB:
      return key(Key::back_tab);
    case KEY_BACKSPACE:
      return key(Key::erase);
    case KEY_MOUSE:
      return input_of_mouse();
    case KEY_RESIZE:
      return key(Key::redraw);
    default:
      return std::nullopt;
  }
}

Input input_of_character(wint_t character) {
  using Key = Input::Key;
  switch (character) {
    case '\r':
    case '\n':
      return key(Key::enter);
    case '\t':
      return key(Key::tab);
    case 0x1B:
      return key(Key::escape);
    case 0x08:
    case 0x7F:
      return key(Key::erase);
    case 0x0C:
      return key(Key::redraw);
    default:
      break;
  }
  Input input;
  input.character = character;
  return input;
}

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

struct DeleteScreen {
  void operator()(SCREEN* screen) const noexcept { ::delscreen(screen); }
};

}  // namespace

struct Terminal::Parts {
  File in;
  File out;
  std::unique_ptr<SCREEN, DeleteScreen> curses;
  interruption::Farewell farewell;
  bool colour = false;
  bool unicode = false;
  bool gone = false;

  [[nodiscard]] int descriptor() const { return ::fileno(in.get()); }

  void prepare_farewell() {
    farewell.terminal = ::fileno(out.get());
    std::string bytes;
    // What is pressed with the mouse from now on is for the shell, which does not understand it.
    if (!capability("kmous").empty()) bytes += "\x1b[?1006l\x1b[?1003l\x1b[?1002l\x1b[?1000l";
    for (const char* const name : {"sgr0", "op", "rmkx", "cnorm", "rmcup"}) bytes += capability(name);
    bytes += '\r';
    farewell.size = std::min(bytes.size(), farewell.bytes.size());
    std::memcpy(farewell.bytes.data(), bytes.data(), farewell.size);
  }

  void take() const {
    ::cbreak();
    ::noecho();
    ::nonl();
    ::nodelay(stdscr, true);
    ::keypad(stdscr, true);
    ::set_escdelay(25);
    ::curs_set(0);
    ::mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, nullptr);
    ::mouseinterval(0);
    if (colour) choose_colours();
  }
};

Terminal::Terminal(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

Result<std::unique_ptr<Terminal>> Terminal::open(bool colour) {
  const auto refuse = [](const std::string& why) { return fail(ErrorKind::misconfigured, why); };
  auto parts = std::make_unique<Parts>();
  parts->in.reset(std::fopen("/dev/tty", "re"));
  parts->out.reset(std::fopen("/dev/tty", "we"));
  if (!parts->in || !parts->out) return refuse("there is no terminal");
  if (::tcgetpgrp(parts->descriptor()) != ::getpgrp()) return refuse("the program is in the background");
  const char* const kind = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe)
  if (kind == nullptr || *kind == '\0') return refuse("TERM does not say what terminal this is");
  if (::tcgetattr(parts->descriptor(), &parts->farewell.modes) != 0) return refuse("the terminal does not answer");
  static_cast<void>(std::setlocale(LC_CTYPE, ""));  // NOLINT(concurrency-mt-unsafe): how curses writes characters
  parts->unicode = std::string_view{::nl_langinfo(CODESET)} == "UTF-8";
  hang_bell();  // before curses looks whether somebody has
  parts->curses.reset(::newterm(nullptr, parts->out.get(), parts->in.get()));
  if (!parts->curses || capability("cup").empty()) {
    if (parts->curses) ::endwin();
    take_bell_down();
    return refuse(std::string{"a terminal of the kind '"} + kind + "' cannot have one");
  }
  parts->prepare_farewell();
  interruption::owe(&parts->farewell);
  parts->colour = colour && ::has_colors();
  parts->take();
  return std::unique_ptr<Terminal>{new Terminal{std::move(parts)}};
}

Terminal::~Terminal() {
  ::curs_set(1);
  ::endwin();
  interruption::owe(nullptr);
  take_bell_down();
}

int Terminal::keyboard() const { return parts_->descriptor(); }

int Terminal::bell() { return bell_fd; }

Size Terminal::size() const {
  winsize size{};
  if (::ioctl(parts_->descriptor(), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

Letters Terminal::letters() const { return parts_->unicode ? Letters::unicode : Letters::ascii; }

void Terminal::draw(const std::vector<Line>& lines) {
  const Size now = size();
  if (::is_term_resized(static_cast<int>(now.rows), static_cast<int>(now.columns))) {
    ::resizeterm(static_cast<int>(now.rows), static_cast<int>(now.columns));
  }
  ::erase();
  int row = 0;
  for (const Line& line : lines) {
    if (::move(row++, 0) == ERR) break;
    for (const Span& span : line.spans()) {
      attr_t look = A_NORMAL;
      if (span.style.bold) look |= A_BOLD;
      if (span.style.reversed) look |= A_REVERSE;
      if (span.style.tone == Tone::faint) look |= A_DIM;
      ::attr_set(look, parts_->colour && span.style.tone != Tone::faint ? pair_of(span.style.tone) : short{0}, nullptr);
      const std::string text = without_controls(parts_->unicode ? span.text : without_unicode(span.text));
      ::addnstr(text.c_str(), static_cast<int>(text.size()));
    }
  }
  ::refresh();
}

std::vector<Input> Terminal::read() {
  std::vector<Input> inputs;
  pollfd ready{keyboard(), POLLIN, 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & (POLLHUP | POLLERR)) != 0) parts_->gone = true;
  if (parts_->gone) return inputs;
  wint_t code = 0;
  constexpr std::size_t most = 1000;
  while (inputs.size() < most) {
    const int kind = ::get_wch(&code);
    if (kind == ERR) break;
    const std::optional<Input> input = kind == KEY_CODE_YES ? input_of_code(code) : input_of_character(code);
    if (input && input->key == Input::Key::redraw) redraw();
    if (input) inputs.push_back(*input);
  }
  return inputs;
}

bool Terminal::gone() const { return parts_->gone; }

void Terminal::heed_bell() {
  std::uint64_t count = 0;
  static_cast<void>(::read(bell_fd, &count, sizeof count));
  if (stop_wanted.exchange(false)) {
    ::endwin();
    static_cast<void>(::kill(::getpid(), SIGSTOP));
    static_cast<void>(::read(bell_fd, &count, sizeof count));  // of the SIGCONT
    stop_wanted = false;
  }
  ::reset_prog_mode();
  redraw();
}

void Terminal::redraw() {
  ::clearok(curscr, true);
  ::refresh();
}

}  // namespace nmz::screen
