#include "workload_list.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <unordered_set>
#include <utility>

#include <regex.h>

#include "nmz/text/utf8.hpp"

namespace nmz::nmzswarm {
namespace {

/// POSIX expressions, because grep -E made our users know them, and because they take bytes that are no UTF-8.
class Expression {
 public:
  static Result<Expression> compile(const std::string& option, const std::string& text) {
    auto compiled = std::make_unique<regex_t>();
    const int error = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
    if (error == 0) return Expression{Handle{compiled.release()}};
    constexpr std::size_t room = 200;
    std::string why(room, '\0');
    ::regerror(error, compiled.get(), why.data(), why.size());
    why.resize(why.find('\0'));
    return fail(ErrorKind::misconfigured, option + " '" + text + "': " + why);
  }

  [[nodiscard]] bool matches(std::string_view id) const {
    regmatch_t bounds{};
    bounds.rm_so = 0;
    bounds.rm_eo = static_cast<regoff_t>(id.size());
    return ::regexec(handle_.get(), id.data(), 0, &bounds, REG_STARTEND) == 0;
  }

 private:
  struct Free {
    void operator()(regex_t* expression) const {
      ::regfree(expression);
      delete expression;
    }
  };
  using Handle = std::unique_ptr<regex_t, Free>;
  explicit Expression(Handle handle) : handle_{std::move(handle)} {}
  Handle handle_;
};

Result<std::vector<Expression>> compile_all(const std::string& option, const std::vector<std::string>& texts) {
  std::vector<Expression> expressions;
  expressions.reserve(texts.size());
  for (const std::string& text : texts) {
    auto expression = Expression::compile(option, text);
    if (!expression) return tl::unexpected<Error>{expression.error()};
    expressions.push_back(std::move(*expression));
  }
  return expressions;
}

bool one_matches(const std::vector<Expression>& expressions, std::string_view id) {
  return std::any_of(expressions.begin(), expressions.end(), [&](const Expression& one) { return one.matches(id); });
}

}  // namespace

Result<WorkloadList> read_list(std::string_view text, const Selection& selection, Separator separator) {
  auto filters = compile_all("--filter", selection.filters);
  if (!filters) return tl::unexpected<Error>{filters.error()};
  auto excludes = compile_all("--exclude", selection.excludes);
  if (!excludes) return tl::unexpected<Error>{excludes.error()};
  WorkloadList list;
  const bool lines = separator == Separator::newline;
  if (lines) text = text::without_byte_order_mark(text);
  std::unordered_set<std::string_view> seen;
  while (!text.empty()) {
    std::string_view id = text.substr(0, text.find(static_cast<char>(separator)));
    text.remove_prefix(std::min(text.size(), id.size() + 1));
    if (lines && id.ends_with('\r')) id.remove_suffix(1);
    if (id.empty()) continue;
    ++list.listed;
    if (!seen.insert(id).second) {
      ++list.duplicates;
      continue;
    }
    if ((!filters->empty() && !one_matches(*filters, id)) || one_matches(*excludes, id)) continue;
    if (list.of_all_shards++ % selection.shards == selection.shard) list.ids.emplace_back(id);
  }
  return list;
}

Result<void> parse_shard(const std::string& text, Selection& selection) {
  const char* const last = text.data() + text.size();
  std::uint32_t number = 0;
  std::uint32_t of = 0;
  const auto [slash, error] = std::from_chars(text.data(), last, number);
  const bool divided = error == std::errc{} && slash != last && *slash == '/';
  const auto [end, error_of] = std::from_chars(divided ? slash + 1 : last, last, of);
  if (!divided || error_of != std::errc{} || end != last || number < 1 || number > of) {
    return fail(ErrorKind::misconfigured, "--shard needs I/N with I from 1 to N, not '" + text + "'");
  }
  selection.shard = number - 1;
  selection.shards = of;
  return {};
}

}  // namespace nmz::nmzswarm
