#include "history_file.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <sstream>
#include <vector>

namespace nmz::search {

HistoryFile read_history(std::istream& in) {
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words{line};
    lines.push_back({std::istream_iterator<std::string>{words}, {}});
  }
  HistoryFile history;
  const Node good_end = history.graph.add(Role::good_end, {});
  std::ranges::reverse(lines);  // parents first
  for (const std::vector<std::string>& line : lines) {
    std::vector<Node> parents;
    for (std::size_t i = 1; i < line.size(); ++i) {
      const auto known = history.numbers.find(line[i]);
      parents.push_back(known == history.numbers.end() ? good_end : known->second);
    }
    std::ranges::sort(parents);
    parents.erase(std::unique(parents.begin(), parents.end()), parents.end());
    if (parents.empty()) parents.push_back(good_end);
    history.numbers.emplace(line.front(), history.graph.add(Role::candidate, parents));
  }
  return history;
}

}  // namespace nmz::search
