// See treatment.hpp.
#include "treatment.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <iconv.h>

namespace nmz::git {

namespace {

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(left, right, {}, lower, lower);
}

/// git's booleans; a key without a value is true.
bool is_true(std::string_view value) {
  return equal_ignoring_case(value, "true") || equal_ignoring_case(value, "yes") || equal_ignoring_case(value, "on") ||
         (!value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos &&
          value.find_first_not_of('0') != std::string_view::npos);
}

std::string default_attributes_file() {
  const char* xdg = std::getenv("XDG_CONFIG_HOME");  // NOLINT(concurrency-mt-unsafe): nothing writes the environment
  if (xdg != nullptr && *xdg != '\0') {
    return std::string{xdg} + "/git/attributes";
  }
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): same
  return home == nullptr ? "" : std::string{home} + "/.config/git/attributes";
}

std::string expand_home(std::string_view path) {
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): same
  return path.starts_with("~/") && home != nullptr ? home + std::string{path.substr(1)} : std::string{path};
}

void set_core(ContentConfig& config, std::string_view key, std::string_view value) {
  if (key == "autocrlf") {
    config.auto_crlf = equal_ignoring_case(value, "input") ? ContentConfig::AutoCrlf::input
                       : is_true(value)                    ? ContentConfig::AutoCrlf::yes
                                                           : ContentConfig::AutoCrlf::no;
  } else if (key == "eol") {
    config.eol_is_crlf = equal_ignoring_case(value, "crlf");
  } else if (key == "ignorecase") {
    config.ignore_case = is_true(value);
  } else if (key == "symlinks") {
    config.symlinks = is_true(value);
  } else if (key == "attributesfile") {
    config.attributes_file = expand_home(value);
  } else if (key == "hookspath") {
    config.hooks_path = expand_home(value);
  }
}

/// remote.<name>.promisor
void set_remote(ContentConfig& config, std::string_view key, std::string_view value) {
  constexpr std::string_view variable = ".promisor";
  if (key.ends_with(variable) && is_true(value) && config.promisor.empty()) {
    config.promisor = key.substr(0, key.size() - variable.size());
  }
}

void set_filter(ContentConfig& config, std::string_view key, std::string_view value) {
  const std::size_t dot = key.rfind('.');
  if (dot == std::string_view::npos) {
    return;
  }
  FilterDriver& driver = config.drivers[std::string{key.substr(0, dot)}];
  const std::string_view variable = key.substr(dot + 1);
  if (variable == "smudge") {
    driver.smudge = value;
  } else if (variable == "process") {
    driver.has_process = !value.empty();
  } else if (variable == "required") {
    driver.required = is_true(value);
  }
}

/// How an attributes file may speak about line ends.
enum class TextRule : std::uint8_t { unspecified, binary, text, input, automatic };

TextRule text_rule(const AttributeValue& value) {
  switch (value.kind) {
    case AttributeValue::Kind::set:
      return TextRule::text;
    case AttributeValue::Kind::unset:
      return TextRule::binary;
    case AttributeValue::Kind::text:
      return value.is("input") ? TextRule::input : value.is("auto") ? TextRule::automatic : TextRule::unspecified;
    case AttributeValue::Kind::unspecified:
      break;
  }
  return TextRule::unspecified;
}

bool default_is_crlf(const ContentConfig& config) {
  return config.auto_crlf == ContentConfig::AutoCrlf::yes ||
         (config.auto_crlf == ContentConfig::AutoCrlf::no && config.eol_is_crlf);
}

Treatment::LineEnds line_ends_of(const Attributes& attributes, const ContentConfig& config) {
  using LineEnds = Treatment::LineEnds;
  TextRule rule = text_rule(attributes.text);
  if (rule == TextRule::unspecified) {
    rule = text_rule(attributes.crlf);
  }
  if (rule == TextRule::binary) {
    return LineEnds::kept;
  }
  const bool automatic = rule == TextRule::automatic;
  if (attributes.eol.is("crlf")) {
    return automatic ? LineEnds::crlf_if_text : LineEnds::crlf;
  }
  if (attributes.eol.is("lf") || rule == TextRule::input) {
    return LineEnds::kept;
  }
  if (rule == TextRule::unspecified) {
    return config.auto_crlf == ContentConfig::AutoCrlf::yes ? LineEnds::crlf_if_text : LineEnds::kept;
  }
  if (!default_is_crlf(config)) {
    return LineEnds::kept;
  }
  return automatic ? LineEnds::crlf_if_text : LineEnds::crlf;
}

bool is_utf8(std::string_view encoding) {
  return equal_ignoring_case(encoding, "utf-8") || equal_ignoring_case(encoding, "utf8");
}

/// What git counts to tell text from binary.
struct ByteCounts {
  std::size_t nul = 0;
  std::size_t lone_cr = 0;
  std::size_t lone_lf = 0;
  std::size_t crlf = 0;
  std::size_t printable = 0;
  std::size_t unprintable = 0;

  explicit ByteCounts(std::string_view content) {
    for (std::size_t i = 0; i < content.size(); ++i) {
      const auto byte = static_cast<unsigned char>(content[i]);
      if (byte == '\r' && i + 1 < content.size() && content[i + 1] == '\n') {
        ++crlf;
        ++i;
      } else if (byte == '\r') {
        ++lone_cr;
      } else if (byte == '\n') {
        ++lone_lf;
      } else {
        count(byte);
      }
    }
    if (content.ends_with('\x1a')) {  // the end-of-file mark of old
      --unprintable;
    }
  }
  [[nodiscard]] bool binary() const { return lone_cr > 0 || nul > 0 || printable / 128 < unprintable; }

 private:
  void count(unsigned char byte) {
    constexpr std::string_view harmless = "\b\t\x1b\f";
    if (byte >= 0x20 ? byte != 0x7f : harmless.find(static_cast<char>(byte)) != std::string_view::npos) {
      ++printable;
    } else {
      ++unprintable;
      nul += byte == 0 ? 1 : 0;
    }
  }
};

/// Where the keyword that begins behind a dollar sign ends (behind its own dollar sign); nothing if it is none, or
/// another system's.
std::optional<std::size_t> end_of_keyword(std::string_view text) {
  if (text.starts_with("Id$")) {
    return 3;
  }
  if (!text.starts_with("Id:")) {
    return std::nullopt;
  }
  const std::size_t dollar = text.find('$', 3);
  if (dollar == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view inside = text.substr(3, dollar - 3);
  const std::size_t space = inside.find(' ', 1);
  const bool foreign = space != std::string_view::npos && space + 1 < inside.size();
  return inside.find('\n') != std::string_view::npos || foreign ? std::nullopt : std::optional{dollar + 1};
}

class Converter {
 public:
  explicit Converter(const char* to) : handle_{::iconv_open(to, "UTF-8")} {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (valid()) {
      ::iconv_close(handle_);
    }
  }
  // NOLINTNEXTLINE(performance-no-int-to-ptr): iconv's own way to say "none"
  [[nodiscard]] bool valid() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  /// False when the content is not UTF-8 or cannot be said in the encoding.
  bool convert(std::string_view content, std::string& out) {
    std::string input{content};
    char* from = input.data();
    std::size_t left = input.size();
    std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written by iconv
    while (left > 0) {
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t done = ::iconv(handle_, &from, &left, &to, &room);
      out.append(buffer.data(), buffer.size() - room);
      if (done == static_cast<std::size_t>(-1) && errno != E2BIG) {
        return false;
      }
    }
    return true;
  }

 private:
  iconv_t handle_;
};

}  // namespace

ContentConfig ContentConfig::parse(std::string_view listing) {
  ContentConfig config;
  config.attributes_file = default_attributes_file();
  while (!listing.empty()) {
    const std::string_view entry = listing.substr(0, listing.find('\0'));
    listing.remove_prefix(std::min(listing.size(), entry.size() + 1));
    const std::size_t split = entry.find('\n');
    const std::string_view key = entry.substr(0, split);
    const std::string_view value = split == std::string_view::npos ? "true" : entry.substr(split + 1);
    if (key.starts_with("core.")) {
      set_core(config, key.substr(5), value);
    } else if (key.starts_with("filter.")) {
      set_filter(config, key.substr(7), value);
    } else if (key.starts_with("remote.")) {
      set_remote(config, key.substr(7), value);
    }
  }
  return config;
}

Treatment treatment_of(const Attributes& attributes, const ContentConfig& config) {
  Treatment treatment;
  treatment.line_ends = line_ends_of(attributes, config);
  treatment.ident = attributes.ident.kind == AttributeValue::Kind::set;
  const AttributeValue& encoding = attributes.working_tree_encoding;
  if (encoding.kind == AttributeValue::Kind::text && !is_utf8(encoding.text)) {
    treatment.encoding = encoding.text;
  }
  const AttributeValue& filter = attributes.filter;
  if (filter.kind == AttributeValue::Kind::text && config.drivers.contains(filter.text)) {
    treatment.driver = filter.text;
  }
  return treatment;
}

std::string expand_ident(std::string_view content, const CommitId& blob) {
  std::string result;
  result.reserve(content.size() + 64);
  while (true) {
    const std::size_t behind = std::min(content.find('$'), content.size() - 1) + 1;
    result += content.substr(0, behind);
    content.remove_prefix(behind);
    if (content.empty()) {
      return result;
    }
    if (const std::optional<std::size_t> end = end_of_keyword(content)) {
      fmt::format_to(std::back_inserter(result), "Id: {} $", blob.hex());
      content.remove_prefix(*end);
    }
    if (content.empty()) {
      return result;
    }
  }
}

std::string convert_line_ends(std::string_view content, Treatment::LineEnds line_ends) {
  const ByteCounts counts{content};
  const bool mixed_or_binary = counts.lone_cr > 0 || counts.crlf > 0 || counts.binary();
  if (line_ends == Treatment::LineEnds::kept || counts.lone_lf == 0 ||
      (line_ends == Treatment::LineEnds::crlf_if_text && mixed_or_binary)) {
    return std::string{content};
  }
  std::string result;
  result.reserve(content.size() + counts.lone_lf);
  char before = 0;
  for (const char character : content) {
    if (character == '\n' && before != '\r') {
      result += '\r';
    }
    result += character;
    before = character;
  }
  return result;
}

Result<std::string> encode_from_utf8(std::string_view content, const std::string& encoding) {
  std::string out;
  std::string name = encoding;
  if (equal_ignoring_case(encoding, "UTF-16LE-BOM")) {
    name = "UTF-16LE";
    out = "\xff\xfe";
  } else if (equal_ignoring_case(encoding, "UTF-16BE-BOM")) {
    name = "UTF-16BE";
    out = "\xfe\xff";
  }
  Converter converter{name.c_str()};
  if (!converter.valid() || !converter.convert(content, out)) {
    return fail(ErrorKind::rejected, fmt::format("cannot be encoded in {}", encoding));
  }
  return out;
}

}  // namespace nmz::git
