// SPDX-License-Identifier: MIT
// What the board has been doing, and about how much charge that took.
//
// The chip is always in one power mode (RM0038 chapter "Low-power modes"), at one HCLK and in one
// range of the core voltage. The time in each such combination is kept exactly; the charge is
// worked out from it with typical currents when somebody asks. The figures are typical ones at
// 25 °C with all peripherals off, so a real board takes somewhat more: good for comparing two
// firmwares and for finding who keeps the chip awake, not for promising the life of a battery.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "host/board/peripheral.hpp"
#include "host/board/spirit1_power.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

enum class ChipMode : std::uint8_t { off, run, sleep, stop, standby };
std::string_view describe(ChipMode mode);
std::string_view describe(RadioPower state);

struct ChipState {
  ChipMode mode = ChipMode::off;
  std::uint8_t voltage_range = 0;  ///< 1 (1.8 V), 2 (1.5 V), 3 (1.2 V); 0 where it does not matter
  std::uint32_t hclk_hz = 0;       ///< 0 in off, stop and standby

  friend auto operator<=>(const ChipState&, const ChipState&) = default;
  void serialize(Saver& saver) { saver(mode, voltage_range, hclk_hz); }
};

/// Typical supply current of the chip in `state`, µA; where the figures are from is in the source.
double chip_current_microampere(const ChipState& state);

/// Time in each state since the board was made.
class ActivityMeter {
 public:
  /// From `now` on the chip is in `state`. `now` never goes back.
  void enter(const ChipState& state, Picoseconds now);
  std::map<ChipState, Picoseconds> times(Picoseconds now) const;
  void serialize(Saver& saver);

 private:
  std::map<ChipState, Picoseconds> times_;
  ChipState state_;
  Picoseconds since_ = 0;
};

/// A report of all that.
struct Activity {
  std::uint64_t instructions = 0;
  std::uint64_t flash_operations = 0;
  std::map<ChipState, Picoseconds> chip;
  RadioTimes radio;

  double chip_microampere_hours() const;
};

/// µAh that `current_microampere` takes in `time`.
double charge_microampere_hours(double current_microampere, Picoseconds time);

/// For people: a table with time, current and charge of each state, and the sums.
std::string describe(const Activity& activity);

}  // namespace goldcrest::board
