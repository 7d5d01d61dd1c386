// Attributes files, patterns, quoted paths and the log of a bisection, from a repository that nobody trusts.
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "nmz/git/bisect_log.hpp"

#include "attributes.hpp"
#include "bytes.hpp"
#include "config_text.hpp"
#include "glob.hpp"
#include "quoting.hpp"

namespace nmz::fuzz {
namespace {

void check_attributes(Bytes bytes) {
  const std::uint8_t how = bytes.byte();
  const std::string path{bytes.line()};
  const auto file = std::make_shared<const git::AttributeFile>(
      git::AttributeFile::parse(bytes.rest(), (how & 1U) != 0, (how & 2U) != 0));
  git::AttributeStack stack;
  stack.push(file, "");
  stack.push(file, path.substr(0, path.find('/') + 1));
  if ((how & 4U) != 0) stack.set_strongest(file);
  static_cast<void>(stack.of(path));
  stack.pop();
  static_cast<void>(stack.of(path));
}

void check_glob(Bytes bytes) {
  const std::uint8_t how = bytes.byte();
  const std::string_view pattern = bytes.line();
  const auto scope = (how & 1U) != 0 ? git::Glob::Scope::path : git::Glob::Scope::name;
  const git::Glob glob{pattern, scope, (how & 2U) != 0};
  static_cast<void>(glob.matches(bytes.rest()));
  const bool plain = pattern.find_first_of("*?[\\") == std::string_view::npos;
  if (plain && !pattern.empty()) demand(git::Glob(pattern, scope, false).matches(pattern));
}

void check_quotes(Bytes bytes) {
  std::string_view text = bytes.rest();
  const auto read = git::unquote_c_style(text);
  demand(read || text == bytes.rest());
  const std::string quoted = git::quote_for_shell(bytes.rest());
  demand(quoted.size() >= bytes.rest().size() + 2 && quoted.front() == '\'' && quoted.back() == '\'');
}

/// What was taken out is not there; the rest stays as it was.
void check_config(Bytes bytes) {
  const std::set<std::string, std::less<>> keys{"core." + std::string{bytes.line()}, "a.b"};
  const std::string once = git::without_settings(bytes.rest(), keys);
  demand(once.size() <= bytes.rest().size() + 1 && git::without_settings(once, keys) == once);
  if (bytes.rest().find('[') == std::string_view::npos) demand((std::string{bytes.rest()} + '\n').starts_with(once));
}

/// Nobody's subject line or path begins a line of its own: git would run it.
void check_log(Bytes bytes) {
  git::BisectLogHead head;
  git::BisectLogEntry entry;
  entry.word = static_cast<git::BisectLogEntry::Word>(bytes.byte() % 3);
  head.bad_subject = bytes.line();
  entry.subject = bytes.line();
  head.goods.resize(1);
  head.good_subjects = {std::string{bytes.line()}};
  const std::string log = git::bisect_log(head, {entry}, entry);
  Bytes lines(reinterpret_cast<const std::uint8_t*>(log.data()), log.size());  // NOLINT
  while (!lines.empty()) {
    const std::string_view line = lines.line();
    demand(line.starts_with("# ") || line.starts_with("git bisect "));
  }
}

}  // namespace
}  // namespace nmz::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nmz::fuzz;
  Bytes bytes(data, size);
  switch (bytes.byte() % 5) {
    case 0:
      check_attributes(bytes);
      break;
    case 1:
      check_glob(bytes);
      break;
    case 2:
      check_quotes(bytes);
      break;
    case 3:
      check_log(bytes);
      break;
    default:
      check_config(bytes);
  }
  return 0;
}
