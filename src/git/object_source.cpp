// See object_source.hpp.
#include "object_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "nmz/files/contents.hpp"

#include "loose_objects.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

constexpr const char* system_attributes = "/etc/gitattributes";
constexpr std::size_t kept_blobs = std::size_t{32} << 20;

/// An attributes file outside of any commit; nothing when there is none. Its text is added to `rules`.
std::shared_ptr<const AttributeFile> read_attributes(const fs::path& file, bool ignore_case, std::string& rules) {
  const std::optional<std::string> text = file.empty() ? std::nullopt : files::contents(file);
  rules += text.value_or("") + '\0';
  return text ? std::make_shared<const AttributeFile>(AttributeFile::parse(*text, true, ignore_case)) : nullptr;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing writes the environment
  return value == nullptr ? "" : value;
}

tl::unexpected<Error> missing(std::string_view kind, const CommitId& id) {
  return fail(ErrorKind::rejected, fmt::format("{} {} is missing or corrupt: {}", kind, id.hex(), libgit2_error()));
}

}  // namespace

Result<std::unique_ptr<ObjectSource>> ObjectSource::open(Place place) {
  start_libgit2();
  std::unique_ptr<ObjectSource> source{new ObjectSource};  // NOLINT: the constructor is private
  source->place_ = std::move(place);
  source->blobs_ = std::make_shared<BlobCache>(kept_blobs);
  if (Result<void> opened = source->open_objects(); !opened) {
    return tl::unexpected{opened.error()};
  }
  if (Result<void> read = source->read_config(); !read) {
    return tl::unexpected{read.error()};
  }
  source->read_replacements();
  source->read_base_attributes();
  return source;
}

Result<std::unique_ptr<ObjectSource>> ObjectSource::another() const {
  std::unique_ptr<ObjectSource> source{new ObjectSource};  // NOLINT: the constructor is private
  source->place_ = place_;
  source->config_ = config_;
  source->replacements_ = replacements_;
  source->base_attributes_ = base_attributes_;
  source->blobs_ = blobs_;
  source->content_rules_ = content_rules_;
  if (Result<void> opened = source->open_objects(); !opened) {
    return tl::unexpected{opened.error()};
  }
  return source;
}

Result<void> ObjectSource::open_objects() {
  // Set for a hook that runs while received objects are still in quarantine.
  const std::string elsewhere = variable("GIT_OBJECT_DIRECTORY");
  const std::string objects = elsewhere.empty() ? (place_.common_dir / "objects").string() : elsewhere;
  if (const auto found = not_a_file(objects)) {
    return fail(ErrorKind::misconfigured, fmt::format("'{}' is no file", found->string()));
  }
  git_odb* odb = nullptr;
  if (git_odb_open(&odb, objects.c_str()) != 0) {
    return fail(ErrorKind::rejected, fmt::format("cannot read {}: {}", objects, libgit2_error()));
  }
  odb_.reset(odb);
  read_loose_objects_safely(*odb, objects);
  std::istringstream alternates{variable("GIT_ALTERNATE_OBJECT_DIRECTORIES")};
  for (std::string directory; std::getline(alternates, directory, ':');) {
    git_odb_add_disk_alternate(odb, directory.c_str());
    read_loose_objects_safely(*odb, directory);
  }
  git_repository* repository = nullptr;
  if (git_repository_wrap_odb(&repository, odb) != 0) {
    return fail(ErrorKind::rejected, fmt::format("cannot read {}: {}", objects, libgit2_error()));
  }
  repository_.reset(repository);
  return {};
}

Result<void> ObjectSource::read_config() {
  const Result<GitText> listing =
      run_git(command({"config", "--null", "--includes", "--get-regexp", R"(^(core|filter|remote)\.)"}));
  if (!listing) {
    return tl::unexpected{listing.error()};
  }
  if (listing->exit_code > 1) {
    return fail(ErrorKind::misconfigured, complaint(listing->err));
  }
  config_ = ContentConfig::parse(listing->out);
  content_rules_ = listing->out + '\0';
  return {};
}

void ObjectSource::read_replacements() {
  if (!variable("GIT_NO_REPLACE_OBJECTS").empty()) {
    return;
  }
  const Result<GitText> listing =
      run_git(command({"for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/replace/"}));
  if (!listing) {
    return;
  }
  content_rules_ += listing->out + '\0';
  std::istringstream lines{listing->out};
  for (std::string from, to; lines >> from >> to;) {
    const std::optional<CommitId> original = CommitId::parse(from);
    const std::optional<CommitId> replacement = CommitId::parse(to);
    if (original && replacement) {
      replacements_.emplace(*original, *replacement);
    }
  }
}

void ObjectSource::read_base_attributes() {
  if (variable("GIT_ATTR_NOSYSTEM").empty()) {
    if (auto file = read_attributes(system_attributes, config_.ignore_case, content_rules_)) {
      base_attributes_.push(std::move(file), "");
    }
  }
  if (auto file = read_attributes(config_.attributes_file, config_.ignore_case, content_rules_)) {
    base_attributes_.push(std::move(file), "");
  }
  base_attributes_.set_strongest(
      read_attributes(place_.common_dir / "info/attributes", config_.ignore_case, content_rules_));
}

git_oid ObjectSource::replaced(const git_oid& id) const {
  git_oid result = id;
  constexpr int longest_chain = 5;
  for (int step = 0; step < longest_chain && !replacements_.empty(); ++step) {
    const auto found = replacements_.find(to_id(result));
    if (found == replacements_.end()) {
      break;
    }
    result = to_oid(found->second);
  }
  return result;
}

bool ObjectSource::has(const CommitId& id) const {
  const git_oid oid = to_oid(id);
  return git_odb_exists(odb_.get(), &oid) != 0;
}

Result<void> ObjectSource::fetch(const std::vector<CommitId>& ids) const {
  std::string list;
  for (const CommitId& id : ids) {
    list += id.hex() + '\n';
  }
  // The filter keeps the remote from sending everything that belongs to what is asked for.
  GitCommand fetch =
      command({"-c", "fetch.negotiationAlgorithm=noop", "fetch", config_.promisor, "--quiet", "--no-tags",
               "--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none", "--stdin"});
  fetch.input = list;
  const Result<std::string> done = git_output(fetch, ErrorKind::retryable);
  if (!done) {
    return fail(done.error().kind, fmt::format("cannot fetch what this partial clone lacks from {}: {}",
                                               config_.promisor, done.error().message));
  }
  git_odb_refresh(odb_.get());
  return {};
}

bool ObjectSource::fetched(const git_oid& id) const {
  return !config_.promisor.empty() && !has(to_id(id)) && fetch({to_id(id)}).has_value();
}

Result<CommitHandle> ObjectSource::commit(const CommitId& id) const {
  const git_oid oid = replaced(to_oid(id));
  git_commit* handle = nullptr;
  if (git_commit_lookup(&handle, repository_.get(), &oid) != 0 &&
      (!fetched(oid) || git_commit_lookup(&handle, repository_.get(), &oid) != 0)) {
    return missing("commit", id);
  }
  return CommitHandle{handle};
}

Result<std::string> ObjectSource::message_line(const CommitId& id) const {
  return commit(id).map([](const CommitHandle& handle) {
    const char* line = git_commit_summary(handle.get());
    return std::string{line == nullptr ? "" : line};
  });
}

Result<TreeHandle> ObjectSource::tree_of_commit(const CommitId& id) const {
  return commit(id).and_then([this](const CommitHandle& handle) { return tree(*git_commit_tree_id(handle.get())); });
}

Result<TreeHandle> ObjectSource::tree(const git_oid& id) const {
  const git_oid oid = replaced(id);
  git_tree* handle = nullptr;
  if (git_tree_lookup(&handle, repository_.get(), &oid) != 0 &&
      (!fetched(oid) || git_tree_lookup(&handle, repository_.get(), &oid) != 0)) {
    return missing("tree", to_id(id));
  }
  return TreeHandle{handle};
}

Result<SharedBlob> ObjectSource::blob(const CommitId& id) const {
  return blobs_->get(id, [&] { return read_blob(id); });
}

Result<SharedBlob> ObjectSource::read_blob(const CommitId& id) const {
  const git_oid oid = replaced(to_oid(id));
  git_odb_object* handle = nullptr;
  if (git_odb_read(&handle, odb_.get(), &oid) != 0 && (!fetched(oid) || git_odb_read(&handle, odb_.get(), &oid) != 0)) {
    return missing("blob", id);
  }
  SharedBlob owner{handle, git_odb_object_free};
  if (git_odb_object_type(handle) != GIT_OBJECT_BLOB) {
    return fail(ErrorKind::rejected, fmt::format("object {} is no blob", id.hex()));
  }
  return owner;
}

std::shared_ptr<const AttributeFile> ObjectSource::attributes(const git_oid& blob_id, bool top) {
  std::shared_ptr<const AttributeFile>& file = attribute_files_[{to_id(blob_id), top}];
  if (!file) {
    const Result<SharedBlob> object = blob(to_id(blob_id));
    std::string_view text;
    if (object) {
      text = {static_cast<const char*>(git_odb_object_data(object->get())), git_odb_object_size(object->get())};
    }
    file = std::make_shared<const AttributeFile>(AttributeFile::parse(text, top, config_.ignore_case));
  }
  return file;
}

const std::map<std::string, std::string>& ObjectSource::submodule_names(const git_oid& gitmodules) {
  const auto [position, is_new] = submodule_names_.try_emplace(to_id(gitmodules));
  std::map<std::string, std::string>& names = position->second;
  if (!is_new) {
    return names;
  }
  const Result<GitText> listing = run_git(
      command({"config", "--null", "--blob", to_id(gitmodules).hex(), "--get-regexp", R"(^submodule\..*\.path$)"}));
  std::string_view rest = listing ? std::string_view{listing->out} : std::string_view{};
  constexpr std::size_t before_name = std::string_view{"submodule."}.size();
  constexpr std::size_t behind_name = std::string_view{".path"}.size();
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const std::size_t split = entry.find('\n');
    if (split != std::string_view::npos) {
      const std::string_view name = entry.substr(before_name, split - before_name - behind_name);
      names[std::string{entry.substr(split + 1)}] = name;
    }
  }
  return names;
}

GitCommand ObjectSource::command(std::vector<std::string> arguments) const {
  GitCommand result;
  result.arguments = std::move(arguments);
  result.directory = place_.work_tree.empty() ? place_.git_dir : place_.work_tree;
  result.set = {"GIT_DIR=" + place_.git_dir.string(), "GIT_COMMON_DIR=" + place_.common_dir.string()};
  result.unset = {"GIT_INDEX_FILE", "GIT_PREFIX", "GIT_NAMESPACE"};
  if (place_.work_tree.empty()) {
    result.unset.emplace_back("GIT_WORK_TREE");
  } else {
    result.set.push_back("GIT_WORK_TREE=" + place_.work_tree.string());
  }
  return result;
}

}  // namespace nmz::git
