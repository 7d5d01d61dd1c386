#include "log_blocks.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "nmz/text/utf8.hpp"

#include "packed.hpp"

namespace nmz::view::page {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t log_end = std::size_t{64} << 10;
constexpr std::size_t block_size = std::size_t{1} << 20;
/// Of base64, of all logs.
constexpr std::size_t most_of_passed = std::size_t{7} << 20;
constexpr std::size_t most_of_all = std::size_t{10} << 20;

struct Close {
  void operator()(std::FILE* file) const noexcept { static_cast<void>(std::fclose(file)); }
};

std::string read_at(std::FILE* file, long from, int whence, std::size_t most) {
  std::string bytes(most, '\0');
  if (std::fseek(file, from, whence) != 0) return {};
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  return bytes;
}

/// The whole log, or both ends of it.
std::string read_log(const std::string& path, std::uintmax_t size) {
  const std::unique_ptr<std::FILE, Close> file{std::fopen(path.c_str(), "re")};
  if (!file) return {};
  const auto lines = [](const std::string& bytes) { return text::printable_lines(bytes, text::Colours::removed); };
  if (size <= 2 * log_end) return lines(read_at(file.get(), 0, SEEK_SET, 2 * log_end));
  const std::string head = read_at(file.get(), 0, SEEK_SET, log_end);
  const std::string tail = read_at(file.get(), -static_cast<long>(log_end), SEEK_END, log_end);
  return lines(head) + fmt::format("\n[... {} bytes are left out here ...]\n", size - 2 * log_end) + lines(tail);
}

bool speaks_of_an_error(std::string_view line) {
  constexpr std::array<std::string_view, 13> words{"error",  "fail",         "assert",  "exception", "panic",
                                                   "fatal",  "segmentation", "abort",   "not found", "refused",
                                                   "denied", "timed out",    "no such "};
  if (line.starts_with('+')) return false;  // what sh -x prints is the command, not what it says
  std::string lower{line};
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

std::string cause_in(std::string_view log) {
  constexpr std::size_t longest = 200;
  std::string_view last;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(line.size() + 1, log.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    last = line;
    if (speaks_of_an_error(line)) break;
  }
  return text::valid_utf8(text::printable(last).substr(0, longest));
}

std::string LogBlocks::link_to(const std::string& path) const {
  std::error_code error;
  const fs::path way = page_.empty() ? fs::path{} : fs::proximate(path, page_, error);
  // "./" keeps a log that is called "javascript:" a file.
  return way.empty() || way.is_absolute() ? fs::absolute(path, error).string() : "./" + way.string();
}

LogBlocks::Added LogBlocks::add(const std::string& path, Interest interest) {
  Added added;
  if (path.empty()) return added;
  std::error_code error;
  Log log;
  log.path = text::printable(link_to(path));
  log.file = path;
  log.size = fs::file_size(path, error);
  if (error) log.size = 0;
  const std::size_t limit = interest == Interest::failed ? most_of_all : most_of_passed;
  if (!error && (interest == Interest::failed || packed_size_ < limit)) {
    const std::string text = read_log(path, log.size);
    if (interest == Interest::failed) added.cause = cause_in(text);
    if (packed_size_ < limit) append(log, text);
  }
  added.number = static_cast<std::int64_t>(logs_.size());
  logs_.push_back(std::move(log));
  return added;
}

void LogBlocks::append(Log& log, const std::string& text) {
  log.block = static_cast<std::int64_t>(packed_.size());
  log.at = open_.size();
  log.length = text.size();
  open_ += text;
  if (open_.size() < block_size) return;
  packed_size_ += packed_.emplace_back(packed(open_)).size();
  open_.clear();
}

boost::json::object LogBlocks::data(std::size_t first) const {
  boost::json::array path;
  boost::json::array size;
  boost::json::array block;
  boost::json::array at;
  boost::json::array length;
  for (const Log& log : std::span{logs_}.subspan(std::min(first, logs_.size()))) {
    path.emplace_back(log.path);
    size.emplace_back(log.size);
    block.emplace_back(log.block);
    at.emplace_back(log.at);
    length.emplace_back(log.length);
  }
  return {{"path", std::move(path)},
          {"size", std::move(size)},
          {"block", std::move(block)},
          {"at", std::move(at)},
          {"length", std::move(length)}};
}

std::string LogBlocks::text(std::size_t number) const {
  if (number >= logs_.size()) return {};
  std::error_code error;
  const std::uintmax_t size = fs::file_size(logs_[number].file, error);
  return error ? std::string{} : read_log(logs_[number].file, size);
}

std::vector<std::string> LogBlocks::blocks() const {
  std::vector<std::string> all = packed_;
  if (!open_.empty()) all.push_back(packed(open_));
  return all;
}

}  // namespace nmz::view::page
