// How the programs of Namazu Swarm v0 talk: a call of funker (github.com/bfirsh/funker), which is one JSON value in and
// one out.
//
// A worker listens on TCP port 9999. The caller connects, writes its request and ends its side of the connection (the
// worker reads until then); the worker answers when it has run the chunk, and closes. There is no line's end, no length
// and no second request: while a worker has a caller it listens for no other, and after its answer it is started anew.
// A caller that has connected and said nothing yet has the worker for itself.
//
//     {"chunk_id":0,"workloads":[{"id":"test-1"},{"id":"test-2"}]}
//     {"chunk_id":0,"successful":true,"raw_log":"..."}
//
// The bytes are those that Go's encoding/json writes, as v0 was built with it: members in this order, no spaces; in
// strings \n, \r, \t, \" and \\, other control characters and <, > and & as \u00XX, U+2028 and U+2029 as \u2028 and
// \u2029, and each byte that is no UTF-8 as \ufffd. What is read may be any JSON. Neither program did more than one
// call at a time, so there is nothing to tell two of them apart but the connection; chunk_id comes back as it was sent.
//
// No I/O here. What a peer can make us keep is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "nmz/contract/json_reader.hpp"
#include "nmz/contract/v0.hpp"
#include "nmz/error/result.hpp"

namespace nmz::contract::funker {

inline constexpr std::uint16_t port = 9999;
/// Bytes of JSON.
inline constexpr std::size_t largest_request = std::size_t{32} << 20;
inline constexpr std::uint64_t largest_result = std::uint64_t{1} << 30;
inline constexpr std::size_t most_workloads = 1'000'000;  ///< in one request

// ---- written

/// The inside of a JSON string, made of bytes as they come.
class TextWriter {
 public:
  void feed(std::string_view bytes, std::string& out);
  /// What is left is no UTF-8.
  void finish(std::string& out);

 private:
  std::string held_;  ///< a character that is not whole yet
};

[[nodiscard]] std::string to_json(const v0::ChunkRequest& request);
[[nodiscard]] std::string to_json(const v0::ChunkResult& result);
/// A result around the text of its log.
[[nodiscard]] std::string result_head(std::int64_t chunk_id, bool successful);
inline constexpr std::string_view result_tail = R"("})";

// ---- read

/// Where in an object something stands.
struct Place {
  enum class Level : std::uint8_t {
    member,   ///< {"member":HERE}
    element,  ///< {"member":[HERE]}
    inner     ///< {"member":[{"inner":HERE}]}
  };
  Level level = Level::member;
  std::string member;
  std::string inner;
};

/// One object, of which what nobody knows is passed over.
class Object : public JsonEvents {
 public:
  void begin(char bracket) final;
  void end() final;
  void name(std::string_view name) final;
  void text(std::string_view part, bool last) final;
  void word(std::string_view word) final;

 protected:
  /// What is expected there instead, or nothing: it is taken, or nobody knows the place.
  using Instead = std::string_view;
  virtual Instead on_begin(const Place& place, char bracket) = 0;
  virtual Instead on_text(const Place& place, std::string_view part, bool first) = 0;
  virtual Instead on_word(const Place& place, std::string_view word) = 0;

  Result<void> take(JsonReader& reader, std::string_view bytes, const char* what);
  Result<void> end_with(JsonReader& reader, const char* what);

 private:
  [[nodiscard]] bool is_known_place() const;
  void check(Instead instead);
  [[nodiscard]] Result<void> checked(const Result<void>& read, const char* what) const;

  std::string open_;  ///< brackets
  Place place_;
  bool in_text_ = false;
  std::string complaint_;
};

/// Errors (rejected) of both: one line.
class RequestReader final : private Object {
 public:
  Result<void> feed(std::string_view bytes);
  Result<v0::ChunkRequest> finish();

 private:
  Instead on_begin(const Place& place, char bracket) override;
  Instead on_text(const Place& place, std::string_view part, bool first) override;
  Instead on_word(const Place& place, std::string_view word) override;

  JsonReader reader_{*this};
  std::size_t size_ = 0;
  v0::ChunkRequest request_;
};

/// A result without its log.
struct Verdict {
  std::int64_t chunk_id = 0;
  bool successful = false;
};

class ResultReader final : private Object {
 public:
  /// `log`: called with the log as it comes.
  explicit ResultReader(std::function<void(std::string_view)> log) : log_{std::move(log)} {}

  Result<void> feed(std::string_view bytes);
  [[nodiscard]] bool whole() const { return reader_.whole(); }
  /// A result that does not say how its chunk ended is none.
  Result<Verdict> finish();

 private:
  Instead on_begin(const Place& place, char bracket) override;
  Instead on_text(const Place& place, std::string_view part, bool first) override;
  Instead on_word(const Place& place, std::string_view word) override;

  std::function<void(std::string_view)> log_;
  JsonReader reader_{*this};
  std::uint64_t size_ = 0;
  Verdict verdict_;
  bool has_id_ = false;
  bool has_verdict_ = false;
};

}  // namespace nmz::contract::funker
