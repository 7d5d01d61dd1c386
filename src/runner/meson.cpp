// meson test. After -- stands what it takes (-C DIRECTORY, --suite, ...).
//
// A test is called as meson lists it, "project:suite / name", and chosen by its name. The report is testlog.json, under
// a name of its own, so that several can run in one build directory. Listing builds what has to be built, running does
// not.
#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <boost/json.hpp>

#include "limits.hpp"
#include "runners.hpp"
#include "text_lines.hpp"
#include "words.hpp"

namespace nmz::runner {
namespace json = boost::json;
namespace {

constexpr std::string_view separator = " / ";

std::optional<TestEnd> end_in(std::string_view line) {
  json::parse_options any_bytes;
  any_bytes.allow_invalid_utf8 = true;
  json::error_code error;
  const json::value value = json::parse(line, error, {}, any_bytes);
  const json::object* const test = error ? nullptr : value.if_object();
  if (test == nullptr) return std::nullopt;
  const auto text = [test](std::string_view name) {
    const json::value* const found = test->if_contains(name);
    return found != nullptr && found->is_string() ? std::string{found->get_string()} : std::string{};
  };
  static constexpr std::array words{std::pair{"OK", Verdict::passed},
                                    std::pair{"FAIL", Verdict::failed},
                                    std::pair{"SKIP", Verdict::skipped},
                                    std::pair{"TIMEOUT", Verdict::timed_out},
                                    std::pair{"EXPECTEDFAIL", Verdict::expected_failure},
                                    std::pair{"UNEXPECTEDPASS", Verdict::failed},
                                    std::pair{"ERROR", Verdict::error},
                                    std::pair{"INTERRUPT", Verdict::error}};
  const std::string result = text("result");
  const auto* const word =
      std::ranges::find(words, result, [](const auto& one) { return std::string_view{one.first}; });
  TestEnd end;
  end.id = text("name");
  if (end.id.empty() || word == words.end()) return std::nullopt;
  end.verdict = word->second;
  const json::value* const took = test->if_contains("duration");
  if (took != nullptr && took->is_number()) end.took = duration(took->to_number<double>());
  const json::value* const code = test->if_contains("returncode");
  const bool died = code != nullptr && code->is_int64() && code->get_int64() < 0;
  if (is_failure(end.verdict) && code != nullptr && code->is_int64()) {
    end.detail =
        died ? "killed by signal " + std::to_string(-code->get_int64()) : "exit " + std::to_string(code->get_int64());
  }
  if (died && end.verdict == Verdict::failed) end.verdict = Verdict::crashed;
  if (result == "UNEXPECTEDPASS") end.detail = "unexpected pass";
  end.output = excerpt(text("stdout") + text("stderr"));
  return end;
}

class Meson final : public Runner {
 public:
  [[nodiscard]] Script list(const std::vector<std::string>& given) const override {
    return {"exec meson test --list \"$@\"", given};
  }

  [[nodiscard]] Result<std::vector<std::string>> read_list(std::string_view output) const override {
    std::vector<std::string> ids;
    while (!output.empty()) {
      const std::string_view line = take_line(output);
      if (line.find(separator) != std::string_view::npos) ids.emplace_back(line);
    }
    return ids;
  }

  [[nodiscard]] Script run(const std::vector<std::string>& given, std::span<const std::string> ids) const override {
    const auto directory = std::ranges::find(given, "-C");
    const bool named = directory != given.end() && std::next(directory) != given.end();
    Script script{
        "nmz_logs=$1/meson-logs/nmz-$$; shift\n"
        "nmz_status=0\n"
        "meson test --no-rebuild --logbase \"nmz-$$\" \"$@\" || nmz_status=$?\n"
        "mv \"$nmz_logs.json\" \"$nmz/report.json\"; rm -f \"$nmz_logs\".*\n"
        "exit \"$nmz_status\"\n",
        joined({named ? *std::next(directory) : "."}, given)};
    for (const std::string& id : ids) script.arguments.push_back(id.substr(id.find(separator) + separator.size()));
    return script;
  }

  [[nodiscard]] Report read_report(std::span<const File> files, std::span<const std::string> /*ids*/) const override {
    Report report;
    for (const File& file : files) {
      std::string_view text = file.content;
      while (!text.empty()) {
        if (auto end = end_in(take_line(text))) report.ends.push_back(std::move(*end));
      }
    }
    return report;
  }

  [[nodiscard]] std::string detect(const Surroundings& directory) const override {
    return directory.has("meson-info") ? "meson-info" : "";
  }
};

}  // namespace

std::unique_ptr<Runner> make_meson() { return std::make_unique<Meson>(); }

}  // namespace nmz::runner
