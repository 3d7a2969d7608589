// SPDX-License-Identifier: MIT
// How long the SPIRIT1 has been in each state, and what that costs: typical supply currents at 3 V
// with the internal SMPS (data sheet DocID022758, front page and table "Power consumption").
#pragma once

#include <array>
#include <cstdint>

#include "host/board/peripheral.hpp"
#include "host/board/spirit1_registers.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

/// States as far as they differ in current. Starting up counts as ready, what the synthesizer does
/// as lock.
enum class RadioPower : std::uint8_t { shutdown, standby, sleep, ready, lock, rx, tx };
inline constexpr std::size_t radio_power_states = 7;

RadioPower radio_power(spirit1::State state);
/// 0.1 nA; tx is that of transmit_current_tenth_na().
std::uint64_t radio_current_tenth_na(RadioPower state);
/// While transmitting at `level`, a PA_POWER register's value: 21 mA at +11 dBm (1), less with
/// less.
std::uint64_t transmit_current_tenth_na(std::uint8_t level);
/// Half dBm that a PA_POWER register's value gives: 1 is +11 dBm, 90 is -33.5 dBm, half a dB a
/// step.
int transmit_power_half_dbm(std::uint8_t level);

/// Time in each state since the radio was made; part of the board's state.
struct RadioTimes {
  std::array<Picoseconds, radio_power_states> in{};
  std::array<Picoseconds, 128> transmitting{};  ///< in[tx] by the PA_POWER register's value

  Picoseconds of(RadioPower state) const { return in[static_cast<std::size_t>(state)]; }
  /// Used so far.
  double microampere_hours() const;
  void serialize(Saver& saver) { saver(in, transmitting); }
};

}  // namespace goldcrest::board
