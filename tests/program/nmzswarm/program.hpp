// nmzswarm on workloads of a test, with directories of its own in place of the user's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/run_program.hpp"
#include "support/temp_directory.hpp"

namespace nmz::nmzswarm {

class Swarm {
 public:
  /// Runs `nmzswarm --workloads - OPTIONS -- /bin/sh -c SCRIPT` over the list; the workload is $NMZ_WORKLOAD.
  [[nodiscard]] support::Ended run(const std::string& list, const std::vector<std::string>& options,
                                   const std::string& script);
  /// Any command line.
  [[nodiscard]] support::Ended call(const std::vector<std::string>& arguments, const std::string& input = {});

  /// A shell that finds the program as $SWARM.
  [[nodiscard]] support::Ended shell(const std::string& script);

  [[nodiscard]] const std::filesystem::path& place() const { return place_.path(); }
  [[nodiscard]] std::string read(const std::string& name) const;

  std::vector<std::string> environment;

 private:
  [[nodiscard]] support::Ended start(support::Program program);

  support::TempDirectory place_;
};

}  // namespace nmz::nmzswarm
