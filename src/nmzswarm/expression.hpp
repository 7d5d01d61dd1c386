// What workloads are called, as a regular expression. POSIX ones, because grep -E made our users know them, and because
// they take bytes that are no UTF-8.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <regex.h>

#include "nmz/error/result.hpp"

namespace nmz::nmzswarm {

class Expression {
 public:
  /// Errors (misconfigured): it is none; `option`: where it stands.
  [[nodiscard]] static Result<Expression> compile(const std::string& option, const std::string& text);
  [[nodiscard]] bool matches(std::string_view id) const;

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

[[nodiscard]] Result<std::vector<Expression>> compile_all(const std::string& option,
                                                          const std::vector<std::string>& texts);
[[nodiscard]] bool one_matches(const std::vector<Expression>& expressions, std::string_view id);

}  // namespace nmz::nmzswarm
