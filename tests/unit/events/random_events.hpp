// Events with random members, of every type that JSON has; texts of theirs are any bytes.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "fields.hpp"

namespace nmz::events {

class Dice {
 public:
  Dice(std::uint64_t seed, Kind kind) : random_{seed}, kind_{kind} {}

  template <class E>
  E event() {
    E result;
    fill(result);
    return result;
  }
  std::uint64_t number(std::uint64_t below) { return random_() % below; }

 private:
  void fill(std::string& value) {
    constexpr std::array<std::string_view, 12> pieces{
        "a", "test one", "\"", "\\", "##[error]", "::", "\u00e9\u4e2d", "\x1b[31mx", "\n", "\xff", "\t", "'"};
    for (std::uint64_t left = number(6); left > 0; --left) value += pieces.at(number(pieces.size()));
  }
  void fill(bool& value) { value = number(2) == 1; }
  void fill(double& value) { value = static_cast<double>(random_() >> (20 + number(44))) / 1e9; }
  void fill(Seconds& value) { value = Seconds{static_cast<double>(random_() >> (14 + number(50))) / 1e6}; }
  template <class T>
  requires std::is_integral_v<T>
  void fill(T& value) { value = static_cast<T>(random_() >> number(64)); }
  void fill(job::WorkerId& value) { value = job::WorkerId{static_cast<std::uint32_t>(random_())}; }
  void fill(job::JobId& value) { value = job::JobId{random_()}; }
  void fill(Mark& value) { value = static_cast<Mark>(number(10)); }
  void fill(Part& value) { value = static_cast<Part>(number(3)); }
  void fill(job::Phase& value) { value = static_cast<job::Phase>(number(2)); }
  void fill(job::Class& value) { value = static_cast<job::Class>(number(5)); }
  template <class T>
  void fill(std::vector<T>& values) {
    for (std::uint64_t left = number(4); left > 0; --left) fill(values.emplace_back());
  }
  template <class T>
  requires requires(T& value) { fields(value); }
  void fill(T& value) {
    const auto one = [this](auto& field) {
      if (!field.name.in(kind_).empty()) fill(field.value);
    };
    std::apply([&](auto&&... field) { (one(field), ...); }, fields(value));
  }

  std::mt19937_64 random_;
  Kind kind_;
};

/// Of the variant's alternative `which`; a Tick where that has no members.
template <std::size_t index = 0>
Event any_event(Dice& dice, std::size_t which) {
  if constexpr (index == std::variant_size_v<Event>) {
    return Tick{};
  } else {
    using E = std::variant_alternative_t<index, Event>;
    if (which != index) return any_event<index + 1>(dice, which);
    if constexpr (requires(E & event) { fields(event); }) {
      return dice.event<E>();
    } else {
      return Tick{};
    }
  }
}

}  // namespace nmz::events
