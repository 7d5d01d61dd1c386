#include "request_head.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>
#include <fmt/format.h>

namespace nmz::http {
namespace {
namespace beast = boost::beast::http;

bool is_printable(std::string_view text) {
  constexpr unsigned char first = 0x20;
  constexpr unsigned char deleted = 0x7f;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= first && byte != deleted) || c == '\t';
  });
}

bool is_word(std::string_view text) {
  return !text.empty() && is_printable(text) && text.find_first_of(" \t:") == std::string_view::npos;
}

/// What is wrong with the request; empty = nothing.
std::string fault_of(const Request& request, const ClientOptions& options) {
  if (!is_word(request.method)) return "the method '" + request.method + "'";
  if (!is_printable(request.target) || request.target.find(' ') != std::string::npos) return "the target";
  if (!is_printable(request.content_type) || !is_printable(options.host)) return "a header's value";
  for (const Headers* headers : {&options.headers, &request.headers}) {
    for (const auto& [name, value] : *headers) {
      if (!is_word(name)) return "a header's name";
      if (!is_printable(value)) return "the value of the header " + name;
    }
  }
  return {};
}

}  // namespace

Outcome<std::string> request_head(const Request& request, const ClientOptions& options) {
  if (const std::string fault = fault_of(request, options); !fault.empty()) {
    return failed(Failure::Kind::bad_request, fault + " cannot be sent");
  }
  constexpr unsigned http_1_1 = 11;
  beast::request<beast::empty_body> message;
  message.version(http_1_1);
  message.method_string(request.method);
  message.target(request.target);
  message.set(beast::field::host, options.host);
  message.set(beast::field::user_agent, "namazu-swarm/" NMZ_VERSION);
  for (const Headers* headers : {&options.headers, &request.headers}) {
    for (const auto& [name, value] : *headers) message.set(name, value);
  }
  if (!request.content_type.empty()) message.set(beast::field::content_type, request.content_type);
  if (request.produce) {
    message.chunked(true);
  } else if (!request.content_type.empty() || !request.body.empty() || request.method == "POST") {
    message.content_length(request.body.size());
  }
  // One call gives all of the head; the announced body is not here.
  beast::request_serializer<beast::empty_body> serializer{message};
  serializer.split(true);
  std::string head;
  boost::system::error_code code;
  const auto take = [&head](boost::system::error_code& /*code*/, const auto& buffers) {
    head += boost::beast::buffers_to_string(buffers);
  };
  serializer.next(code, take);
  if (code) return failed(Failure::Kind::bad_request, code.message());
  return head;
}

std::string chunk_of(const std::string& piece) {
  return piece.empty() ? "0\r\n\r\n" : fmt::format("{:x}\r\n", piece.size()) + piece + "\r\n";
}

}  // namespace nmz::http
