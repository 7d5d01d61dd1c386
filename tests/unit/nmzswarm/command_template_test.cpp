#include "command_template.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nmz::nmzswarm {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> filled(const std::vector<std::string>& command, const std::string& id, bool append = false) {
  CommandTemplate::Options options;
  options.append = append;
  return CommandTemplate{command, options}.fill(id, 7).argv;
}

/// What `parallel echo '[{}] [{.}] [{/}] [{//}] [{/.}] [{#}]' ::: ID` of GNU parallel 20221122 prints.
TEST(CommandTemplateTest, EveryPlaceIsWhatGnuParallelPutsThere) {
  struct Row {
    const char* id;
    const char* whole_stem_base_directory_basestem;
  };
  const std::vector<Row> rows{
      {"a.b.c", "[a.b.c] [a.b] [a.b.c] [.] [a.b] [7]"},
      {"dir.d/x", "[dir.d/x] [dir.d/x] [x] [dir.d] [x] [7]"},
      {"dir/y.tar.gz", "[dir/y.tar.gz] [dir/y.tar] [y.tar.gz] [dir] [y.tar] [7]"},
      {".hidden", "[.hidden] [] [.hidden] [.] [] [7]"},
      {"a.", "[a.] [a] [a.] [.] [a] [7]"},
      {"/", "[/] [/] [] [/] [] [7]"},
      {"x/", "[x/] [x/] [] [.] [] [7]"},
      {"a b.c", "[a b.c] [a b] [a b.c] [.] [a b] [7]"},
      {"\xc3\xa4.\xc3\xb6", "[\xc3\xa4.\xc3\xb6] [\xc3\xa4] [\xc3\xa4.\xc3\xb6] [.] [\xc3\xa4] [7]"},
      {"dir/.rc", "[dir/.rc] [dir/] [.rc] [dir] [] [7]"},
      {"..", "[..] [.] [..] [.] [.] [7]"},
      {"-n", "[-n] [-n] [-n] [.] [-n] [7]"},
  };
  for (const Row& row : rows) {
    EXPECT_THAT(filled({"[{}] [{.}] [{/}] [{//}] [{/.}] [{#}]"}, row.id),
                ElementsAre(row.whole_stem_base_directory_basestem))
        << row.id;
  }
}

TEST(CommandTemplateTest, AWordStaysAWordWhateverTheIdIs) {
  EXPECT_THAT(filled({"test", "x{}y{}", "{}"}, "a b'$(x)\"\n"),
              ElementsAre("test", "xa b'$(x)\"\nya b'$(x)\"\n", "a b'$(x)\"\n"));
  EXPECT_THAT(filled({"{}"}, "{.}{}"), ElementsAre("{.}{}")) << "what is put in is not looked at again";
}

TEST(CommandTemplateTest, WhereNoPlaceStandsTheCommandIsUntouched) {
  const std::vector<std::string> command{"find", "{a}", "${#}", "{ }", "${}", ""};
  const CommandTemplate plain{command, {}};
  EXPECT_FALSE(plain.has_places());
  EXPECT_EQ(plain.fill("x", 1).argv, command);
  EXPECT_THAT(filled({"echo", "-n"}, "x", true), ElementsAre("echo", "-n", "x"));
  EXPECT_THAT(filled({"echo", "{/}", "-n"}, "a/x", true), ElementsAre("echo", "x", "-n"));
}

TEST(CommandTemplateTest, AnotherPlaceOrNone) {
  CommandTemplate::Options options;
  options.place = "@@";
  EXPECT_THAT(CommandTemplate({"a@@", "{}"}, options).fill("x", 1).argv, ElementsAre("ax", "{}"));
  options.place = "";
  EXPECT_FALSE(CommandTemplate({"python3", "-c", "d = {}; {.}"}, options).has_places());
}

TEST(CommandTemplateTest, AShellsScriptRefersToAVariable) {
  const CommandTemplate command{{"timeout", "5", "/bin/bash", "-eu", "-c", "a {} \"b {.}\" 'c {/}' \\\" {}"}, {}};
  const auto run = command.fill("d/x.y $(rm)", 1);
  EXPECT_EQ(run.argv.back(),
            "a \"${NMZ_PLACE}\" \"b ${NMZ_PLACE_STEM}\" 'c '\"${NMZ_PLACE_BASE}\"'' \\\" \"${NMZ_PLACE}\"");
  EXPECT_THAT(run.environment, ElementsAre("NMZ_PLACE=d/x.y $(rm)", "NMZ_PLACE_STEM=d/x", "NMZ_PLACE_BASE=x.y $(rm)"));
  EXPECT_THAT(filled({"sh", "{}"}, "x.sh"), ElementsAre("sh", "x.sh")) << "no -c";
  EXPECT_THAT(filled({"sh", "-c", "\"$@\"", "sh", "{}"}, "x;y"), ElementsAre("sh", "-c", "\"$@\"", "sh", "x;y"));
  EXPECT_THAT(CommandTemplate({"python3", "-c", "{}"}, {}).fill("x", 1).environment, IsEmpty());
}

}  // namespace
}  // namespace nmz::nmzswarm
