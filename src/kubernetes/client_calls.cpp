// The calls (Kubernetes API: version, batch/v1, core/v1, authorization.k8s.io/v1).
#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "nmz/http/base64.hpp"
#include "nmz/http/lines.hpp"
#include "nmz/process/randomness.hpp"

#include "attached.hpp"
#include "client_impl.hpp"
#include "objects.hpp"
#include "wording.hpp"

namespace nmz::kubernetes {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr const char* batch = "batch";
constexpr unsigned gone = 410;
constexpr unsigned client_error = 400;
constexpr std::size_t longest_change = std::size_t{4} << 20;  // a pod with all that may be in it has 1.5 MiB
constexpr std::chrono::seconds watch_for{240};
constexpr unsigned minor_of_v5 = 30;  // on by default

/// "34", "34+".
unsigned leading_number(const std::string& text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string item(const std::string& path, const std::string& name) { return path + "/" + percent_encoded(name); }

std::string selected(const std::string& path, const std::string& selector) {
  return path + "?labelSelector=" + percent_encoded(selector);
}

/// A change, or how the watch ends.
struct News {
  PodChange change;
  bool expired = false;
  bool failed = false;
  std::string trouble;
};

News news_of(const Json& told) {
  News news;
  const std::string type = text_at(told, {"type"});
  const Json& object = at(told, {"object"});
  if (type == "ERROR") {
    news.expired = number_at(object, {"code"}) == gone;
    news.failed = !news.expired;
    news.trouble = text_at(object, {"message"});
    return news;
  }
  news.change.resource_version = text_at(object, {"metadata", "resourceVersion"});
  constexpr std::array kinds{std::pair{"ADDED", PodChange::Kind::added},
                             std::pair{"MODIFIED", PodChange::Kind::modified},
                             std::pair{"DELETED", PodChange::Kind::deleted}};
  for (const auto& [name, kind] : kinds) {
    if (type == name) news.change.kind = kind;
  }
  if (news.change.kind != PodChange::Kind::bookmark) news.change.pod = pod_of(object);
  return news;
}

std::string fresh_key() {
  std::string bytes(16, '\0');
  process::fill_with_randomness(std::span<char>{bytes});
  return http::to_base64(bytes);
}

std::string header_of(const http::Headers& headers, std::string_view name) {
  const auto same = [name](const std::pair<std::string, std::string>& header) {
    return std::ranges::equal(header.first, name,
                              [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
  };
  const auto found = std::find_if(headers.begin(), headers.end(), same);
  return found == headers.end() ? std::string{} : found->second;
}

}  // namespace

asio::awaitable<Result<ServerVersion>> Client::version() {
  http::Request request{"GET", "/version"};
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  ServerVersion version;
  version.major = leading_number(text_at(*told, {"major"}));
  version.minor = leading_number(text_at(*told, {"minor"}));
  version.text = text_at(*told, {"gitVersion"});
  if (version.major == 0) {
    co_return fail(ErrorKind::misconfigured,
                   "what answers at " + impl_->access.server + " is no Kubernetes API server");
  }
  co_return version;
}

asio::awaitable<Result<std::vector<Rule>>> Client::rules() {
  http::Request request = request_with("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
                                       rules_review(impl_->access.name_space));
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  co_return rules_of(*told);
}

asio::awaitable<Result<bool>> Client::may(Right right) {
  http::Request request = request_with("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                                       access_review(right, impl_->access.name_space));
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  co_return flag_at(*told, {"status", "allowed"});
}

asio::awaitable<Result<Object>> Client::create_job(JobSpec spec) {
  // A field that the user has misspelt in his template is an error then, where the server can tell (1.25).
  const std::string how = spec.pod_template.empty() ? "jobs" : "jobs?fieldValidation=Strict";
  http::Request request = request_with("POST", impl_->path(batch, how), job_manifest(spec));
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  co_return object_of(*told);
}

asio::awaitable<Result<Job>> Client::get_job(std::string name) {
  http::Request request{"GET", item(impl_->path(batch, "jobs"), name)};
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  co_return job_of(*told);
}

asio::awaitable<Result<void>> Client::scale_job(std::string name, std::uint32_t pods) {
  const Json patch = json::object{{"spec", json::object{{"parallelism", pods}, {"completions", pods}}}};
  http::Request request = request_with("PATCH", item(impl_->path(batch, "jobs"), name), patch);
  request.content_type = "application/merge-patch+json";
  Result<http::Answer> done = co_await impl_->call(std::move(request));
  if (!done) co_return tl::unexpected<Error>{done.error()};
  co_return Result<void>{};
}

asio::awaitable<Result<std::vector<Job>>> Client::list_jobs(std::string selector) {
  http::Request request{"GET", selected(impl_->path(batch, "jobs"), selector)};
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  std::vector<Job> jobs;
  for (const Json& one : array_at(*told, {"items"})) jobs.push_back(job_of(one));
  co_return jobs;
}

asio::awaitable<Result<void>> Client::delete_job(std::string name) {
  const Json how = json::object{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  http::Request request = request_with("DELETE", item(impl_->path(batch, "jobs"), name), how);
  Result<void> removed = co_await impl_->call_remove(std::move(request));
  co_return removed;
}

asio::awaitable<Result<void>> Client::create_config_map(ConfigMapSpec spec) {
  http::Request request = request_with("POST", impl_->path("", "configmaps"), config_map_manifest(spec));
  Result<http::Answer> made = co_await impl_->call(std::move(request));
  if (!made) co_return tl::unexpected<Error>{made.error()};
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Client::delete_config_map(std::string name) {
  http::Request request{"DELETE", item(impl_->path("", "configmaps"), name)};
  Result<void> removed = co_await impl_->call_remove(std::move(request));
  co_return removed;
}

asio::awaitable<Result<void>> Client::delete_pod(std::string name) {
  http::Request request{"DELETE", item(impl_->path("", "pods"), name)};
  Result<void> removed = co_await impl_->call_remove(std::move(request));
  co_return removed;
}

asio::awaitable<Result<PodList>> Client::list_pods(std::string selector) {
  http::Request request{"GET", selected(impl_->path("", "pods"), selector)};
  Result<Json> told = co_await impl_->call_json(std::move(request));
  if (!told) co_return tl::unexpected<Error>{told.error()};
  PodList list;
  list.resource_version = text_at(*told, {"metadata", "resourceVersion"});
  for (const Json& one : array_at(*told, {"items"})) list.pods.push_back(pod_of(one));
  co_return list;
}

asio::awaitable<Result<WatchEnd>> Client::watch_pods(std::string selector, std::string resource_version,
                                                     std::function<bool(const PodChange&)> change) {
  http::Request request{
      "GET",
      fmt::format("{}&watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}",
                  selected(impl_->path("", "pods"), selector), watch_for.count(), percent_encoded(resource_version))};
  request.deadline = watch_for + default_deadline;
  auto lines = std::make_shared<http::Lines>();
  auto end = std::make_shared<News>();
  request.sink = [lines, end, change = std::move(change)](std::string_view piece) {
    lines->feed(piece);
    while (const auto line = lines->next()) {
      const auto told = parse_json(*line);
      if (!told) return false;
      *end = news_of(*told);
      if (end->expired || end->failed || !change(end->change)) return false;
    }
    return lines->waiting() <= longest_change;
  };
  Result<http::Answer> answer = co_await impl_->ask(std::move(request));
  if (end->expired || (answer && answer->status == gone)) co_return WatchEnd::expired;
  if (end->failed) co_return fail(ErrorKind::retryable, one_line(end->trouble));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  if (answer->status >= client_error) {
    co_return tl::unexpected<Error>{refusal(answer->status, answer->body, impl_->access)};
  }
  co_return WatchEnd::over;
}

asio::awaitable<Result<std::shared_ptr<http::Attached>>> Client::attach(std::string pod, ServerVersion server) {
  http::Request request{"GET", fmt::format("{}/attach?container={}&stdin=true&stdout=true&stderr=true",
                                           item(impl_->path("", "pods"), pod), container_name)};
  const std::string key = fresh_key();
  const std::string v4 = "v4.channel.k8s.io";
  const std::string v5 = "v5.channel.k8s.io";
  request.headers = {{"Connection", "Upgrade"},
                     {"Upgrade", "websocket"},
                     {"Sec-WebSocket-Version", "13"},
                     {"Sec-WebSocket-Key", key},
                     {"Sec-WebSocket-Protocol", server.is_at_least(minor_of_v5) ? v5 + ", " + v4 : v4}};
  request.upgrade = http::Upgrade::switching;
  Result<http::Answer> answer = co_await impl_->call(std::move(request));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  if (!answer->stream || header_of(answer->headers, "Sec-WebSocket-Accept") != web_socket_accept(key)) {
    co_return fail(ErrorKind::rejected, "the API server does not attach over a WebSocket");
  }
  const std::string spoken = header_of(answer->headers, "Sec-WebSocket-Protocol");
  if (spoken != v4 && spoken != v5) {
    co_return fail(ErrorKind::rejected,
                   "the API server attaches by '" + one_line(spoken) + "', which is not known here");
  }
  std::shared_ptr<http::Attached> attached =
      std::make_shared<ChannelStream>(impl_->executor, std::move(answer->stream));
  co_return attached;
}

}  // namespace nmz::kubernetes
