// What several readers of one repository share.
#include "git/blob_cache.hpp"

#include <atomic>
#include <future>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch_repository.hpp"

namespace nmz::git {
namespace {

using support::ScratchRepository;

class BlobCacheTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { support::adopt_git_environment(); }

  BlobCacheTest() {
    start_libgit2();
    git_odb* odb = nullptr;
    EXPECT_EQ(git_odb_open(&odb, (scratch_.path() / ".git/objects").c_str()), 0);
    odb_.reset(odb);
  }

  CommitId write(const std::string& content) {
    git_oid id{};
    EXPECT_EQ(git_odb_write(&id, odb_.get(), content.data(), content.size(), GIT_OBJECT_BLOB), 0);
    return to_id(id);
  }

  BlobCache::Read reading(const CommitId& id) {
    return [this, id]() -> Result<SharedBlob> {
      ++reads_;
      const git_oid oid = to_oid(id);
      git_odb_object* object = nullptr;
      if (git_odb_read(&object, odb_.get(), &oid) != 0) return fail(ErrorKind::rejected, "missing");
      return SharedBlob{object, git_odb_object_free};
    };
  }

  static std::string content(const Result<SharedBlob>& blob) {
    return {static_cast<const char*>(git_odb_object_data(blob.value().get())), git_odb_object_size(blob->get())};
  }

  ScratchRepository scratch_;
  OdbHandle odb_;
  std::atomic<int> reads_ = 0;
};

TEST_F(BlobCacheTest, ABlobIsReadOnce) {
  BlobCache cache{1000};
  const CommitId id = write("content");
  EXPECT_EQ(content(cache.get(id, reading(id))), "content");
  EXPECT_EQ(content(cache.get(id, reading(id))), "content");
  EXPECT_EQ(reads_, 1);
}

TEST_F(BlobCacheTest, WhoeverWantsWhatIsBeingReadWaitsForIt) {
  BlobCache cache{1000};
  const CommitId id = write("content");
  std::promise<void> go_on;
  std::promise<void> begun;
  auto first = std::async(std::launch::async, [&] {
    return cache.get(id, [&] {
      begun.set_value();
      go_on.get_future().wait();
      return reading(id)();
    });
  });
  begun.get_future().wait();
  std::vector<std::future<Result<SharedBlob>>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::async(std::launch::async, [&] { return cache.get(id, reading(id)); }));
  }
  go_on.set_value();
  for (auto& other : others) EXPECT_EQ(content(other.get()), "content");
  EXPECT_EQ(content(first.get()), "content");
  EXPECT_EQ(reads_, 1);
}

TEST_F(BlobCacheTest, AFailureIsNotKept) {
  BlobCache cache{1000};
  const CommitId id = write("content");
  EXPECT_FALSE(cache.get(id, [] { return fail(ErrorKind::retryable, "not now"); }));
  EXPECT_FALSE(cache.get(id, []() -> Result<SharedBlob> { throw std::bad_alloc{}; }));
  EXPECT_EQ(content(cache.get(id, reading(id))), "content");
}

TEST_F(BlobCacheTest, TheOldestGoFirstAndLargeOnesAreNotKept) {
  BlobCache cache{100};
  const CommitId large = write(std::string(26, 'l'));
  static_cast<void>(cache.get(large, reading(large)));
  EXPECT_EQ(cache.size(), 0U);
  std::vector<CommitId> ids;
  for (char letter = 'a'; letter < 'g'; ++letter) {
    ids.push_back(write(std::string(20, letter)));
    const auto blob = cache.get(ids.back(), reading(ids.back()));
    EXPECT_LE(cache.size(), 100U);
  }
  EXPECT_EQ(reads_, 7);
  static_cast<void>(cache.get(ids.back(), reading(ids.back())));
  EXPECT_EQ(reads_, 7);
  EXPECT_EQ(content(cache.get(ids.front(), reading(ids.front()))), std::string(20, 'a'));
  EXPECT_EQ(reads_, 8);
}

}  // namespace
}  // namespace nmz::git
