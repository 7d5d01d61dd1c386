// How often something fails, said with what the number of tries allows to say.
//
// The 95 % interval is Wilson's (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
// 1927): unlike the textbook's p +- 1.96 s it stays within 0 and 1 and is right for few tries and rare failures, which
// is the case here. Without any failure in n tries the rate is below 3/n with 95 % confidence, the "rule of three"
// (Hanley and Lippman-Hand, 1983): (1 - 3/n)^n is about exp(-3) = 0.05.
#pragma once

#include <cstdint>
#include <string>

namespace nmz::report {

struct Interval {
  double low = 0;
  double high = 1;
};

/// Of the rate behind `failures` in `tries`; [0, 1] without a try. `failures` is at most `tries`.
[[nodiscard]] Interval wilson_interval(std::uint64_t failures, std::uint64_t tries);

/// min(1, 3/n): what the rate is below if none of n tries failed; 1 without a try.
[[nodiscard]] double rate_bound_without_failure(std::uint64_t tries);

/// "3 of 20 (15 %, between 5.2 % and 36 %)", "0 of 300 (below 1 %)", "0 of 0".
[[nodiscard]] std::string rate_text(std::uint64_t failures, std::uint64_t tries);

}  // namespace nmz::report
