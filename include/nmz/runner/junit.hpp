// JUnit XML, as test runners write it: there is no schema that all of them keep to.
//
// A <testcase> is one test, wherever it stands. What is read of it: name, classname, file, time, status and result
// (GoogleTest, CTest), and the first of <error>, <failure>, <skipped> (of which Python's runners make an expected
// failure by type="pytest.xfail"). Output: the problem's text, <system-out>, <system-err>.
//
// pugixml reads it: no entities are expanded and nothing else is opened, so that a hostile report costs its own size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

struct JunitCase {
  JunitCase() = default;
  std::string classname;
  std::string file;
  std::string suite;  ///< the name of the <testsuite> around it
  TestEnd end;        ///< its id is the name
};

/// As far as the text is well-formed.
[[nodiscard]] std::vector<JunitCase> read_junit(std::string_view text);

}  // namespace nmz::runner
