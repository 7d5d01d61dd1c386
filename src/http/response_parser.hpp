// The parser of one answer: bytes in, head and body out. Beast's, which is hidden here because a file that includes it
// takes 20 seconds to compile. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "nmz/http/client.hpp"

namespace nmz::http {

/// A head, and the line of a chunk, are parsed once they are there as a whole: longer than this they may not be.
inline constexpr std::size_t longest_head = std::size_t{64} << 10;

class ResponseParser {
 public:
  /// `without_body`: the answer to a HEAD has none, whatever its head says.
  explicit ResponseParser(bool without_body);
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;
  ResponseParser(ResponseParser&&) = delete;
  ResponseParser& operator=(ResponseParser&&) = delete;
  ~ResponseParser();

  /// Takes one element (the head, a part of the body) from the front of `bytes` and returns its size; 0: it needs more,
  /// together with these. Not after is_done().
  [[nodiscard]] Outcome<std::size_t> put(std::span<const char> bytes);
  /// The connection has ended. Fails (closed) where the answer has not.
  [[nodiscard]] Outcome<void> put_end();

  /// What the last put() has found of the body, inside of its `bytes`.
  [[nodiscard]] std::string_view piece() const;
  [[nodiscard]] bool has_head() const;
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] unsigned status() const;
  [[nodiscard]] Headers take_headers();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nmz::http
