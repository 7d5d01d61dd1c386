#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "nmz/text/utf8.hpp"
#include "nmz/view/summary.hpp"

namespace nmz::view {
namespace {

using events::FailureGroup;
using events::HuntedWorkload;

constexpr std::size_t groups_shown = 10;
constexpr std::size_t others_shown = 10;

void add_group(std::vector<std::string>& lines, const FailureGroup& group) {
  lines.push_back(fmt::format("  {} x {}{}", group.runs.size(), group.stops ? "the log stops after: " : "",
                              group.line.empty() ? text::printable(group.detail) : text::printable(group.line)));
  lines.push_back(fmt::format("      run {} ({}), NMZ_SEED={}: {}", group.run, text::printable(group.detail),
                              group.seed, text::printable(group.log)));
  lines.push_back("      " + text::printable(group.command));
}

std::string lost_runs(const HuntedWorkload& one) {
  return one.lost == 0 ? "" : fmt::format("; {} runs lost", one.lost);
}

}  // namespace

std::vector<std::string> hunt_lines(const std::vector<HuntedWorkload>& hunted, bool every) {
  std::vector<std::string> lines;
  std::size_t others = 0;
  std::uint64_t fewest = 0;
  std::string rate;  // of the one that ran least
  for (const HuntedWorkload& one : hunted) {
    if (one.failures == 0) {
      if (others++ == 0 || one.runs < fewest) {
        fewest = one.runs;
        rate = text::printable(one.rate);
      }
      continue;
    }
    lines.push_back(
        fmt::format("{} failed {}{}", text::printable(one.name), text::printable(one.rate), lost_runs(one)));
    const std::size_t shown = std::min(one.groups.size(), groups_shown);
    for (std::size_t i = 0; i < shown; ++i) add_group(lines, one.groups[i]);
    if (shown < one.groups.size()) lines.push_back(fmt::format("  ... and {} other kinds", one.groups.size() - shown));
  }
  if (every || others <= others_shown) {
    for (const HuntedWorkload& one : hunted) {
      if (one.failures > 0) continue;
      lines.push_back(
          fmt::format("{} failed {}{}", text::printable(one.name), text::printable(one.rate), lost_runs(one)));
    }
  } else {
    lines.push_back(fmt::format("{} {}workloads never failed; the one that ran least failed {}", others,
                                others < hunted.size() ? "other " : "", rate));
  }
  return lines;
}

std::vector<std::string> kind_lines(const std::vector<events::ClassifiedTest>& classified) {
  constexpr std::size_t width = 24;
  std::vector<std::string> lines;
  for (const events::ClassifiedTest& one : classified) {
    const std::string sure = one.runs == 0 ? "" : fmt::format(" ({:.0f} % sure)", 100 * one.confidence);
    lines.push_back(fmt::format("{} is {}{}: {}; {}{} on {}", text::printable(one.name), text::printable(one.kind),
                                sure, text::printable(one.why), plural(one.runs, "repetition"),
                                one.lost > 0 ? fmt::format(" and {} lost", one.lost) : "",
                                plural(one.workers, "worker")));
    for (const events::SettingTried& tried : one.settings) {
      const std::string late = tried.too_late == 0 ? "" : fmt::format("; {} passed, too late", tried.too_late);
      lines.push_back(fmt::format("    {:<{}} failed {}{}", text::printable(tried.setting), width,
                                  text::printable(tried.rate), late));
    }
  }
  return lines;
}

}  // namespace nmz::view
