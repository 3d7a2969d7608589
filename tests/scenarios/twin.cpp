// SPDX-License-Identifier: MIT
#include "tests/scenarios/twin.hpp"

#include <chrono>

namespace goldcrest::scenario {

namespace {
constexpr auto step = std::chrono::milliseconds(10);
}

bool Twin::loses_power(base::Duration limit) {
  for (const auto end = board_.now() + limit; board_.now() < end;) {
    if (board_.take_cut_fired()) return true;
    runs_for(step);
  }
  return board_.take_cut_fired();
}

std::string Twin::shows_version(base::Duration limit) {
  constexpr std::string_view label = "Current version: ";
  std::string console;
  for (const auto end = board_.now() + limit; board_.now() < end;) {
    runs_for(step);
    console += board_.take_serial();
    const auto at = console.find(label);
    if (at == std::string::npos) continue;
    const auto line_end = console.find('\r', at);
    if (line_end == std::string::npos) continue;
    return console.substr(at + label.size(), line_end - at - label.size());
  }
  return {};
}

}  // namespace goldcrest::scenario
