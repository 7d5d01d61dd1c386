#include "priors.hpp"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzbisect {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(PriorsTest, DocumentationIsToldByItsName) {
  for (const char* path : {"README", "README.md", "ReadMe.TXT", "docs/conf.py", "a/Documentation/git.txt", "CHANGELOG",
                           "x/y.rst", "man/man1/a.1", "LICENSE", "LICENSE.txt", ".mailmap", "share/doc/x/style.css"}) {
    EXPECT_TRUE(is_documentation(path)) << path;
  }
  for (const char* path : {"main.c", "CMakeLists.txt", "requirements.txt", "doctor.c", "src/docs.py", "manual/a.c",
                           "md", ".md", "readme.py", "src/news/feed.go", "tests/data/a.txt", "", "/"}) {
    EXPECT_FALSE(is_documentation(path)) << path;
  }
}

TEST(PriorsTest, FilesAreNamedInLogsInManyWays) {
  EXPECT_THAT(files_named_in("src/net/tcp.c:12:3: error: x"), ElementsAre("src/net/tcp.c"));
  EXPECT_THAT(files_named_in("  File \"./pkg/mod.py\", line 3, in f"), ElementsAre("pkg/mod.py"));
  EXPECT_THAT(files_named_in("FAILED tests/test_a.py::test_b - x"), ElementsAre("tests/test_a.py"));
  EXPECT_THAT(files_named_in("at Foo.bar(Foo.java:3)\nsee notes.txt."),
              UnorderedElementsAre("Foo.bar", "Foo.java", "notes.txt"));
  EXPECT_THAT(files_named_in("took 3.5 s, 12:30, v1.2, a.b... --option=1 http://"), testing::Not(Contains("3.5")));
  EXPECT_THAT(files_named_in("nothing here // at all / 1.5 ... .."), IsEmpty());
  EXPECT_THAT(files_named_in(std::string(100'000, 'a') + ".c"), IsEmpty());
}

TEST(PriorsTest, ANameIsOfAPathThatEndsSo) {
  const std::set<std::string> names{"net/tcp.c", "main.c", "/build/x/src/gui/window.cpp"};
  for (const char* path :
       {"net/tcp.c", "src/net/tcp.c", "main.c", "app/main.c", "src/gui/window.cpp", "gui/window.cpp"}) {
    EXPECT_TRUE(names_path(names, path)) << path;
  }
  for (const char* path : {"planet/tcp.c", "domain.c", "main.c/x", "other/window.cpp", "window.h"}) {
    EXPECT_FALSE(names_path(names, path)) << path;
  }
}

}  // namespace
}  // namespace nmz::nmzbisect
