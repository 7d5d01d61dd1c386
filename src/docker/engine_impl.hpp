// What all calls of the client share: connections, deadlines, errors.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "nmz/docker/engine.hpp"
#include "nmz/http/client.hpp"

#include "json.hpp"

namespace nmz::docker {

inline constexpr std::chrono::milliseconds default_deadline{30000};

/// One call of the API.
struct Call {
  Call() = default;
  Call(std::string method, std::string target_in) : target{std::move(target_in)} { request.method = std::move(method); }
  /// With a JSON body.
  Call(std::string method, std::string target_in, const Json& body);

  http::Request request;
  std::string target;                                     ///< without the version: "/info"
  std::chrono::milliseconds deadline = default_deadline;  ///< 0 = none
  /// If set, it makes the request's body in pieces, the last one empty.
  BodySource produce;
  /// If set, it gets the body of a good answer in pieces, and may end the call with an error.
  std::function<Result<void>(std::string_view)> sink;
  bool versioned = true;  ///< the target gets the API version in front
};

struct Engine::Impl {
  Impl(const boost::asio::any_io_executor& executor, Endpoint endpoint_in);

  /// Negotiates the version first if that has not been done. An answer of 400 and more is an error.
  boost::asio::awaitable<Result<http::Answer>> call(Call call);
  /// The answer's body as JSON.
  boost::asio::awaitable<Result<Json>> call_json(Call request);
  /// Where "it is gone" is as good as done.
  boost::asio::awaitable<Result<void>> call_remove(Call request);
  boost::asio::awaitable<Result<void>> call_void(Call request);
  /// The field "Id" or "ID" of the answer.
  boost::asio::awaitable<Result<std::string>> call_id(Call request);

  boost::asio::awaitable<Result<void>> negotiate(std::chrono::milliseconds deadline);
  boost::asio::awaitable<Result<http::Answer>> call_once(Call call);
  boost::asio::awaitable<Result<http::Answer>> exchange(Call call);

  Endpoint endpoint;
  std::string version;
  http::Client client;
};

}  // namespace nmz::docker
