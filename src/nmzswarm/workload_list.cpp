#include "workload_list.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>
#include <utility>

#include "nmz/text/utf8.hpp"

#include "expression.hpp"

namespace nmz::nmzswarm {
Result<WorkloadList> read_list(std::string_view text, const Selection& selection, Separator separator) {
  auto filters = compile_all("--filter", selection.filters);
  if (!filters) return tl::unexpected<Error>{filters.error()};
  auto excludes = compile_all("--exclude", selection.excludes);
  if (!excludes) return tl::unexpected<Error>{excludes.error()};
  WorkloadList list;
  const bool lines = separator == Separator::newline;
  if (lines) text = text::without_byte_order_mark(text);
  std::unordered_set<std::string_view> seen;
  std::size_t position = 0;  // among those that are wanted
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
    if (position++ % selection.shards == selection.shard) list.ids.emplace_back(id);
  }
  list.other_shards = list.ids.empty() && position > 0;
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
