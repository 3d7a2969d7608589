// SPDX-License-Identifier: MIT
#include "host/board/spirit1_power.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {

using spirit1::State;

RadioPower radio_power(State state) {
  switch (state) {
    case State::shutdown:
      return RadioPower::shutdown;
    case State::standby:
      return RadioPower::standby;
    case State::sleep:
      return RadioPower::sleep;
    case State::ready:
    case State::protocol:  // random back-off: the crystal goes on
    case State::pm_setup:
    case State::xo_settling:
      return RadioPower::ready;
    case State::lock:
    case State::lock_failed:
    case State::synth_setup:
    case State::synth_calibration:
      return RadioPower::lock;
    case State::rx:
      return RadioPower::rx;
    case State::tx:
      return RadioPower::tx;
  }
  return RadioPower::ready;
}

std::uint64_t radio_current_tenth_na(RadioPower state) {
  switch (state) {
    case RadioPower::shutdown:
      return 25;  // 2.5 nA
    case RadioPower::standby:
      return 6'000;  // 600 nA
    case RadioPower::sleep:
      return 8'500;  // 850 nA
    case RadioPower::ready:
      return 4'000'000;  // 400 µA
    case RadioPower::lock:
      return 44'000'000;  // 4.4 mA
    case RadioPower::rx:
      return 90'000'000;  // 9 mA
    case RadioPower::tx:
      return transmit_current_tenth_na(1);
  }
  return 0;
}

int transmit_power_half_dbm(std::uint8_t level) {
  constexpr int most_half_dbm = 22;
  return level == 0 ? -200 : most_half_dbm + 1 - std::min<int>(level, 90);
}

// A straight line from the data sheet's 21 mA at +11 dBm down to 7 mA at -7 dBm, which is an
// estimate, and no less than the synthesizer takes.
std::uint64_t transmit_current_tenth_na(std::uint8_t level) {
  constexpr std::int64_t at_11_dbm = 210'000'000;
  constexpr std::int64_t at_minus_7_dbm = 70'000'000;
  const std::int64_t above = transmit_power_half_dbm(level) + 14;
  const std::int64_t current = at_minus_7_dbm + (at_11_dbm - at_minus_7_dbm) * above / 36;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(current, 44'000'000));
}

double RadioTimes::microampere_hours() const {
  const auto charge = [](Picoseconds time, std::uint64_t tenth_na) {
    return static_cast<double>(time) / static_cast<double>(picoseconds_per_second) *
           static_cast<double>(tenth_na) / 1e4 / 3600.0;
  };
  double sum = 0;
  for (std::size_t index = 0; index < in.size(); ++index) {
    const auto state = static_cast<RadioPower>(index);
    if (state != RadioPower::tx) sum += charge(in[index], radio_current_tenth_na(state));
  }
  for (std::size_t level = 0; level < transmitting.size(); ++level) {
    sum += charge(transmitting[level], transmit_current_tenth_na(static_cast<std::uint8_t>(level)));
  }
  return sum;
}

}  // namespace goldcrest::board
