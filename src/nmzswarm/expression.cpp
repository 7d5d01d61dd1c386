#include "expression.hpp"

#include <algorithm>

namespace nmz::nmzswarm {

Result<Expression> Expression::compile(const std::string& option, const std::string& text) {
  auto compiled = std::make_unique<regex_t>();
  const int error = ::regcomp(compiled.get(), text.c_str(), REG_EXTENDED | REG_NOSUB);
  if (error == 0) return Expression{Handle{compiled.release()}};
  constexpr std::size_t room = 200;
  std::string why(room, '\0');
  ::regerror(error, compiled.get(), why.data(), why.size());
  why.resize(why.find('\0'));
  return fail(ErrorKind::misconfigured, option + " '" + text + "': " + why);
}

bool Expression::matches(std::string_view id) const {
  regmatch_t bounds{};
  bounds.rm_so = 0;
  bounds.rm_eo = static_cast<regoff_t>(id.size());
  return ::regexec(handle_.get(), id.data(), 0, &bounds, REG_STARTEND) == 0;
}

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

}  // namespace nmz::nmzswarm
