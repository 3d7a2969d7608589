// SPDX-License-Identifier: MIT
#include "host/board/activity.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

constexpr std::array<std::string_view, radio_power_states> radio_names{
    "shutdown", "standby", "sleep", "ready", "lock", "rx", "tx"};

double seconds(Picoseconds time) {
  return static_cast<double>(time) / static_cast<double>(picoseconds_per_second);
}

/// Current that grows with the clock, µA per MHz, and what it starts from.
struct Slope {
  double base_microampere = 0;
  double microampere_per_mhz = 0;
};

// Run: typical values for code in flash of the STM32L100x6/8/B, a sibling (DocID024295 table 15):
// range 3, 0.27 mA at 1 MHz and 0.89 mA at 4 MHz; range 2, 1 mA at 4 MHz and 3.9 mA at 16 MHz;
// range 1, 4.8 mA at 16 MHz and 9.6 mA at 32 MHz. The STM32L152xE is said to take less (its front
// page has 195 µA/MHz, in the cheapest range).
Slope run_slope(std::uint8_t voltage_range) {
  switch (voltage_range) {
    case 3:
      return {63, 207};
    case 2:
      return {33, 242};
    default:
      return {0, 300};
  }
}

// Sleep: an estimate, a quarter of what running adds, flash on.
constexpr double sleep_share = 0.25;

// Stop and Standby with the RTC on LSE, from the front page of the STM32L152xE's data sheet.
constexpr double stop_microampere = 1.4;
constexpr double standby_microampere = 1.11;

void add_line(std::string& text, std::string_view what, Picoseconds time, Picoseconds total,
              double microampere_hours) {
  const double share =
      total > 0 ? 100.0 * static_cast<double>(time) / static_cast<double>(total) : 0;
  const double current = time > 0 ? microampere_hours * 3600.0 / seconds(time) : 0;
  text += fmt::format("{:<34} {:>14.6f} {:>7.2f} {:>12.2f} {:>14.6f}\n", what, seconds(time), share,
                      current, microampere_hours);
}

std::string name_of(const ChipState& state) {
  if (state.mode != ChipMode::run && state.mode != ChipMode::sleep) {
    return fmt::format("chip {}", describe(state.mode));
  }
  return fmt::format("chip {}, {:.3f} MHz, range {}", describe(state.mode),
                     static_cast<double>(state.hclk_hz) / 1e6, state.voltage_range);
}

}  // namespace

std::string_view describe(RadioPower state) {
  return radio_names.at(static_cast<std::size_t>(state));
}

std::string_view describe(ChipMode mode) {
  switch (mode) {
    case ChipMode::off:
      return "off";
    case ChipMode::run:
      return "run";
    case ChipMode::sleep:
      return "sleep";
    case ChipMode::stop:
      return "stop";
    case ChipMode::standby:
      return "standby";
  }
  return "unknown";
}

double chip_current_microampere(const ChipState& state) {
  const double mhz = static_cast<double>(state.hclk_hz) / 1e6;
  const Slope slope = run_slope(state.voltage_range);
  switch (state.mode) {
    case ChipMode::off:
      return 0;
    case ChipMode::run:
      return slope.base_microampere + slope.microampere_per_mhz * mhz;
    case ChipMode::sleep:
      return slope.base_microampere + slope.microampere_per_mhz * mhz * sleep_share;
    case ChipMode::stop:
      return stop_microampere;
    case ChipMode::standby:
      return standby_microampere;
  }
  return 0;
}

double charge_microampere_hours(double current_microampere, Picoseconds time) {
  return current_microampere * seconds(time) / 3600.0;
}

void ActivityMeter::enter(const ChipState& state, Picoseconds now) {
  if (state == state_) return;
  if (now > since_) times_[state_] += now - since_;
  state_ = state;
  since_ = now;
}

std::map<ChipState, Picoseconds> ActivityMeter::times(Picoseconds now) const {
  auto times = times_;
  if (now > since_) times[state_] += now - since_;
  return times;
}

void ActivityMeter::serialize(Saver& saver) {
  saver.section("ACTIVITY");
  std::vector<std::pair<ChipState, Picoseconds>> entries(times_.begin(), times_.end());
  saver(entries, state_, since_);
  if (saver.loading()) times_ = {entries.begin(), entries.end()};
}

double Activity::chip_microampere_hours() const {
  double sum = 0;
  for (const auto& [state, time] : chip) {
    sum += charge_microampere_hours(chip_current_microampere(state), time);
  }
  return sum;
}

std::string describe(const Activity& activity) {
  std::string text = fmt::format("{:<34} {:>14} {:>7} {:>12} {:>14}\n", "state", "seconds", "%",
                                 "current/uA", "charge/uAh");
  Picoseconds total = 0;
  for (const auto& [state, time] : activity.chip) total += time;
  for (const auto& [state, time] : activity.chip) {
    add_line(text, name_of(state), time, total,
             charge_microampere_hours(chip_current_microampere(state), time));
  }
  for (std::size_t index = 0; index < radio_power_states; ++index) {
    const Picoseconds time = activity.radio.in[index];
    if (time == 0) continue;
    RadioTimes only;
    only.in[index] = time;
    if (index == static_cast<std::size_t>(RadioPower::tx)) {
      only.transmitting = activity.radio.transmitting;
    }
    add_line(text, fmt::format("radio {}", describe(static_cast<RadioPower>(index))), time, total,
             only.microampere_hours());
  }
  const double chip = activity.chip_microampere_hours();
  const double radio = activity.radio.microampere_hours();
  text += fmt::format(
      "chip {:.6f} uAh, radio {:.6f} uAh, together {:.6f} uAh (typical currents, without LED and "
      "ST-Link)\n{} instructions, {} flash operations\n",
      chip, radio, chip + radio, activity.instructions, activity.flash_operations);
  return text;
}

}  // namespace goldcrest::board
