// See tree_stream.hpp. The comparison knows what to send; this puts it into frames, one blob in memory at a time.
#include "nmz/git/tree_stream.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "nmz/git/checkout_state.hpp"
#include "nmz/wire/codec.hpp"

#include "content_reader.hpp"
#include "object_reader.hpp"
#include "tree_comparison.hpp"

namespace nmz::git {

Result<ObjectReader> ObjectReader::open(const Repository& repository) {
  Place place;
  place.git_dir = repository.git_dir();
  place.common_dir = repository.common_dir();
  place.work_tree = repository.work_tree();
  Result<std::unique_ptr<ObjectSource>> source = ObjectSource::open(std::move(place));
  if (!source) {
    return tl::unexpected{source.error()};
  }
  auto impl = std::make_unique<Impl>();
  impl->source = std::move(*source);
  return ObjectReader{std::move(impl)};
}

Result<ObjectReader> ObjectReader::another() const {
  Result<std::unique_ptr<ObjectSource>> source = impl_->source->another();
  if (!source) {
    return tl::unexpected{source.error()};
  }
  auto impl = std::make_unique<Impl>();
  impl->source = std::move(*source);
  return ObjectReader{std::move(impl)};
}

ObjectReader::ObjectReader(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
ObjectReader::ObjectReader(ObjectReader&&) noexcept = default;
ObjectReader& ObjectReader::operator=(ObjectReader&&) noexcept = default;
ObjectReader::~ObjectReader() = default;

namespace {

/// A partial clone gets all blobs of the difference at once; one by one would be a connection each.
Result<void> fetch_missing(const TreeDifference& difference) {
  std::map<const ObjectSource*, std::vector<CommitId>> missing;
  for (const FileToSend& file : difference.files) {
    const ObjectSource* source = difference.origins[file.origin].source;
    if (!source->config().promisor.empty() && !source->has(file.blob)) {
      missing[source].push_back(file.blob);
    }
  }
  for (const auto& [source, ids] : missing) {
    if (Result<void> fetched = source->fetch(ids); !fetched) {
      return fetched;
    }
  }
  return {};
}

}  // namespace

Result<std::string> ObjectReader::message_line(const CommitId& commit) const {
  return impl_->source->message_line(commit);
}

Result<CommitId> ObjectReader::tree_id(const CommitId& commit) const {
  return impl_->source->tree_of_commit(commit).map(
      [](const TreeHandle& tree) { return to_id(*git_tree_id(tree.get())); });
}

std::string ObjectReader::content_rules() const { return impl_->source->content_rules(); }

bool ObjectReader::has_hook(const std::string& name) const {
  const Place& place = impl_->source->place();
  const std::string& elsewhere = impl_->source->config().hooks_path;
  const std::filesystem::path directory = elsewhere.empty() ? place.common_dir / "hooks" : place.work_tree / elsewhere;
  return ::access((directory / name).c_str(), X_OK) == 0;
}

namespace {

/// Where the whole repository has gone, no commit is to blame that its objects are missing.
Error blame(const ObjectSource& source, Error error) {
  std::error_code ignored;
  const std::filesystem::path& repository = source.place().common_dir;
  if (std::filesystem::exists(repository / "objects", ignored)) {
    return error;
  }
  return Error{ErrorKind::retryable, fmt::format("the repository {} has gone", repository.string())};
}

}  // namespace

struct TreeStream::Impl {
  const ObjectSource* objects = nullptr;
  TreeDifference difference;
  bool replace = false;
  bool clean = false;
  std::shared_ptr<const std::vector<TodaysFile>> today;
  std::vector<TodaysFile> patched;
  std::vector<const TodaysFile*> todays;  ///< to be sent

  bool begun = false;
  bool ended = false;
  std::size_t removed = 0;      ///< sent so far
  std::size_t directories = 0;  ///< sent so far
  std::size_t files = 0;        ///< begun so far
  Content content;              ///< of the file begun last
  std::size_t sent = 0;         ///< of it
  std::size_t sent_today = 0;   ///< begun so far

  /// Appends one message.
  Result<void> step(std::string& out);
  Result<void> begin_file(std::string& out);
  Result<void> begin_todays(std::string& out);
  /// Takes today's files, and those of the patches, in the place of the commit's.
  void prefer_today(const TreeRequest& request);
  /// What is not sent again, and is not the commit's, is removed.
  Result<void> remove_strange(const ObjectSource& source, const TreeRequest& request);
  void send_data(std::string& out);
};

Result<void> TreeStream::Impl::step(std::string& out) {
  if (!begun) {
    begun = true;
    wire::encode(wire::TreeBegin{replace, clean}, out);
  } else if (sent < content.bytes().size()) {
    send_data(out);
  } else if (removed < difference.removed.size()) {
    wire::encode(wire::TreeRemove{difference.removed[removed++]}, out);
  } else if (directories < difference.directories.size()) {
    wire::encode(wire::TreeDirectory{difference.directories[directories++]}, out);
  } else if (files < difference.files.size()) {
    return begin_file(out);
  } else if (sent_today < todays.size()) {
    return begin_todays(out);
  } else {
    ended = true;
  }
  return {};
}

Result<void> TreeStream::Impl::begin_file(std::string& out) {
  const FileToSend& file = difference.files[files];
  Result<Content> read = read_content(difference, file);
  if (!read) {
    return tl::unexpected{read.error()};
  }
  ++files;
  content = std::move(*read);
  sent = 0;
  wire::encode(wire::TreeFile{file.path, file.mode, content.bytes().size(), file.keep_if_same}, out);
  return {};
}

Result<void> TreeStream::Impl::begin_todays(std::string& out) {
  const TodaysFile& file = *todays[sent_today++];
  std::string bytes = file.content;
  if (!file.below.empty()) {
    Result<TodaysFile> read = todays_file(file.below, file.path);
    if (!read || read->removed) {
      return fail(ErrorKind::rejected, fmt::format("cannot read '{}'", (file.below / file.path).string()));
    }
    bytes = std::move(read->content);
  }
  content = Content{std::move(bytes)};
  sent = 0;
  wire::encode(wire::TreeFile{file.path, file.mode, content.bytes().size(), true, file.git}, out);
  return {};
}

void TreeStream::Impl::prefer_today(const TreeRequest& request) {
  today = request.today;
  patched = request.patched;
  std::map<std::string_view, const TodaysFile*> instead;
  if (today) {
    for (const TodaysFile& file : *today) {
      instead.emplace(file.path, &file);
      const bool is_there = request.from && std::ranges::find(request.changed, file.path) == request.changed.end();
      if (!is_there && !file.removed) {
        todays.push_back(&file);
      }
    }
  }
  std::vector<std::string> gone = request.unpatched;
  for (const TodaysFile& file : patched) {
    if (!instead.emplace(file.path, &file).second) {
      continue;
    }
    if (file.removed) {
      gone.push_back(file.path);
    } else {
      todays.push_back(&file);
    }
  }
  const auto stands_there = [&](const auto& path) {
    const auto found = instead.find(path);
    return found != instead.end() && !(found->second->removed && request.from);
  };
  std::erase_if(difference.removed, [&](const std::string& path) { return stands_there(path); });
  std::erase_if(difference.files, [&](const FileToSend& file) { return instead.contains(file.path); });
  for (const std::string& path : gone) {
    const bool is_sent = std::ranges::find(difference.files, path, &FileToSend::path) != difference.files.end();
    if (request.from && !is_sent && !stands_there(path)) {
      difference.removed.push_back(path);
    }
  }
}

Result<void> TreeStream::Impl::remove_strange(const ObjectSource& source, const TreeRequest& request) {
  if (request.strange.empty()) {
    return {};
  }
  const Result<TreeHandle> tree = source.tree_of_commit(request.to);
  if (!tree) {
    return tl::unexpected{tree.error()};
  }
  for (const std::string& path : request.strange) {
    git_tree_entry* found = nullptr;
    const bool is_sent = std::ranges::find(todays, path, &TodaysFile::path) != todays.end();
    const bool is_gone =
        today && std::ranges::any_of(*today, [&](const TodaysFile& file) { return file.path == path && file.removed; });
    const bool is_tracked = git_tree_entry_bypath(&found, tree->get(), path.c_str()) == 0;
    git_tree_entry_free(found);
    if (!is_sent && (is_gone || !is_tracked)) {
      difference.removed.push_back(path);
    }
  }
  return {};
}

void TreeStream::Impl::send_data(std::string& out) {
  const std::string_view piece = content.bytes().substr(sent, wire::data_chunk);
  wire::encode(wire::TreeData{std::string{piece}}, out);
  sent += piece.size();
}

Result<TreeStream> TreeStream::open(ObjectReader& reader, const TreeRequest& request) {
  ComparisonRequest comparison;
  comparison.source = reader.impl().source.get();
  comparison.submodules = &reader.impl().submodules;
  comparison.from = request.from;
  comparison.to = request.to;
  comparison.inherited = request.inherited;
  comparison.changed = {request.changed.begin(), request.changed.end()};
  comparison.changed.insert(request.unpatched.begin(), request.unpatched.end());
  Result<TreeDifference> difference = compare_trees(comparison);
  if (!difference) {
    return tl::unexpected{blame(*comparison.source, difference.error())};
  }
  if (Result<void> fetched = fetch_missing(*difference); !fetched) {
    return tl::unexpected{fetched.error()};
  }
  std::ranges::sort(difference->submodules);
  auto impl = std::make_unique<Impl>();
  impl->objects = comparison.source;
  impl->difference = std::move(*difference);
  impl->replace = !request.from;
  impl->clean = request.clean;
  impl->prefer_today(request);
  if (Result<void> done = impl->remove_strange(*reader.impl().source, request); !done) {
    return tl::unexpected{done.error()};
  }
  return TreeStream{std::move(impl)};
}

TreeStream::TreeStream(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TreeStream::TreeStream(TreeStream&&) noexcept = default;
TreeStream& TreeStream::operator=(TreeStream&&) noexcept = default;
TreeStream::~TreeStream() = default;

Result<bool> TreeStream::next(std::string& out, std::size_t enough) {
  while (!impl_->ended && out.size() < enough) {
    if (Result<void> done = impl_->step(out); !done) {
      return tl::unexpected{blame(*impl_->objects, done.error())};
    }
  }
  return !impl_->ended;
}

std::span<const TreeStream::Change> TreeStream::changes() const { return impl_->difference.changes; }
bool TreeStream::is_reproducible() const {
  const TreeDifference& difference = impl_->difference;
  return !difference.has_submodule_files &&
         std::ranges::all_of(difference.treatments, [](const Treatment& one) { return one.driver.empty(); });
}
std::vector<std::string> TreeStream::overlaid() const {
  std::vector<std::string> paths;
  for (const std::vector<TodaysFile>* files : {impl_->today.get(), &std::as_const(impl_->patched)}) {
    for (std::size_t i = 0; files != nullptr && i < files->size(); ++i) {
      paths.push_back((*files)[i].path);
    }
  }
  return paths;
}
std::span<const std::string> TreeStream::submodules() const { return impl_->difference.submodules; }

}  // namespace nmz::git
