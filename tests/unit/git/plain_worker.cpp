// See plain_worker.hpp.
#include "plain_worker.hpp"

#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "nmz/wire/codec.hpp"

namespace nmz::git {

namespace fs = std::filesystem;

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

void remove_with_empty_parents(const fs::path& root, const fs::path& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  for (fs::path parent = path.parent_path(); parent != root && fs::remove(parent, ignored);) {
    parent = parent.parent_path();
  }
}

}  // namespace

void PlainWorker::go_to(ObjectReader& reader, const TreeRequest& request) {
  Result<TreeStream> stream = TreeStream::open(reader, request);
  if (!stream) {
    throw std::runtime_error{stream.error().message};
  }
  apply(*stream);
}

void PlainWorker::apply(TreeStream& stream) {
  written_.clear();
  wire::Decoder decoder;
  for (bool more = true; more;) {
    std::string bytes;
    Result<bool> next = stream.next(bytes, 1000);
    if (!next) {
      throw std::runtime_error{next.error().message};
    }
    more = *next;
    decoder.feed(bytes);
    while (true) {
      Result<std::optional<wire::Message>> message = decoder.next();
      if (!message) {
        throw std::runtime_error{message.error().message};
      }
      if (!*message) {
        break;
      }
      handle(**message);
    }
  }
  if (in_file_ || !decoder.at_boundary()) {
    throw std::runtime_error{"the stream ended in the middle"};
  }
}

void PlainWorker::handle(const wire::Message& message) {
  std::visit(Overloaded{[&](const wire::TreeBegin& begin) {
                          for (const auto& entry : fs::directory_iterator{tree_}) {
                            if (begin.replace && entry.path().filename() != ".git") {
                              fs::remove_all(entry.path());
                            }
                          }
                        },
                        [&](const wire::TreeRemove& remove) { remove_with_empty_parents(tree_, tree_ / remove.path); },
                        [&](const wire::TreeDirectory& directory) { fs::create_directories(tree_ / directory.path); },
                        [&](const wire::TreeFile& file) {
                          file_ = file;
                          content_.clear();
                          in_file_ = true;
                          if (file.size == 0) {
                            finish_file();
                          }
                        },
                        [&](const wire::TreeData& data) {
                          content_ += data.bytes;
                          if (content_.size() >= file_.size) {
                            finish_file();
                          }
                        },
                        [](const wire::TreeEnd&) {},
                        [](const auto&) { throw std::runtime_error{"a message that is not about trees"}; }},
             message);
}

void PlainWorker::finish_file() {
  if (!in_file_ || content_.size() != file_.size) {
    throw std::runtime_error{fmt::format("{}: {} of {} bytes", file_.path, content_.size(), file_.size)};
  }
  in_file_ = false;
  written_.push_back(file_.path);
  const fs::path path = tree_ / file_.path;
  fs::create_directories(path.parent_path());
  fs::remove(path);
  if (file_.mode == wire::FileMode::symlink) {
    fs::create_symlink(content_, path);
    return;
  }
  support::write_file(path, content_);
  fs::permissions(path, file_.mode == wire::FileMode::executable ? fs::perms{0755} : fs::perms{0644});
}

Snapshot snapshot(const fs::path& tree) {
  Snapshot result;
  for (fs::recursive_directory_iterator at{tree}, end; at != end; ++at) {
    const std::string path = at->path().string().substr(tree.string().size() + 1);
    const fs::file_status status = at->symlink_status();
    if (at->path().filename() == ".git") {
      at.disable_recursion_pending();
    } else if (status.type() == fs::file_type::symlink) {
      result[path] = "link " + fs::read_symlink(at->path()).string();
    } else if (status.type() == fs::file_type::directory) {
      if (fs::is_empty(at->path())) {
        result[path] = "directory";
      }
    } else {
      const bool executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
      result[path] = (executable ? "755 " : "644 ") + support::read_file(at->path());
    }
  }
  return result;
}

}  // namespace nmz::git
