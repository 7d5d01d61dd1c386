// Images (Engine API v1.41, /images and /build).
#include <algorithm>
#include <memory>

#include <boost/json/serialize.hpp>

#include "nmz/http/lines.hpp"

#include "engine_impl.hpp"

namespace nmz::docker {
namespace asio = boost::asio;
namespace {

/// The lines of JSON with which the Engine tells how a build, a push or a pull goes on.
class ProgressLines {
 public:
  /// Errors (rejected): the Engine says that it failed.
  Result<void> feed(std::string_view bytes) {
    lines_.feed(bytes);
    while (const auto text = lines_.next()) {
      const auto line = parse_json(*text);
      if (!line) continue;
      Result<void> seen = see(*line);
      if (!seen) return seen;
    }
    return {};
  }

  [[nodiscard]] const std::string& image_id() const { return image_id_; }
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  Result<void> see(const Json& line) {
    std::string trouble = text_at(line, "errorDetail.message");
    if (trouble.empty()) trouble = text_at(line, "error");
    if (!trouble.empty()) {
      std::replace(trouble.begin(), trouble.end(), '\n', ' ');
      return fail(ErrorKind::rejected, std::move(trouble));
    }
    if (std::string id = text_at(line, "aux.ID"); !id.empty()) image_id_ = std::move(id);
    if (std::string digest = text_at(line, "aux.Digest"); !digest.empty()) digest_ = std::move(digest);
    return {};
  }

  http::Lines lines_;
  std::string image_id_;
  std::string digest_;
};

/// NAME and TAG of a reference; the tag is empty for one by digest, "latest" where none is given.
std::pair<std::string, std::string> split_reference(const std::string& reference) {
  if (reference.find('@') != std::string::npos) return {reference, ""};
  const std::size_t slash = reference.rfind('/');
  const std::size_t colon = reference.rfind(':');
  if (colon == std::string::npos || (slash != std::string::npos && colon < slash)) return {reference, "latest"};
  return {reference.substr(0, colon), reference.substr(colon + 1)};
}

/// A reference as part of a path: its slashes stay.
std::string image_path(const std::string& reference) {
  std::string path = percent_encoded(reference);
  for (std::size_t at = 0; (at = path.find("%2F", at)) != std::string::npos;) path.replace(at, 3, "/");
  return path;
}

Call with_progress(Call call, const std::shared_ptr<ProgressLines>& lines, std::chrono::milliseconds deadline) {
  call.deadline = deadline;
  call.sink = [lines](std::string_view bytes) { return lines->feed(bytes); };
  return call;
}

}  // namespace

asio::awaitable<Result<Image>> Engine::inspect_image(std::string reference) {
  Call call{"GET", "/images/" + image_path(reference) + "/json"};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  const Json& told = *answer;
  Image image;
  image.id = text_at(told, "Id");
  image.tags = texts_at(told, "RepoTags");
  image.digests = texts_at(told, "RepoDigests");
  image.architecture = text_at(told, "Architecture");
  image.os = text_at(told, "Os");
  image.labels = labels_at(told, "Config.Labels");
  image.env = texts_at(told, "Config.Env");
  image.entrypoint = texts_at(told, "Config.Entrypoint");
  image.command = texts_at(told, "Config.Cmd");
  image.working_dir = text_at(told, "Config.WorkingDir");
  image.user = text_at(told, "Config.User");
  co_return image;
}

asio::awaitable<Result<std::string>> Engine::build_image(BodySource context, std::string tag, Labels labels,
                                                         std::chrono::milliseconds deadline) {
  const std::string label_text = percent_encoded(boost::json::serialize(to_json(labels)));
  std::string target = "/build?rm=1&forcerm=1&pull=0&labels=" + label_text;
  if (!tag.empty()) target += "&t=" + percent_encoded(tag);
  Call call{"POST", std::move(target)};
  call.request.content_type = "application/x-tar";
  call.produce = std::move(context);
  const auto lines = std::make_shared<ProgressLines>();
  Call watched = with_progress(std::move(call), lines, deadline);
  Result<void> built = co_await impl_->call_void(std::move(watched));
  if (!built) co_return tl::unexpected<Error>{built.error()};
  if (lines->image_id().empty()) co_return fail(ErrorKind::rejected, "the Docker Engine built no image");
  co_return lines->image_id();
}

asio::awaitable<Result<std::string>> Engine::push_image(std::string reference, std::string registry_auth,
                                                        std::chrono::milliseconds deadline) {
  const auto [name, tag] = split_reference(reference);
  Call call{"POST", "/images/" + image_path(name) + "/push?tag=" + percent_encoded(tag)};
  // The header has to be there; "e30=" is {}.
  call.request.headers.emplace_back("X-Registry-Auth", registry_auth.empty() ? "e30=" : registry_auth);
  const auto lines = std::make_shared<ProgressLines>();
  Call watched = with_progress(std::move(call), lines, deadline);
  Result<void> pushed = co_await impl_->call_void(std::move(watched));
  if (!pushed) co_return tl::unexpected<Error>{pushed.error()};
  if (lines->digest().empty()) co_return fail(ErrorKind::rejected, "the registry gave no digest for " + reference);
  co_return name + "@" + lines->digest();
}

asio::awaitable<Result<void>> Engine::pull_image(std::string reference, std::string registry_auth,
                                                 std::chrono::milliseconds deadline) {
  const auto [name, tag] = split_reference(reference);
  std::string target = "/images/create?fromImage=" + percent_encoded(name);
  if (!tag.empty()) target += "&tag=" + percent_encoded(tag);
  Call call{"POST", std::move(target)};
  if (!registry_auth.empty()) call.request.headers.emplace_back("X-Registry-Auth", registry_auth);
  const auto lines = std::make_shared<ProgressLines>();
  Call watched = with_progress(std::move(call), lines, deadline);
  Result<void> done = co_await impl_->call_void(std::move(watched));
  co_return done;
}

asio::awaitable<Result<std::vector<Image>>> Engine::list_images(Labels labels) {
  Call call{"GET", "/images/json?filters=" + label_filter(labels)};
  Result<Json> answer = co_await impl_->call_json(std::move(call));
  if (!answer) co_return tl::unexpected<Error>{answer.error()};
  std::vector<Image> images;
  for (const Json& told : elements_at(*answer, "")) {
    Image image;
    image.id = text_at(told, "Id");
    image.labels = labels_at(told, "Labels");
    images.push_back(std::move(image));
  }
  co_return images;
}

asio::awaitable<Result<void>> Engine::remove_image(std::string reference, bool and_parents) {
  Call call{"DELETE", "/images/" + image_path(reference) + (and_parents ? "" : "?noprune=1")};
  Result<void> done = co_await impl_->call_remove(std::move(call));
  co_return done;
}

}  // namespace nmz::docker
