#include "apart_options.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "nmz/command_line/values.hpp"

#include "expression.hpp"

namespace nmz::nmzswarm {
namespace {

constexpr std::uint64_t most_slots = 1000000;

struct Halves {
  std::string left;
  std::string right;
};

Result<Halves> halves(const std::string& option, const std::string& text, std::size_t at, const char* form) {
  if (at == std::string::npos || at == 0 || at + 1 == text.size()) {
    return fail(ErrorKind::misconfigured, option + " needs " + form + ", not '" + text + "'");
  }
  return Halves{text.substr(0, at), text.substr(at + 1)};
}

void set_slots(ApartOptions& options, const std::string& name, std::uint32_t count) {
  std::erase_if(options.slots, [&](const auto& one) { return one.first == name; });
  options.slots.emplace_back(name, count);
}

command_line::Take slots(ApartOptions& options) {
  return [&options](const std::string& option, const std::string& text) -> Result<void> {
    const auto parts = halves(option, text, text.rfind('='), "NAME=N");
    if (!parts) return tl::unexpected<Error>{parts.error()};
    return command_line::parse_count(option, parts->right, most_slots).map([&](std::uint64_t count) {
      set_slots(options, parts->left, static_cast<std::uint32_t>(count));
    });
  };
}

/// An expression may have an '=' in it, a name has none.
command_line::Take needs(ApartOptions& options) {
  return [&options](const std::string& option, const std::string& text) {
    return halves(option, text, text.rfind('='), "REGEX=NAME").map([&](Halves&& parts) {
      options.needs.emplace_back(std::move(parts.left), std::move(parts.right));
    });
  };
}

command_line::Take group(ApartOptions& options) {
  return [&options](const std::string& option, const std::string& text) {
    return halves(option, text, text.find('='), "NAME=REGEX").map([&](Halves&& parts) {
      const std::string resource = "group " + parts.left;  // no name that --slots takes for another thing
      set_slots(options, resource, 1);
      options.needs.emplace_back(std::move(parts.right), resource);
    });
  };
}

}  // namespace

std::vector<command_line::Option> apart_options(ApartOptions& options) {
  using namespace command_line;  // NOLINT(google-build-using-namespace): the words of the table
  return {
      list("--exclusive", "REGEX", texts(options.exclusive),
           "Workloads that match run with nothing beside them, at the end; may be repeated"),
      list("--group", "NAME=REGEX", group(options),
           "Workloads that match never run beside each other; may be repeated, also with the same NAME"),
      list("--slots", "NAME=N", slots(options), "There are N of what --needs calls NAME; may be repeated"),
      list("--needs", "REGEX=NAME", needs(options),
           "Workloads that match need one of NAME (see --slots) while they run; may be repeated"),
  };
}

Result<schedule::Constraints> constraints(const ApartOptions& options, const std::vector<std::string>& ids) {
  schedule::Constraints result;
  result.needs.resize(ids.size());
  const auto alone = compile_all("--exclusive", options.exclusive);
  if (!alone) return tl::unexpected<Error>{alone.error()};
  result.exclusive.reserve(ids.size());
  for (const std::string& id : ids) result.exclusive.push_back(one_matches(*alone, id));
  for (const auto& [name, count] : options.slots) result.slots.push_back(count);
  for (const auto& [text, name] : options.needs) {
    const auto expression = Expression::compile("--needs or --group", text);
    if (!expression) return tl::unexpected<Error>{expression.error()};
    const auto found = std::ranges::find(options.slots, name, [](const auto& one) { return one.first; });
    if (found == options.slots.end()) {
      return fail(ErrorKind::misconfigured,
                  fmt::format("--needs: how many '{0}' are there? --slots {0}=N says it", name));
    }
    const auto resource = static_cast<std::uint32_t>(found - options.slots.begin());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      auto& all = result.needs[i];
      const bool fresh = expression->matches(ids[i]) && std::ranges::find(all, resource) == all.end();
      if (fresh) all.push_back(resource);
    }
  }
  return result;
}

}  // namespace nmz::nmzswarm
