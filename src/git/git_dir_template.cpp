// See git_dir_template.hpp.
#include "nmz/git/git_dir_template.hpp"

#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "git_image.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

struct GitDirTemplate::Impl {
  fs::path common_dir;
  fs::path stand_in;
  bool in_tree = true;
  bool hooks = false;
  std::mutex mutex;
  std::map<fs::path, std::shared_ptr<const GitImage>> images;  ///< by the user's git directory

  [[nodiscard]] fs::path stand_in_for(const Place& place) const;
};

/// A submodule whose git directory is in the user's own (as `git submodule update` makes them) is there in the
/// stand-in, too; one that was cloned by hand has a place of its own.
fs::path GitDirTemplate::Impl::stand_in_for(const Place& place) const {
  if (place.common_dir == common_dir) {
    return stand_in;
  }
  const fs::path below = place.git_dir.lexically_relative(common_dir);
  const bool inside = !below.empty() && *below.begin() != "..";
  return inside ? stand_in / below : fs::path{fmt::format("{}-{}", stand_in.string(), images.size())};
}

GitDirTemplate::GitDirTemplate(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
GitDirTemplate::GitDirTemplate(GitDirTemplate&&) noexcept = default;
GitDirTemplate& GitDirTemplate::operator=(GitDirTemplate&&) noexcept = default;
GitDirTemplate::~GitDirTemplate() = default;

Result<GitDirTemplate> GitDirTemplate::create(const Repository& repository, const fs::path& stand_in, bool hooks) {
  std::error_code error;
  fs::create_directories(stand_in, error);
  if (error) {
    return fail(ErrorKind::misconfigured, fmt::format("cannot make '{}': {}", stand_in.string(), error.message()));
  }
  auto impl = std::make_unique<Impl>();
  impl->common_dir = repository.common_dir();
  impl->stand_in = stand_in;
  impl->in_tree = !fs::is_regular_file(repository.work_tree() / ".git", error);
  impl->hooks = hooks;
  return GitDirTemplate{std::move(impl)};
}

bool GitDirTemplate::in_tree() const { return impl_->in_tree; }
bool GitDirTemplate::hooks() const { return impl_->hooks; }
const fs::path& GitDirTemplate::stand_in() const { return impl_->stand_in; }

Result<std::shared_ptr<const GitImage>> GitDirTemplate::image(const ObjectSource& source) const {
  const std::unique_lock lock{impl_->mutex};
  std::shared_ptr<const GitImage>& known = impl_->images[source.place().git_dir];
  if (!known) {
    Result<GitImage> image = read_git_image(source, impl_->stand_in_for(source.place()));
    if (!image) {
      return tl::unexpected{image.error()};
    }
    known = std::make_shared<const GitImage>(std::move(*image));
  }
  return known;
}

}  // namespace nmz::git
