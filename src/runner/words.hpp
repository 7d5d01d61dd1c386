// What the user wrote after `--`, taken apart: most runners take options and files in one row.
#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nmz::runner {

struct Words {
  std::vector<std::string> options;   ///< with their values
  std::vector<std::string> operands;  ///< files, directories, packages, names
};

/// `with_value`: options that take the next word.
[[nodiscard]] inline Words take_apart(const std::vector<std::string>& given,
                                      std::span<const std::string_view> with_value = {}) {
  Words words;
  for (auto word = given.begin(); word != given.end(); ++word) {
    if (!word->starts_with('-')) {
      words.operands.push_back(*word);
      continue;
    }
    words.options.push_back(*word);
    const bool takes = std::find(with_value.begin(), with_value.end(), *word) != with_value.end();
    if (takes && std::next(word) != given.end()) words.options.push_back(*++word);
  }
  return words;
}

[[nodiscard]] inline std::vector<std::string> joined(std::vector<std::string> words,
                                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

}  // namespace nmz::runner
