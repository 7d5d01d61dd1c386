// How long does it take to produce the files of a commit, and to keep an index of them?
//
//     tree_bench --repo DIR COMMIT...     lays each commit out over the one before, in a temporary directory
//
// The first line is a whole tree, the others are differences. "stream" is the coordinator's work (compare, read,
// filter, frame), "index" what makes git answer in the work tree.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "nmz/git/private_git_dir.hpp"
#include "nmz/git/tree_stream.hpp"

#include "support/temp_directory.hpp"
#include "unit/git/plain_worker.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

struct Figures {
  double stream = 0;
  std::size_t bytes = 0;
};

nmz::Result<Figures> drain(nmz::git::ObjectReader& reader, const nmz::git::TreeRequest& request) {
  const auto begin = Clock::now();
  auto stream = nmz::git::TreeStream::open(reader, request);
  if (!stream) {
    return tl::unexpected{stream.error()};
  }
  Figures figures;
  std::string frames;
  for (bool more = true; more;) {
    frames.clear();
    const auto next = stream->next(frames, std::size_t{1} << 20);
    if (!next) {
      return tl::unexpected{next.error()};
    }
    more = *next;
    figures.bytes += frames.size();
  }
  figures.stream = milliseconds(Clock::now() - begin);
  return figures;
}

nmz::Result<void> measure(const nmz::git::Repository& repository, const std::vector<std::string>& revisions) {
  const nmz::support::TempDirectory directory{"tree-bench"};
  const std::filesystem::path tree = directory.path() / "tree";
  std::filesystem::create_directory(tree);
  auto reader = nmz::git::ObjectReader::open(repository);
  const auto begin = Clock::now();
  if (!reader) {
    return tl::unexpected{reader.error()};
  }
  const auto git_dirs = nmz::git::GitDirTemplate::create(repository, directory.path() / "repository", false);
  if (!git_dirs) {
    return tl::unexpected{git_dirs.error()};
  }
  auto git = nmz::git::PrivateGitDir::create(*git_dirs, *reader, tree);
  if (!git) {
    return tl::unexpected{git.error()};
  }
  fmt::print("git directory {:.1f} ms\n", milliseconds(Clock::now() - begin));
  nmz::git::PlainWorker worker{tree};
  nmz::git::TreeRequest request;
  for (const std::string& revision : revisions) {
    const auto commit = repository.commit(revision);
    if (!commit) {
      return tl::unexpected{commit.error()};
    }
    request.to = *commit;
    const auto figures = drain(*reader, request);
    auto stream = nmz::git::TreeStream::open(*reader, request);
    if (!figures || !stream) {
      return tl::unexpected{figures ? stream.error() : figures.error()};
    }
    worker.apply(*stream);
    const auto before = Clock::now();
    auto updated = git->update(*reader, *commit, *stream, !request.from);
    if (!updated) {
      return updated;
    }
    fmt::print("{}: {} changes, {:.1f} MB, stream {:.1f} ms, index {:.2f} ms\n", revision, stream->changes().size(),
               static_cast<double>(figures->bytes) / 1e6, figures->stream, milliseconds(Clock::now() - before));
    request.from = *commit;
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4 || std::string_view{argv[1]} != "--repo") {
    fmt::print(stderr, "usage: tree_bench --repo DIR COMMIT...\n");
    return 1;
  }
  const auto repository = nmz::git::Repository::open(argv[2]);
  const nmz::Result<void> measured =
      repository ? measure(*repository, {argv + 3, argv + argc}) : tl::unexpected{repository.error()};
  if (!measured) {
    fmt::print(stderr, "{}\n", measured.error().message);
    return 1;
  }
  return 0;
}
