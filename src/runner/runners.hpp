// One function a runner, for the table.
#pragma once

#include <memory>

#include "nmz/runner/runner.hpp"

namespace nmz::runner {

[[nodiscard]] std::unique_ptr<Runner> make_pytest();
[[nodiscard]] std::unique_ptr<Runner> make_unittest();
[[nodiscard]] std::unique_ptr<Runner> make_ctest();
[[nodiscard]] std::unique_ptr<Runner> make_gtest();
[[nodiscard]] std::unique_ptr<Runner> make_go();
[[nodiscard]] std::unique_ptr<Runner> make_cargo();
[[nodiscard]] std::unique_ptr<Runner> make_jest();
[[nodiscard]] std::unique_ptr<Runner> make_vitest();
[[nodiscard]] std::unique_ptr<Runner> make_mocha();
[[nodiscard]] std::unique_ptr<Runner> make_node();
[[nodiscard]] std::unique_ptr<Runner> make_bats();
[[nodiscard]] std::unique_ptr<Runner> make_prove();
[[nodiscard]] std::unique_ptr<Runner> make_meson();
[[nodiscard]] std::unique_ptr<Runner> make_make_check();
[[nodiscard]] std::unique_ptr<Runner> make_junit_files();

}  // namespace nmz::runner
