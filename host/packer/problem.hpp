// SPDX-License-Identifier: MIT
// How the packer's functions fail: with one line for the person at the keyboard that says what went
// wrong, where, and what to do about it. A line never contains key material.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace goldcrest::packer {

struct Problem {
  std::string text;
};

template <typename T>
using Result = std::expected<T, Problem>;

inline std::unexpected<Problem> problem(std::string text) {
  return std::unexpected(Problem{std::move(text)});
}

}  // namespace goldcrest::packer
