#include "response_parser.hpp"

#include <string>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

namespace nmz::http {
namespace beast = boost::beast::http;

// The base class gives pieces of the body where they are; Beast's own response_parser would copy them into a message.
class ResponseParser::Impl final : public beast::basic_parser<false> {
 public:
  explicit Impl(bool without_body) {
    eager(false);
    skip(without_body);
    header_limit(static_cast<std::uint32_t>(longest_head));
    body_limit(boost::none);
  }

  std::string_view piece;
  Headers headers;
  unsigned status = 0;

 private:
  using Code = boost::beast::error_code;
  using Text = boost::beast::string_view;

  void on_request_impl(beast::verb /*method*/, Text /*name*/, Text /*target*/, int /*version*/,
                       Code& /*code*/) override {}
  void on_response_impl(int told, Text /*reason*/, int /*version*/, Code& /*code*/) override {
    status = static_cast<unsigned>(told);
  }
  void on_field_impl(beast::field /*field*/, Text name, Text value, Code& /*code*/) override {
    headers.emplace_back(std::string{name}, std::string{value});
  }
  void on_header_impl(Code& /*code*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, Code& /*code*/) override {}
  std::size_t on_body_impl(Text body, Code& /*code*/) override {
    piece = {body.data(), body.size()};
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, Text /*extensions*/, Code& /*code*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*left*/, Text body, Code& /*code*/) override {
    piece = {body.data(), body.size()};
    return body.size();
  }
  void on_finish_impl(Code& /*code*/) override {}
};

ResponseParser::ResponseParser(bool without_body) : impl_{std::make_unique<Impl>(without_body)} {}
ResponseParser::~ResponseParser() = default;

Outcome<std::size_t> ResponseParser::put(std::span<const char> bytes) {
  impl_->piece = {};
  boost::system::error_code code;
  const std::size_t taken = impl_->put(boost::asio::const_buffer{bytes.data(), bytes.size()}, code);
  if (!code) return taken;
  if (code != beast::error::need_more) {
    return failed(has_head() ? Failure::Kind::malformed : Failure::Kind::not_http, code.message());
  }
  if (taken == 0 && bytes.size() >= longest_head) return failed(Failure::Kind::malformed, "a line of it is too long");
  return taken;
}

Outcome<void> ResponseParser::put_end() {
  impl_->piece = {};
  const tl::unexpected<Failure> early = failed(Failure::Kind::closed, "it was closed");
  if (!impl_->got_some()) return early;
  boost::system::error_code code;
  impl_->put_eof(code);
  if (code) return early;
  return {};
}

std::string_view ResponseParser::piece() const { return impl_->piece; }
bool ResponseParser::has_head() const { return impl_->is_header_done(); }
bool ResponseParser::is_done() const { return impl_->is_done(); }
bool ResponseParser::keep_alive() const { return impl_->keep_alive(); }
unsigned ResponseParser::status() const { return impl_->status; }
Headers ResponseParser::take_headers() { return std::exchange(impl_->headers, {}); }

}  // namespace nmz::http
