#include "replaced_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace nmz::report {
namespace fs = std::filesystem;

Result<ReplacedFile> ReplacedFile::open(const fs::path& file) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  const bool exists = fs::exists(status);
  const bool straight = exists && !fs::is_regular_file(status) && !fs::is_directory(status);
  fs::path target = exists && !straight ? fs::canonical(file, error) : file;
  if (target.empty()) target = file;
  fs::path draft = target;
  if (!straight) draft += ".new";

  ReplacedFile result{std::move(target), std::move(draft)};
  int number = EISDIR;
  if (!fs::is_directory(status)) {
    result.out_.reset(std::fopen(result.draft_.c_str(), "we"));
    number = errno;
  }
  if (!result.out_) {
    return fail(ErrorKind::misconfigured,
                "cannot write '" + file.string() + "': " + std::error_code{number, std::generic_category()}.message());
  }
  return result;
}

ReplacedFile::~ReplacedFile() {
  if (out_) remove_draft();
}

void ReplacedFile::remove_draft() const {
  std::error_code ignored;
  if (draft_ != target_) fs::remove(draft_, ignored);
}

void ReplacedFile::write(std::string_view text) {
  if (trouble_ == 0 && std::fwrite(text.data(), 1, text.size(), out_.get()) != text.size()) trouble_ = errno;
}

Result<void> ReplacedFile::commit() {
  if (std::fclose(out_.release()) != 0 && trouble_ == 0) trouble_ = errno;
  std::error_code error{trouble_, std::generic_category()};
  if (!error && draft_ != target_) fs::rename(draft_, target_, error);
  if (!error) return {};
  remove_draft();
  return fail(ErrorKind::retryable, "cannot write '" + target_.string() + "': " + error.message());
}

}  // namespace nmz::report
