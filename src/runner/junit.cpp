#include "nmz/runner/junit.hpp"

#include <array>
#include <utility>

#include <pugixml.hpp>

#include "limits.hpp"

namespace nmz::runner {
namespace {

/// Longer ones are not read: pugixml needs a few times this.
constexpr std::size_t longest = std::size_t{256} << 20;

Verdict verdict_of_status(std::string_view status, std::string_view result) {
  if (status == "disabled" || result == "suppressed") return Verdict::disabled;
  if (result == "skipped") return Verdict::skipped;
  return status == "fail" ? Verdict::failed : Verdict::passed;
}

void take_problem(const pugi::xml_node& problem, Verdict verdict, TestEnd& end) {
  end.verdict = verdict;
  if (verdict == Verdict::skipped && std::string_view{problem.attribute("type").value()} == "pytest.xfail") {
    end.verdict = Verdict::expected_failure;
  }
  const std::string_view message = problem.attribute("message").value();
  const std::string_view text = problem.text().get();
  end.detail = first_line(message.empty() ? text : message);
  if (is_failure(verdict)) end.output = text.empty() ? message : text;
}

JunitCase case_of(const pugi::xml_node& node) {
  JunitCase one;
  one.classname = node.attribute("classname").value();
  one.file = node.attribute("file").value();
  one.suite = node.parent().attribute("name").value();
  one.end.id = node.attribute("name").value();
  one.end.took = duration(node.attribute("time").as_double());
  one.end.verdict = verdict_of_status(node.attribute("status").value(), node.attribute("result").value());
  constexpr std::array problems{std::pair{"error", Verdict::error}, std::pair{"failure", Verdict::failed},
                                std::pair{"skipped", Verdict::skipped}};
  for (const auto& [name, verdict] : problems) {
    const pugi::xml_node problem = node.child(name);
    if (!problem) continue;
    // CTest says of a disabled test that it is skipped, too.
    const bool disabled = verdict == Verdict::skipped && one.end.verdict == Verdict::disabled;
    take_problem(problem, disabled ? Verdict::disabled : verdict, one.end);
    break;
  }
  for (const char* const stream : {"system-out", "system-err"}) {
    const std::string_view text = node.child(stream).text().get();
    if (!text.empty()) one.end.output += (one.end.output.empty() ? "" : "\n") + excerpt(text);
  }
  one.end.output = excerpt(one.end.output);
  return one;
}

/// Depth first, without recursion: the depth is the report's choice.
pugi::xml_node next_of(pugi::xml_node node) {
  if (node.first_child()) return node.first_child();
  while (node && !node.next_sibling()) node = node.parent();
  return node ? node.next_sibling() : node;
}

}  // namespace

std::vector<JunitCase> read_junit(std::string_view text) {
  std::vector<JunitCase> cases;
  if (text.size() > longest) return cases;
  pugi::xml_document document;
  static_cast<void>(document.load_buffer(text.data(), text.size()));  // what is before an error is there
  for (pugi::xml_node node = document.first_child(); node; node = next_of(node)) {
    if (std::string_view{node.name()} == "testcase") cases.push_back(case_of(node));
  }
  return cases;
}

}  // namespace nmz::runner
