// See scratch_repository.hpp. The stream's grammar: git-fast-import(1).
#include "scratch_repository.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

namespace nmz::support {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t first_date = 1'600'000'000;

constexpr std::array environment{
    "GIT_CONFIG_GLOBAL=/dev/null",
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_AUTHOR_NAME=A U Thor",
    "GIT_AUTHOR_EMAIL=author@example.com",
    "GIT_COMMITTER_NAME=C O Mitter",
    "GIT_COMMITTER_EMAIL=committer@example.com",
    "GIT_AUTHOR_DATE=1600000000 +0000",
    "GIT_COMMITTER_DATE=1600000000 +0000",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_TEST_FSYNC=0",
    "LC_ALL=C",
};

/// A path as fast-import reads it: C-quoted, every unusual byte as octal.
std::string c_quoted(std::string_view path) {
  std::string result{"\""};
  for (const char byte : path) {
    const auto value = static_cast<unsigned char>(byte);
    if (value < 0x20 || value >= 0x7f || byte == '"' || byte == '\\') {
      fmt::format_to(std::back_inserter(result), "\\{:03o}", value);
    } else {
      result += byte;
    }
  }
  return result + '"';
}

void append_data(std::string& out, std::string_view bytes) {
  fmt::format_to(std::back_inserter(out), "data {}\n{}\n", bytes.size(), bytes);
}

void append_commit(std::string& out, const ScratchCommit& commit, std::size_t number) {
  const auto to = std::back_inserter(out);
  const std::int64_t date = commit.date.value_or(first_date + (static_cast<std::int64_t>(number) * 60));
  if (commit.parents.empty()) {
    out += "reset refs/heads/main\n";
  }
  fmt::format_to(to, "commit refs/heads/main\nmark :{}\n", number + 1);
  fmt::format_to(to, "author A U Thor <author@example.com> {} +0000\n", date);
  fmt::format_to(to, "committer C O Mitter <committer@example.com> {} +0000\n", date);
  append_data(out, commit.message.empty() ? fmt::format("commit {}", number) : commit.message);
  for (std::size_t i = 0; i < commit.parents.size(); ++i) {
    fmt::format_to(to, "{} :{}\n", i == 0 ? "from" : "merge", commit.parents[i] + 1);
  }
  for (const std::string& path : commit.removed) {
    fmt::format_to(to, "D {}\n", c_quoted(path));
  }
  for (const auto& [path, file] : commit.files) {
    if (file.mode == "160000") {
      fmt::format_to(to, "M 160000 {} {}\n", file.content, c_quoted(path));
    } else {
      fmt::format_to(to, "M {} inline {}\n", file.mode, c_quoted(path));
      append_data(out, file.content);
    }
  }
  out += '\n';
  for (const std::string& tag : commit.tags) {
    fmt::format_to(to, "reset refs/tags/{}\nfrom :{}\n\n", tag, number + 1);
  }
}

/// The lines ":<mark> <id>" of a marks file, in the marks' order.
std::vector<std::string> read_marks(const fs::path& file) {
  std::istringstream lines{read_file(file)};
  std::vector<std::string> ids;
  char colon = 0;
  std::size_t mark = 0;
  std::string id;
  while (lines >> colon >> mark >> id) {
    ids.resize(std::max(ids.size(), mark));
    ids[mark - 1] = id;
  }
  return ids;
}

std::string output_of(const Program& program) {
  Ended ended = run_program(program);
  if (ended.exit_code != 0) {
    std::string command;
    for (const std::string& argument : program.argv) {
      command += argument + ' ';
    }
    throw std::runtime_error{
        fmt::format("{}ended with {} (signal {}): {}", command, ended.exit_code, ended.signal, ended.err)};
  }
  if (ended.out.ends_with('\n')) {
    ended.out.pop_back();
  }
  return std::move(ended.out);
}

}  // namespace

ScratchRepository::ScratchRepository(const std::vector<std::string>& init_options, const std::string& name)
    : directory_{"repository"}, path_{directory_.path() / name} {
  fs::create_directory(path_);
  std::vector<std::string> arguments{"init", "--quiet", "--initial-branch=main", "--template="};
  arguments.insert(arguments.end(), init_options.begin(), init_options.end());
  git(arguments);
}

void ScratchRepository::add(const std::vector<ScratchCommit>& commits) {
  std::string stream;
  std::size_t number = ids_.size();
  for (const ScratchCommit& commit : commits) {
    append_commit(stream, commit, number++);
  }
  const std::string marks = (directory_.path() / "marks").string();
  Program program = git_program(
      path_, {"fast-import", "--quiet", "--force", "--import-marks-if-exists=" + marks, "--export-marks=" + marks});
  program.input = std::move(stream);
  output_of(program);
  ids_ = read_marks(marks);
}

void ScratchRepository::add_and_checkout(const std::vector<ScratchCommit>& commits) {
  add(commits);
  git({"reset", "--quiet", "--hard", "main"});
}

std::string ScratchRepository::git(const std::vector<std::string>& arguments) const {
  return output_of(git_program(path_, arguments));
}

std::string ScratchRepository::git_in(const fs::path& directory, const std::vector<std::string>& arguments) {
  return output_of(git_program(directory, arguments));
}

Ended ScratchRepository::try_git(const std::vector<std::string>& arguments) const {
  return run_program(git_program(path_, arguments));
}

Program git_program(const fs::path& directory, const std::vector<std::string>& arguments) {
  Program program;
  program.argv = {"git"};
  program.argv.insert(program.argv.end(), arguments.begin(), arguments.end());
  program.directory = directory;
  program.unset = {"GIT_*", "LANGUAGE"};
  program.env.assign(environment.begin(), environment.end());
  return program;
}

void adopt_git_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (text.starts_with("GIT_") || text.starts_with("LANGUAGE=")) {
      names.emplace_back(text.substr(0, text.find('=')));
    }
  }
  for (const std::string& name : names) {
    ::unsetenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): before any thread
  }
  for (const std::string_view entry : environment) {
    const std::size_t split = entry.find('=');
    ::setenv(std::string{entry.substr(0, split)}.c_str(), std::string{entry.substr(split + 1)}.c_str(), 1);
  }
}

}  // namespace nmz::support
