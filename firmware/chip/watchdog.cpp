// SPDX-License-Identifier: MIT
#include "firmware/chip/watchdog.hpp"

#include "firmware/chip/registers/iwdg.hpp"

namespace goldcrest::chip {
namespace {
constexpr std::uint32_t prescaler_256 = 6;
constexpr std::uint32_t longest_reload = 0xFFF;
}  // namespace

void start_watchdog() {
  // Starting first turns the LSI on, without which the other registers would never take a value.
  iwdg().kr.write(iwdg_key::start);
  iwdg().kr.write(iwdg_key::unlock);
  iwdg().pr.write(prescaler_256);
  iwdg().rlr.write(longest_reload);
  iwdg().kr.write(iwdg_key::reload);
}

void kick_watchdog() {
  iwdg().kr.write(iwdg_key::reload);
}

}  // namespace goldcrest::chip
