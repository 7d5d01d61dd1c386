// Keeps a log within its limit: the beginning and the end, and one line in between that says how much is missing.
//
// The beginning goes out at once, so that a person can follow the test; the end is where a failure says why, so a
// quarter of the limit (at most 4 MiB) is kept for it in a ring until the test is over. A limit that simply stops the
// log would lose exactly the lines that matter; one that keeps only the end could not be followed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace nmz::job {

class LogCap {
 public:
  /// `limit`: bytes of the log that get through at most; 0 = all.
  explicit LogCap(std::uint64_t limit);

  /// The part of `bytes` (a prefix) that goes out now; the rest is kept or cut.
  [[nodiscard]] std::string_view admit(std::string_view bytes);

  /// The notice, if something was cut, and what was kept. Ends the log.
  [[nodiscard]] std::string tail();

  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] std::uint64_t cut() const;

 private:
  std::uint64_t head_left_;
  std::size_t ring_size_;
  std::string ring_;  ///< grows to ring_size_, then wraps at next_
  std::size_t next_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t held_back_ = 0;  ///< bytes that went into the ring, whether or not they are still there
};

}  // namespace nmz::job
