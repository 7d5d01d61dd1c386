// The logs inside of the page: packed in blocks of a megabyte, each of which the browser unpacks when one of its logs
// is looked at.
//
// A run may have written gigabytes. So of each log the first and the last 64 KiB are inside, and all of them together
// have a limit, which what passed reaches earlier than what failed: it is rarely looked at. The rest is reached by a
// link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <boost/json.hpp>

namespace nmz::view::page {

class LogBlocks {
 public:
  enum class Interest : std::uint8_t { passed, failed };

  /// `page`: the directory from where links lead. Where that is empty (standard output) they are absolute.
  explicit LogBlocks(std::filesystem::path page) : page_{std::move(page)} {}

  struct Added {
    std::int64_t number = -1;  ///< of the log in data()
    std::string cause;         ///< of what failed: the line that seems to say why
  };
  [[nodiscard]] Added add(const std::string& path, Interest interest);

  /// Columns: path, size, block (-1: not inside), at, length. Of the logs from number `first` on.
  [[nodiscard]] boost::json::object data(std::size_t first = 0) const;
  [[nodiscard]] std::size_t count() const { return logs_.size(); }
  /// As it is now, or both ends of it; empty where there is no such log.
  [[nodiscard]] std::string text(std::size_t number) const;
  /// The last one may be unfinished.
  [[nodiscard]] std::vector<std::string> blocks() const;

 private:
  struct Log {
    std::string path;
    std::string file;
    std::uintmax_t size = 0;
    std::int64_t block = -1;
    std::size_t at = 0;
    std::size_t length = 0;
  };
  [[nodiscard]] std::string link_to(const std::string& path) const;
  void append(Log& log, const std::string& text);

  std::filesystem::path page_;
  std::vector<Log> logs_;
  std::vector<std::string> packed_;
  std::size_t packed_size_ = 0;
  std::string open_;  ///< the block that is being filled
};

/// The first line that speaks of an error, else the last one; cut where it is long.
[[nodiscard]] std::string cause_in(std::string_view log);

}  // namespace nmz::view::page
