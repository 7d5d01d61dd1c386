// Executions for the tests of reports, on one line each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <utility>

#include "nmz/report/result.hpp"

namespace nmz::report {

inline Execution execution(std::string workload, Verdict verdict, std::uint32_t attempt = 1, std::string log = {}) {
  Execution result;
  result.workload = std::move(workload);
  result.verdict = verdict;
  result.attempt = attempt;
  result.worker = 3;
  result.node = "node-1";
  result.start = Seconds{10.0 * attempt};
  result.took = Seconds{1.5};
  result.detail = verdict == Verdict::failed ? "exit 1" : "";
  result.log_tail = std::move(log);
  return result;
}

constexpr Verdict all_verdicts[] = {Verdict::passed,    Verdict::failed, Verdict::timed_out, Verdict::lost,
                                    Verdict::cancelled, Verdict::flaky,  Verdict::not_run,   Verdict::skipped};

/// Any bytes, with those frequent that parsers stumble over.
inline std::string nasty_bytes(std::mt19937_64& random, std::size_t most) {
  static const std::string pieces[] = {"<",   "&",    ">",       "]]>",          "\"",           "'",
                                       "\n",  "\r",   "\t",      "<![CDATA[",    "&#0;",         std::string(1, '\0'),
                                       "\b",  "\x1b", "\x7f",    "\xED\xA0\x80", "\xEF\xBF\xBE", "\xEF\xBF\xBF",
                                       "%",   "::",   ",",       "\xC0\x80",     "\xF0\x9F\x98", "\x1b[31mred\x1b[0m",
                                       "-->", "\\",   "\xC3\xA4"};
  std::string result;
  const std::size_t size = random() % (most + 1);
  while (result.size() < size) {
    if (random() % 2 == 0) {
      result += pieces[random() % std::size(pieces)];
    } else {
      result += static_cast<char>(random());
    }
  }
  return result;
}

inline Execution random_execution(std::mt19937_64& random) {
  Execution result = execution(nasty_bytes(random, 12), all_verdicts[random() % std::size(all_verdicts)],
                               static_cast<std::uint32_t>(random() % 3 + 1), nasty_bytes(random, 200));
  result.node = nasty_bytes(random, 3);
  result.worker = static_cast<std::uint32_t>(random() % 4);
  result.detail = nasty_bytes(random, 20);
  result.log_path = nasty_bytes(random, 20);
  result.start = Seconds{static_cast<double>(random() % 10'000'000) / 1e5};
  result.took = Seconds{static_cast<double>(random() % 10'000'000) / 1e6};
  return result;
}

}  // namespace nmz::report
