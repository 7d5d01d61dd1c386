// What is taken out of a configuration file, and that all else stays as it is.
#include "git/config_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace nmz::git {
namespace {

TEST(ConfigTextTest, SettingsAreTakenOut) {
  struct Case {
    const char* text;
    const char* rest;
  };
  const Case cases[] = {
      {"", ""},
      {"[core]\n\tbare = false\n\tautocrlf = true\n", "[core]\n\tautocrlf = true\n"},
      {"[CORE]\n\tBare\n", "[CORE]\n"},
      {"[core] bare = false ; why\n\teol = lf\n", "[core]\n\teol = lf\n"},
      {"[core \"bare\"]\n\tbare = 1\n", "[core \"bare\"]\n\tbare = 1\n"},
      {"[other \"]core\"]\n\tbare = 1\n", "[other \"]core\"]\n\tbare = 1\n"},
      {"[core]\n\tbare = fal\\\nse\n\teol = lf\n", "[core]\n\teol = lf\n"},
      {"[alias]\n\tx = a \\\n[core]\\\\\n[core]\nbare=1\n", "[alias]\n\tx = a \\\n[core]\\\\\n[core]\n"},
      {"# why \\\n[core]\nbare=1\n; \\\n\tbare=2\n", "# why \\\n[core]\n; \\\n"},
      {"[core]\n\tbarely = 1\n# bare = 1\n\n", "[core]\n\tbarely = 1\n# bare = 1\n\n"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(without_settings(one.text, {"core.bare"}), one.rest) << one.text;
  }
}

}  // namespace
}  // namespace nmz::git
