// The stream's files against `git reset --hard` of the same commits: contents, modes, links, names.
#include "nmz/git/tree_stream.hpp"

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plain_worker.hpp"
#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

namespace fs = std::filesystem;
using support::ScratchCommit;
using support::ScratchFile;
using support::ScratchRepository;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

CommitId id_of(const std::string& hex) { return CommitId::parse(hex).value(); }

class TreeStreamTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }
};

/// A worker's tree beside a clone in which git itself checks out.
class Pair {
 public:
  explicit Pair(const ScratchRepository& scratch)
      : scratch_{scratch},
        reader_{ObjectReader::open(Repository::open(scratch.path()).value()).value()},
        worker_{scratch.parent() / "worker"},
        clone_{scratch.parent() / "clone"} {
    fs::create_directory(worker_.tree());
    ScratchRepository::git_in(scratch.parent(), {"init", "--quiet", "clone"});
    support::write_file(
        clone_ / ".git/objects/info/alternates",
        ScratchRepository::git_in(scratch.path(), {"rev-parse", "--path-format=absolute", "--git-path", "objects"}) +
            "\n");
  }

  /// Settings that change what a checkout writes.
  void configure(const std::string& key, const std::string& value) {
    scratch_.git({"config", key, value});
    ScratchRepository::git_in(clone_, {"config", key, value});
    reader_ = ObjectReader::open(Repository::open(scratch_.path()).value()).value();
  }

  void go_to(std::size_t commit, std::vector<std::string> changed = {}) {
    TreeRequest request;
    request.from = at_;
    request.to = id_of(scratch_.ids()[commit]);
    request.changed = std::move(changed);
    worker_.go_to(reader_, request);
    at_ = request.to;
  }

  /// As git makes it, from nothing: git itself leaves files alone whose attributes alone have changed.
  Snapshot git_checkout(std::size_t commit) {
    for (const auto& entry : fs::directory_iterator{clone_}) {
      if (entry.path().filename() != ".git") {
        fs::remove_all(entry.path());
      }
    }
    fs::remove(clone_ / ".git/index");
    ScratchRepository::git_in(clone_, {"reset", "--quiet", "--hard", scratch_.ids()[commit]});
    return snapshot(clone_);
  }

  void expect_same(std::size_t commit, std::vector<std::string> changed = {}) {
    SCOPED_TRACE(fmt::format("commit {}", commit));
    go_to(commit, std::move(changed));
    EXPECT_EQ(snapshot(worker_.tree()), git_checkout(commit));
  }

  [[nodiscard]] PlainWorker& worker() { return worker_; }
  [[nodiscard]] ObjectReader& reader() { return reader_; }
  void forget() { at_.reset(); }

 private:
  const ScratchRepository& scratch_;
  ObjectReader reader_;
  PlainWorker worker_;
  fs::path clone_;
  std::optional<CommitId> at_;
};

// ---- random trees

template <class T>
const T& pick(std::mt19937_64& random, const std::vector<T>& from) {
  return from[random() % from.size()];
}

const std::vector<std::string> parts{"a",        "a.c", "b.txt", "new\nline", "sp ace", "\xff\xfe",
                                     "\xc3\xa4", "-x",  "[z]",   "d",         "Id"};

std::string random_path(std::mt19937_64& random) {
  std::string path = pick(random, parts);
  for (std::size_t depth = random() % 3; depth > 0; --depth) {
    path += "/" + pick(random, parts);
  }
  return path;
}

std::string random_rules(std::mt19937_64& random) {
  static const std::vector<std::string> patterns{"*",    "*.c",    "*.txt",      "/a",     "d/*",        "**/b.txt",
                                                 "d/**", "a/**/d", "[a-c]*",     "sp?ace", "\"sp ace\"", "!a",
                                                 "a/",   "\\[z]",  R"("\377*")", "Id",     "[[:alpha:]]"};
  static const std::vector<std::string> settings{"text",
                                                 "-text",
                                                 "text=auto",
                                                 "eol=crlf",
                                                 "eol=lf",
                                                 "text=auto eol=crlf",
                                                 "!text",
                                                 "!eol",
                                                 "ident",
                                                 "-ident",
                                                 "binary",
                                                 "crlf",
                                                 "-crlf",
                                                 "crlf=input",
                                                 "working-tree-encoding=UTF-16",
                                                 "working-tree-encoding=UTF-16LE-BOM",
                                                 "working-tree-encoding=latin1",
                                                 "mine",
                                                 "filter=shout",
                                                 "filter=nobody"};
  std::string rules = random() % 3 == 0 ? "[attr]mine ident eol=crlf\n" : "# nothing\n\n";
  for (std::size_t i = 1 + random() % 4; i > 0; --i) {
    rules += fmt::format("{} {} {}\n", pick(random, patterns), pick(random, settings), pick(random, settings));
  }
  return rules;
}

ScratchFile random_file(std::mt19937_64& random) {
  static const std::vector<std::string> contents{"",
                                                 "one\ntwo\n",
                                                 "one\r\ntwo\r\n",
                                                 "mixed\r\nends\n",
                                                 "lone\rcr\n",
                                                 "no end",
                                                 std::string("nul\0\n", 5),
                                                 "$Id$\n$Id: old $\n$Id: not ours at all $\n$Id:\n$ $Id",
                                                 "$Id:$ $Id: x$\n",
                                                 "gr\xc3\xbc\xc3\x9f\n",
                                                 "\xff not utf-8\n",
                                                 "eof\n\x1a"};
  if (random() % 6 == 0) {
    return {"120000", pick(random, std::vector<std::string>{"a", "../d", "nowhere\n"})};
  }
  std::string content = pick(random, contents);
  if (random() % 8 == 0) {
    for (std::size_t i = 0; i < 9000; ++i) {
      content += fmt::format("line {} of a longer file\n", i + random() % 2);
    }
  }
  return {random() % 5 == 0 ? "100755" : "100644", content};
}

using Files = std::map<std::string, ScratchFile>;

/// Puts a file where perhaps a directory was, or below what was a file.
void place(Files& files, const std::string& path, ScratchFile file) {
  std::erase_if(files, [&](const auto& entry) {
    return entry.first.starts_with(path + "/") || path.starts_with(entry.first + "/");
  });
  files[path] = std::move(file);
}

std::vector<ScratchCommit> random_trees(std::uint64_t seed, std::size_t commits) {
  std::mt19937_64 random{seed};
  std::vector<ScratchCommit> result;
  Files files;
  for (std::size_t number = 0; number < commits; ++number) {
    const Files before = files;
    for (std::size_t i = 1 + random() % (number == 0 ? 20 : 5); i > 0; --i) {
      if (!files.empty() && random() % 3 == 0) {
        files.erase(std::next(files.begin(), static_cast<std::ptrdiff_t>(random() % files.size())));
      }
      place(files, random_path(random), random_file(random));
    }
    if (random() % 3 == 0) {
      static const std::vector<std::string> places{".gitattributes", "a/.gitattributes", "d/.gitattributes"};
      place(files, pick(random, places), ScratchFile{random_rules(random)});
    }
    ScratchCommit commit{number == 0 ? std::vector<std::size_t>{} : std::vector{number - 1}, files};
    for (const auto& [path, file] : before) {
      if (!files.contains(path)) {
        commit.removed.push_back(path);
      }
    }
    result.push_back(std::move(commit));
  }
  return result;
}

TEST_F(TreeStreamTest, LaysOutWhatGitChecksOut) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random{seed};
    ScratchRepository scratch;
    scratch.add(random_trees(seed, 12));
    Pair pair{scratch};
    static const std::vector<std::string> auto_crlf{"false", "true", "input"};
    pair.configure("core.autocrlf", pick(random, auto_crlf));
    pair.configure("core.eol", random() % 2 == 0 ? "crlf" : "lf");
    pair.configure("filter.shout.smudge", "tr a-z A-Z; echo %f");
    for (int step = 0; step < 8; ++step) {
      pair.expect_same(random() % scratch.ids().size());
    }
    if (HasFailure()) {
      break;
    }
  }
}

TEST_F(TreeStreamTest, SendsOnlyWhatDiffers) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}, {"d/b", "1"}, {"e/c", "1"}}}, {{0}, {{"d/b", "2"}}}});
  Pair pair{scratch};
  pair.expect_same(0);
  EXPECT_THAT(pair.worker().written(), UnorderedElementsAre("a", "d/b", "e/c"));
  pair.expect_same(1);
  EXPECT_THAT(pair.worker().written(), ElementsAre("d/b"));
  pair.expect_same(1);
  EXPECT_THAT(pair.worker().written(), IsEmpty());
}

TEST_F(TreeStreamTest, SendsAgainWhatATestChanged) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}, {"d/e/b", "1"}, {"gone", "1"}}}, {{0}}});
  scratch.add({[] {
    ScratchCommit commit{{1}};
    commit.removed = {"gone"};
    return commit;
  }()});
  Pair pair{scratch};
  pair.expect_same(0);
  support::write_file(pair.worker().tree() / "d/e/b", "spoilt");
  support::write_file(pair.worker().tree() / "gone", "spoilt");
  pair.expect_same(2, {"d/e/b", "gone"});
  EXPECT_THAT(pair.worker().written(), ElementsAre("d/e/b"));
}

TEST_F(TreeStreamTest, ChangedRulesSendTheFilesTheyChange) {
  ScratchRepository scratch;
  scratch.add({{{}, {{".gitattributes", "*.txt text\n"}, {"a.txt", "x\n"}, {"d/b.txt", "x\n"}, {"d/c", "x\n"}}},
               {{0}, {{".gitattributes", "*.txt text eol=crlf\n"}}},
               {{1}, {{"d/.gitattributes", "*.txt -text\n"}}}});
  Pair pair{scratch};
  pair.expect_same(0);
  pair.expect_same(1);
  EXPECT_THAT(pair.worker().written(), UnorderedElementsAre(".gitattributes", "a.txt", "d/b.txt"));
  pair.expect_same(2);
  EXPECT_THAT(pair.worker().written(), UnorderedElementsAre("d/.gitattributes", "d/b.txt"));
  pair.expect_same(0);
}

TEST_F(TreeStreamTest, AttributesComeFromTheCommitNotFromTheUsersTree) {
  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{"a", "x\n$Id$\n"}}}});
  support::write_file(scratch.path() / ".gitattributes", "* eol=crlf ident\n");
  scratch.git({"add", ".gitattributes"});
  Pair pair{scratch};
  pair.expect_same(0);
}

TEST_F(TreeStreamTest, LocalAttributesCount) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "x\n"}, {"b", "x\n"}, {".gitattributes", "b -text\n"}}}});
  support::write_file(scratch.path() / ".git/info/attributes", "[attr]wide eol=crlf\na wide\n");
  support::write_file(scratch.parent() / "user-attributes", "* ident eol=crlf\n");
  Pair pair{scratch};
  pair.configure("core.attributesFile", (scratch.parent() / "user-attributes").string());
  support::write_file(scratch.parent() / "clone/.git/info/attributes", "[attr]wide eol=crlf\na wide\n");
  pair.expect_same(0);
}

TEST_F(TreeStreamTest, BareAndLinkedRepositories) {
  ScratchRepository bare{{"--bare"}};
  bare.add({{{}, {{".gitattributes", "[attr]win eol=crlf\n* win\n"}, {"a", "x\n"}}}});
  Pair{bare}.expect_same(0);

  ScratchRepository scratch;
  scratch.add_and_checkout({{{}, {{".gitattributes", "* eol=crlf\n"}, {"a", "x\n"}}}});
  scratch.git({"worktree", "add", "--quiet", "--detach", "../linked"});
  ObjectReader reader = ObjectReader::open(Repository::open(scratch.parent() / "linked").value()).value();
  const support::TempDirectory tree;
  PlainWorker worker{tree.path()};
  TreeRequest request;
  request.to = id_of(scratch.ids()[0]);
  worker.go_to(reader, request);
  EXPECT_EQ(support::read_file(tree.path() / "a"), "x\r\n");
}

TEST_F(TreeStreamTest, LargeFilesComeInPieces) {
  std::string large(3'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 7) {
    large[i] = static_cast<char>(i * 31);
  }
  ScratchRepository scratch;
  scratch.add({{{}, {{"large", large}, {"exactly", std::string(std::size_t{64} << 10, 'y')}}}});
  Pair pair{scratch};
  pair.expect_same(0);
}

TEST_F(TreeStreamTest, FollowsReplacedCommits) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}}}, {{}, {{"a", "replaced"}}}});
  scratch.git({"replace", scratch.ids()[0], scratch.ids()[1]});
  ObjectReader reader = ObjectReader::open(Repository::open(scratch.path()).value()).value();
  const support::TempDirectory tree;
  PlainWorker worker{tree.path()};
  TreeRequest request;
  request.to = id_of(scratch.ids()[0]);
  worker.go_to(reader, request);
  EXPECT_EQ(support::read_file(tree.path() / "a"), "replaced");
}

TEST_F(TreeStreamTest, PartialCloneFetchesWhatItLacks) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}, {"d/b", "1"}}}, {{0}, {{"d/b", "2"}, {"c", "2"}}}});
  scratch.git({"config", "uploadpack.allowFilter", "true"});
  scratch.git({"config", "uploadpack.allowAnySHA1InWant", "true"});
  for (const char* filter : {"blob:none", "tree:0"}) {
    const std::string clone = fmt::format("without-{}", filter);
    ScratchRepository::git_in(scratch.parent(),
                              {"clone", "--quiet", "--no-checkout", fmt::format("--filter={}", filter),
                               "file://" + scratch.path().string(), clone});
    ObjectReader reader = ObjectReader::open(Repository::open(scratch.parent() / clone).value()).value();
    const support::TempDirectory tree;
    PlainWorker worker{tree.path()};
    TreeRequest request;
    for (const std::string& commit : scratch.ids()) {
      request.to = id_of(commit);
      worker.go_to(reader, request);
      request.from = request.to;
    }
    EXPECT_EQ(snapshot(tree.path()), (Snapshot{{"a", "644 1"}, {"c", "644 2"}, {"d/b", "644 2"}}));
  }
}

TEST_F(TreeStreamTest, PartialCloneWithoutItsRemoteSaysSo) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}}}});
  scratch.git({"config", "uploadpack.allowFilter", "true"});
  ScratchRepository::git_in(scratch.parent(), {"clone", "--quiet", "--no-checkout", "--filter=blob:none",
                                               "file://" + scratch.path().string(), "clone"});
  ObjectReader reader = ObjectReader::open(Repository::open(scratch.parent() / "clone").value()).value();
  fs::rename(scratch.path(), scratch.parent() / "moved away");
  TreeRequest request;
  request.to = id_of(scratch.ids()[0]);
  const Result<TreeStream> stream = TreeStream::open(reader, request);
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().kind, ErrorKind::retryable);
  EXPECT_THAT(stream.error().message, AllOf(HasSubstr("partial clone lacks from origin"), Not(HasSubstr("\n"))));
}

TEST_F(TreeStreamTest, WithoutSymlinksTheyAreFiles) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"l", {"120000", "a\n"}}, {".gitattributes", "* eol=crlf\n"}}}});
  Pair pair{scratch};
  pair.configure("core.symlinks", "false");
  pair.expect_same(0);
}

// ---- submodules

/// A repository "super" with a submodule at "lib/sub", whose own submodule is at "deep".
class SubmoduleTest : public TreeStreamTest {
 protected:
  SubmoduleTest() {
    deep_.add({{{}, {{"d", "deep 0\n"}}}, {{0}, {{"d", "deep 1\n"}}}});
    sub_.add({{{},
               {{".gitmodules", modules("nested", "deep", deep_)},
                {"deep", {"160000", deep_.ids()[0]}},
                {".gitattributes", "* eol=crlf\n"},
                {"s", "sub 0\n"}}},
              {{0}, {{"s", "sub 1\n"}, {"deep", {"160000", deep_.ids()[1]}}}}});
    super_.add_and_checkout(
        {{{}, {{"top", "0\n"}}},
         {{0}, {{".gitmodules", modules("the sub", "lib/sub", sub_)}, {"lib/sub", {"160000", sub_.ids()[0]}}}},
         {{1}, {{"lib/sub", {"160000", sub_.ids()[1]}}}},
         {{2}, {{"top", "1\n"}}}});
    ScratchCommit moved{{3},
                        {{".gitmodules", modules("the sub", "moved", sub_)}, {"moved", {"160000", sub_.ids()[0]}}}};
    moved.removed = {"lib/sub"};
    ScratchCommit replaced{{4}, {{"moved", "a file now\n"}}};
    replaced.removed = {"moved"};
    super_.add({moved, replaced});
  }

  static std::string modules(const std::string& name, const std::string& path, const ScratchRepository& from) {
    return fmt::format("[submodule \"{}\"]\n\tpath = {}\n\turl = {}\n", name, path, from.path().string());
  }

  void update_submodules() {
    super_.git({"-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive"});
  }

  std::string file(const Snapshot& files, const std::string& path) {
    const auto found = files.find(path);
    return found == files.end() ? "missing" : found->second;
  }

  Snapshot at(std::size_t commit) {
    TreeRequest request;
    request.from = at_;
    request.to = id_of(super_.ids()[commit]);
    worker_.go_to(reader_, request);
    at_ = request.to;
    return snapshot(tree_.path());
  }

  ScratchRepository deep_{{}, "deep"};
  ScratchRepository sub_{{}, "sub"};
  ScratchRepository super_{{}, "super"};
  ObjectReader reader_{ObjectReader::open(Repository::open(super_.path()).value()).value()};
  support::TempDirectory tree_;
  PlainWorker worker_{tree_.path()};
  std::optional<CommitId> at_;
};

TEST_F(SubmoduleTest, AbsentOnesAreEmptyDirectories) {
  EXPECT_EQ(file(at(1), "lib/sub"), "directory");
  EXPECT_EQ(file(at(2), "lib/sub"), "directory");
  EXPECT_EQ(file(at(4), "moved"), "directory");
  EXPECT_EQ(file(snapshot(tree_.path()), "lib/sub"), "missing");
  EXPECT_EQ(file(at(5), "moved"), "644 a file now\n");
  EXPECT_EQ(at(0), (Snapshot{{"top", "644 0\n"}}));
}

TEST_F(SubmoduleTest, PresentOnesAreLaidOutWithTheirOwnSubmodules) {
  super_.git({"reset", "--quiet", "--hard", super_.ids()[2]});
  update_submodules();
  Snapshot files = at(1);
  EXPECT_EQ(file(files, "lib/sub/s"), "644 sub 0\r\n");
  EXPECT_EQ(file(files, "lib/sub/deep/d"), "644 deep 0\n");
  files = at(2);
  EXPECT_EQ(file(files, "lib/sub/s"), "644 sub 1\r\n");
  EXPECT_EQ(file(files, "lib/sub/deep/d"), "644 deep 1\n");
  EXPECT_THAT(worker_.written(), UnorderedElementsAre("lib/sub/s", "lib/sub/deep/d"));
  at(3);
  EXPECT_THAT(worker_.written(), ElementsAre("top"));
  files = at(4);
  EXPECT_EQ(file(files, "moved/s"), "644 sub 0\r\n");
  EXPECT_EQ(file(files, "lib/sub/s"), "missing");
  EXPECT_EQ(file(at(5), "moved"), "644 a file now\n");
  EXPECT_EQ(at(0), (Snapshot{{"top", "644 0\n"}}));
}

TEST_F(SubmoduleTest, ChangedFilesInThemAreSentAgain) {
  super_.git({"reset", "--quiet", "--hard", super_.ids()[2]});
  update_submodules();
  at(2);
  support::write_file(tree_.path() / "lib/sub/deep/d", "spoilt");
  TreeRequest request;
  request.from = at_;
  request.to = id_of(super_.ids()[3]);
  request.changed = {"lib/sub/deep/d"};
  worker_.go_to(reader_, request);
  EXPECT_THAT(worker_.written(), UnorderedElementsAre("top", "lib/sub/deep/d"));
  EXPECT_EQ(support::read_file(tree_.path() / "lib/sub/deep/d"), "deep 1\n");
}

// ---- what goes wrong

TEST_F(TreeStreamTest, MissingBlobNamesPathAndCommit) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"dir/a", "1"}}}});
  const std::string blob = scratch.git({"rev-parse", "main:dir/a"});
  const fs::path object = scratch.path() / ".git/objects" / blob.substr(0, 2) / blob.substr(2);

  const auto complaint = [&] {
    ObjectReader reader = ObjectReader::open(Repository::open(scratch.path()).value()).value();
    TreeRequest request;
    request.to = id_of(scratch.ids()[0]);
    Result<TreeStream> stream = TreeStream::open(reader, request);
    std::string bytes;
    const Result<bool> next = stream.value().next(bytes, 1 << 20);
    EXPECT_FALSE(next.has_value());
    EXPECT_EQ(next.error().kind, ErrorKind::rejected);
    return next.error().message;
  };
  fs::permissions(object, fs::perms::owner_write, fs::perm_options::add);
  support::write_file(object, "garbage");
  EXPECT_THAT(complaint(), AllOf(HasSubstr("dir/a"), HasSubstr(scratch.ids()[0]), Not(HasSubstr("\n"))));
  fs::remove(object);
  EXPECT_THAT(complaint(), AllOf(HasSubstr("dir/a"), HasSubstr(scratch.ids()[0]), HasSubstr("missing")));
}

TEST_F(TreeStreamTest, RequiredFilterThatCannotRunIsAnError) {
  ScratchRepository scratch;
  scratch.add({{{}, {{".gitattributes", "*.bin filter=far\n"}, {"a.bin", "x"}}}});
  const auto lay_out = [&]() -> std::string {
    ObjectReader reader = ObjectReader::open(Repository::open(scratch.path()).value()).value();
    TreeRequest request;
    request.to = id_of(scratch.ids()[0]);
    Result<TreeStream> stream = TreeStream::open(reader, request);
    std::string bytes;
    const Result<bool> next = stream.value().next(bytes, 1 << 20);
    return next ? "" : next.error().message;
  };
  EXPECT_EQ(lay_out(), "");
  scratch.git({"config", "filter.far.process", "far process"});
  EXPECT_EQ(lay_out(), "");
  scratch.git({"config", "filter.far.required", "true"});
  EXPECT_THAT(lay_out(), AllOf(HasSubstr("a.bin"), HasSubstr("filter.far.process is not supported")));
  scratch.git({"config", "filter.far.smudge", "exit 3"});
  EXPECT_THAT(lay_out(), HasSubstr("filter.far.smudge ended with 3"));
  scratch.git({"config", "filter.far.smudge", "cat"});
  EXPECT_EQ(lay_out(), "");
}

TEST_F(TreeStreamTest, UnknownCommitIsRejected) {
  ScratchRepository scratch;
  scratch.add({{{}, {{"a", "1"}}}});
  ObjectReader reader = ObjectReader::open(Repository::open(scratch.path()).value()).value();
  TreeRequest request;
  request.to = id_of(std::string(40, '1'));
  const Result<TreeStream> stream = TreeStream::open(reader, request);
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().kind, ErrorKind::rejected);
}

}  // namespace
}  // namespace nmz::git
