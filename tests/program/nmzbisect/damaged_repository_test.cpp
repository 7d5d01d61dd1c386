// Repositories in which a disk or a crash has left something broken: packs, their indexes, the commit-graph. What can
// still be read is searched, what cannot is told; nothing hangs or crashes, and no other commit is named.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "answers.hpp"
#include "line.hpp"
#include "workplace.hpp"

namespace nmz::conformance {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class DamagedRepositoryTest : public testing::Test {
 protected:
  [[nodiscard]] fs::path objects() const { return repository.path() / ".git/objects"; }

  void replace(const fs::path& file, const std::string& content) const {
    fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    support::write_file(file, content);
  }

  [[nodiscard]] Ended search() const {
    return place.bisect(repository.path(), arguments({"--jobs", "2", repository.range()}, fails_from(17)));
  }

  Workplace place;
  LineRepository repository{20};
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8U | static_cast<unsigned char>(bytes.at(at + i));
  return number;
}

/// Where a chunk of a commit-graph begins (gitformat-commit-graph(5)).
std::size_t chunk(const std::string& file, const std::string& name) {
  constexpr std::size_t header = 8;
  return number_at(file, file.find(name, header) + 8);
}

/// Where the commit is in the order of the file.
std::uint32_t position_of(const std::string& file, const std::string& id) {
  std::string bytes;
  for (std::size_t i = 0; i < id.size(); i += 2) bytes += static_cast<char>(std::stoi(id.substr(i, 2), nullptr, 16));
  const std::size_t names = chunk(file, "OIDL");
  return static_cast<std::uint32_t>((file.find(bytes, names) - names) / bytes.size());
}

TEST_F(DamagedRepositoryTest, ACommitGraphThatNamesAnotherParent) {
  repository.git({"commit-graph", "write", "--reachable"});
  const fs::path path = objects() / "info/commit-graph";
  std::string graph = support::read_file(path);
  constexpr std::size_t entry = 36;
  constexpr std::size_t parent = 20;
  const std::size_t child = position_of(graph, repository.ids()[18]);
  const std::uint32_t other = position_of(graph, repository.ids()[10]);
  graph[chunk(graph, "CDAT") + child * entry + parent + 3] = static_cast<char>(other);
  replace(path, graph);
  ASSERT_EQ(repository.git({"rev-list", "--count", repository.range()}), "12") << "git believes it";
  EXPECT_THAT(search(), Finds(repository.ids()[17]));
  replace(path, graph.substr(0, graph.size() / 2));
  EXPECT_THAT(search(), Finds(repository.ids()[17]));
}

TEST_F(DamagedRepositoryTest, PacksAndTheirIndexes) {
  repository.git({"repack", "-a", "-d", "--quiet"});
  repository.git({"multi-pack-index", "write"});
  std::map<fs::path, std::string> files;
  for (const auto& entry : fs::directory_iterator{objects() / "pack"}) {
    files[entry.path()] = support::read_file(entry.path());
  }
  ASSERT_THAT(files, SizeIs(testing::Ge(3)))
      << "a pack, its index, the index of all packs; from git 2.41 on a reverse one";
  std::mt19937 random{1};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same damage each time
  for (const auto& [path, whole] : files) {
    std::vector<std::string> damaged{"", whole.substr(0, whole.size() / 2), whole.substr(0, whole.size() - 30)};
    for (int i = 0; i < 3; ++i) {
      damaged.push_back(whole);
      char& byte = damaged.back()[random() % whole.size()];
      byte = static_cast<char>(byte ^ 4);
    }
    for (const std::string& bytes : damaged) {
      replace(path, bytes);
      const Ended ended = search();
      EXPECT_THAT(ended, AnyOf(Finds(repository.ids()[17]), FailsWith(128), FailsWith(4), FailsWith(2), FailsWith(1)))
          << path << " of " << bytes.size() << " bytes";
      const bool refused = ended.exit_code == 128;
      EXPECT_TRUE(!refused || split_lines(ended.err).size() == 1) << everything(ended);
    }
    fs::remove(path);
    EXPECT_THAT(search(), AnyOf(Finds(repository.ids()[17]), FailsWith(128)));
    support::write_file(path, whole);
  }
  EXPECT_THAT(search(), Finds(repository.ids()[17]));
}

TEST_F(DamagedRepositoryTest, WhatIsNoFileIsNotWaitedFor) {
  for (const std::size_t broken : {std::size_t{17}, repository.ids().size() - 1}) {
    const std::string& id = repository.ids()[broken];
    const fs::path path = objects() / id.substr(0, 2) / id.substr(2);
    const std::string whole = support::read_file(path);
    fs::remove(path);
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const Ended ended = search();
    EXPECT_THAT(ended, FailsWith(128));
    EXPECT_THAT(split_lines(ended.err), ElementsAre(AllOf(HasSubstr(path), HasSubstr("is no file"))));
    fs::remove(path);
    support::write_file(path, whole);
  }
}

/// A FIFO that nobody writes to, in the place of any file that git or we would open.
TEST_F(DamagedRepositoryTest, NobodyWaitsForAFifoWhereverItIs) {
  const fs::path git = repository.path() / ".git";
  const std::vector<fs::path> places{
      git / "HEAD",          git / "config",          git / "packed-refs",
      git / "index",         git / "shallow",         git / "refs/heads/main",
      git / "refs/tags/new", git / "refs/bisect/bad", git / "info/exclude",
      git / "info/grafts",   git / "info/attributes", git / "objects/info/alternates",
      git / "logs/HEAD",     git / "hooks/update",    git / "objects/pack/pack-0.idx",
      git / "ORIG_HEAD",     git / "MERGE_MSG",       git / "objects/info/commit-graph",
      git / "BISECT_START",  git / "BISECT_LOG",      repository.path() / ".gitignore",
      git / "modules",       git / "description",     repository.path() / ".gitattributes"};
  for (const fs::path& path : places) {
    SCOPED_TRACE(path);
    const fs::path aside = place.path() / "aside";
    if (fs::exists(path)) fs::rename(path, aside);
    fs::create_directories(path.parent_path());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const Ended ended = search();
    EXPECT_LT(ended.duration, std::chrono::seconds{60});
    EXPECT_THAT(ended, AnyOf(Finds(repository.ids()[17]), FailsWith(128)));
    if (ended.exit_code == 128) {
      EXPECT_THAT(split_lines(ended.err), ElementsAre(AllOf(HasSubstr(path), HasSubstr("is no file"))));
    }
    fs::remove(path);
    if (fs::exists(aside)) fs::rename(aside, path);
  }
  EXPECT_THAT(place.leftovers(), testing::IsEmpty());
}

}  // namespace
}  // namespace nmz::conformance
