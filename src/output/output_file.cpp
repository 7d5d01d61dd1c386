#include "nmz/output/output_file.hpp"

#include <cerrno>
#include <system_error>

#include <unistd.h>

#include "nmz/output/standard_streams.hpp"

namespace nmz::output {
namespace fs = std::filesystem;
namespace {

std::string message_of(int number) { return std::error_code{number, std::generic_category()}.message(); }

tl::unexpected<Error> cannot_write(const std::string& file, const std::string& why) {
  return fail(ErrorKind::misconfigured, "cannot write '" + file + "': " + why);
}

}  // namespace

Result<OutputFile> OutputFile::open(const std::string& file, Way way) {
  if (file == standard_output) {
    OutputFile result{standard_output, standard_output};
    result.standard_ = true;
    return result;
  }
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  const bool exists = fs::exists(status);
  if (fs::is_directory(status)) return cannot_write(file, message_of(EISDIR));
  if (!exists && fs::path{file}.has_parent_path()) {
    fs::create_directories(fs::path{file}.parent_path(), error);
    if (error) return cannot_write(file, error.message());
  }
  const bool straight = way == Way::straight || (exists && !fs::is_regular_file(status));
  fs::path target = exists && !straight ? fs::canonical(file, error) : fs::path{file};
  if (target.empty()) target = file;

  OutputFile result{target, target};
  result.out_.reset(straight ? std::fopen(target.c_str(), "we") : make_draft(target, result.draft_));
  if (!result.out_) return cannot_write(file, message_of(errno));
  return result;
}

OutputFile::~OutputFile() {
  if (out_) remove_draft();
}

void OutputFile::remove_draft() const {
  std::error_code ignored;
  if (draft_ != target_) fs::remove(draft_, ignored);
}

void OutputFile::write(std::string_view text) {
  if (standard_) return output::write(stdout, text);
  if (trouble_ == 0 && std::fwrite(text.data(), 1, text.size(), out_.get()) != text.size()) trouble_ = errno;
}

void OutputFile::flush() {
  if (!standard_ && std::fflush(out_.get()) != 0 && trouble_ == 0) trouble_ = errno;
}

Result<void> OutputFile::commit() {
  if (standard_) return complete_standard_output();
  if (std::fclose(out_.release()) != 0 && trouble_ == 0) trouble_ = errno;
  std::error_code error{trouble_, std::generic_category()};
  if (!error && draft_ != target_) fs::rename(draft_, target_, error);
  if (!error) return {};
  remove_draft();
  return fail(ErrorKind::retryable, "cannot write '" + target_.string() + "': " + error.message());
}

std::FILE* make_draft(const fs::path& target, fs::path& draft) {
  constexpr int tries = 1000;
  std::FILE* made = nullptr;
  for (int i = 1; made == nullptr && i <= tries; ++i) {
    draft = target;
    draft += i == 1 ? ".new" : ".new" + std::to_string(i);
    made = std::fopen(draft.c_str(), "wxe");
    if (made == nullptr && errno != EEXIST) break;
  }
  return made;
}

Result<void> check_output(const std::string& file) {
  if (file.empty() || file == standard_output) return {};
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  // Not opened: a reader at a pipe's other end would take that for the report.
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    return ::access(file.c_str(), W_OK) == 0 ? Result<void>{} : cannot_write(file, message_of(errno));
  }
  const bool there = fs::exists(status) && ::access(file.c_str(), W_OK) != 0;
  if (there && !fs::is_directory(status)) return cannot_write(file, message_of(errno));
  return OutputFile::open(file, OutputFile::Way::replaced).map([](const OutputFile&) {});
}

bool is_same_file(const std::string& one, const std::string& other) {
  if (one == standard_output || other == standard_output) return one == other;
  std::error_code error;
  const fs::file_status status = fs::status(one, error);
  if (fs::exists(status) && !fs::is_regular_file(status)) return false;
  return fs::weakly_canonical(one, error) == fs::weakly_canonical(other, error) || fs::equivalent(one, other, error);
}

Result<void> check_apart(std::initializer_list<ReportOption> reports) {
  for (const ReportOption& one : reports) {
    if (one.file.empty()) continue;
    for (const ReportOption& other : reports) {
      if (&other == &one) break;
      if (!is_same_file(one.file, other.file)) continue;
      const std::string both = std::string{other.name} + " and " + std::string{one.name};
      return fail(ErrorKind::misconfigured, one.file == standard_output
                                                ? "only one of " + both + " can go to standard output"
                                                : both + " name the same file, '" + one.file + "'");
    }
  }
  return {};
}

}  // namespace nmz::output
