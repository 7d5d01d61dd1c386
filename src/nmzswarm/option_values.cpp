#include "option_values.hpp"

#include <algorithm>
#include <fstream>
#include <utility>

#include "nmz/command_line/values.hpp"
#include "nmz/text/utf8.hpp"

namespace nmz::nmzswarm {

Result<std::vector<std::int32_t>> parse_codes(const std::string& text) {
  constexpr std::uint64_t largest_code = 255;
  std::vector<std::int32_t> codes;
  if (text == "none") return codes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto code = command_line::parse_count("--skip-code", text.substr(begin, end - begin), largest_code, 1);
    if (!code) return tl::unexpected<Error>{code.error()};
    codes.push_back(static_cast<std::int32_t>(*code));
    begin = end + 1;
  }
  return codes;
}

Result<void> read_environment_file(const std::string& path, std::vector<std::string>& environment) {
  std::ifstream file{path};
  if (!file) return fail(ErrorKind::misconfigured, "--env-file: cannot read '" + path + "'");
  std::string line;
  bool first = true;
  while (std::getline(file, line)) {
    if (std::exchange(first, false)) line = text::without_byte_order_mark(std::string{line});
    if (line.ends_with('\r')) line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') continue;
    auto taken = command_line::take_variable("--env-file '" + path + "'", line, environment);
    if (!taken) return taken;
  }
  return {};
}

}  // namespace nmz::nmzswarm
