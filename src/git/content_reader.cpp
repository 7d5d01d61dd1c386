// See content_reader.hpp. The order of the steps is git's: $Id$, line ends, encoding, the user's smudge command.
#include "content_reader.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "git_process.hpp"
#include "quoting.hpp"
#include "treatment.hpp"

namespace nmz::git {

namespace {

/// filter.<name>.smudge with %f replaced by the path, for a shell.
std::string smudge_command(std::string_view configured, std::string_view path) {
  std::string command;
  for (std::size_t i = 0; i < configured.size(); ++i) {
    const std::string_view two = configured.substr(i, 2);
    if (two == "%f" || two == "%%") {
      command += two == "%f" ? quote_for_shell(path) : "%";
      ++i;
    } else {
      command += configured[i];
    }
  }
  return command;
}

/// An error only where the filter is required; otherwise a filter that fails leaves the content alone.
Result<std::string> smudge(std::string content, const FilterDriver& driver, const std::string& name,
                           const Origin& origin, const std::string& path) {
  if (driver.smudge.empty()) {
    if (!driver.required) {
      return content;
    }
    return fail(ErrorKind::misconfigured,
                driver.has_process
                    ? fmt::format("filter.{0}.process is not supported; configure filter.{0}.smudge", name)
                    : fmt::format("filter.{0} is required, but filter.{0}.smudge is not set", name));
  }
  GitCommand command = origin.source->command({});
  command.shell = smudge_command(driver.smudge, path);
  command.input = content;
  Result<GitText> text = run_git(command);
  if (!text) {
    return tl::unexpected{text.error()};
  }
  if (text->exit_code == 0) {
    return std::move(text->out);
  }
  if (driver.required) {
    return fail(ErrorKind::rejected, fmt::format("filter.{}.smudge ended with {}", name, text->exit_code));
  }
  return content;
}

Result<Content> treated(Content raw, const Treatment& treatment, const FileToSend& file, const Origin& origin) {
  std::string content{raw.bytes()};
  raw = Content{};
  if (treatment.ident) {
    content = expand_ident(content, file.blob);
  }
  if (treatment.line_ends != Treatment::LineEnds::kept) {
    content = convert_line_ends(content, treatment.line_ends);
  }
  if (!treatment.encoding.empty() && !content.empty()) {
    if (Result<std::string> encoded = encode_from_utf8(content, treatment.encoding)) {
      content = std::move(*encoded);  // git leaves a file alone that cannot be encoded
    }
  }
  if (!treatment.driver.empty()) {
    Result<std::string> smudged = smudge(std::move(content), origin.source->config().drivers.at(treatment.driver),
                                         treatment.driver, origin, file.path.substr(origin.mounted_at.size()));
    if (!smudged) {
      return tl::unexpected{smudged.error()};
    }
    content = std::move(*smudged);
  }
  return Content{std::move(content)};
}

}  // namespace

Result<Content> read_content(const TreeDifference& difference, const FileToSend& file) {
  const Origin& origin = difference.origins[file.origin];
  const Treatment& treatment = difference.treatments[file.treatment];
  Result<Content> content =
      origin.source->blob(file.blob).map([](SharedBlob blob) { return Content{std::move(blob)}; });
  if (content && !treatment.nothing()) {
    content = treated(std::move(*content), treatment, file, origin);
  }
  if (!content) {
    return fail(content.error().kind,
                fmt::format("{} of commit {}: {}", file.path, origin.commit.hex(), content.error().message));
  }
  return content;
}

}  // namespace nmz::git
