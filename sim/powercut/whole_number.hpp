// SPDX-License-Identifier: MIT
// Numbers out of JSON that somebody else may have written. get() of the library converts any number
// to any type, which is undefined where it does not fit.
#pragma once

#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace goldcrest::sim {

/// Throws what the library throws for other faults when `value` is no whole number that `T` holds.
template <std::integral T>
T whole_number(const nlohmann::json& value) {
  const bool fits = value.is_number_unsigned()  ? std::in_range<T>(value.get<std::uint64_t>())
                    : value.is_number_integer() ? std::in_range<T>(value.get<std::int64_t>())
                                                : false;
  if (!fits) throw nlohmann::json::other_error::create(502, "not a number in range", nullptr);
  return value.get<T>();
}

template <std::integral T>
std::vector<T> whole_numbers(const nlohmann::json& values) {
  std::vector<T> numbers;
  for (const auto& value : values) numbers.push_back(whole_number<T>(value));
  return numbers;
}

}  // namespace goldcrest::sim
