// SPDX-License-Identifier: MIT
// Timestamps and tamper inputs of the RTC: RM0038 "Time-stamp function", "Tamper detection". Both
// look at the pins whatever GPIO makes of them. On the NUCLEO the first input is the blue button,
// the second the jumper.
#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/rtc.hpp"
#include "host/board/rtc_registers.hpp"

namespace goldcrest::board {

using namespace rtc;

namespace {

constexpr std::array<Pin, 3> tamper_pins{{{2, 13}, {0, 0}, {4, 6}}};
constexpr Pin timestamp_pin = tamper_pins[0];

/// TAMPxE; TAMPxTRG is the next bit.
constexpr std::array<std::uint32_t, 3> tamper_enables{1u << 0, 1u << 3, 1u << 5};

}  // namespace

bool Rtc::tamper_enabled(unsigned input) const {
  return (tamper_ & tamper_enables[input]) != 0;
}

/// The level, or the level after the edge, that means tampering. With a filter, TAMPxTRG is that
/// level; without one it says falling instead of rising.
bool Rtc::tamper_level(unsigned input) const {
  const bool trigger = (tamper_ & tamper_enables[input] << 1) != 0;
  return (tamper_ >> 11 & 3u) != 0 ? trigger : !trigger;
}

void Rtc::write_tamper(std::uint32_t value) {
  const std::uint32_t before = tamper_;
  tamper_ = value;
  for (unsigned input = 0; input < tamper_pins.size(); ++input) {
    if (!tamper_enabled(input)) tamper_at_[input] = no_event;
    // An input that is at its level when it is enabled counts.
    const bool starts = (value & ~before & tamper_enables[input]) != 0;
    if (starts) look_at_tamper(input, pins_.level(tamper_pins[input]));
  }
}

void Rtc::pin_changed(Pin pin, bool level) {
  if ((tamper_ & (tamper_enables[0] | tamper_enables[1] | tamper_enables[2])) == 0 &&
      (control_ & timestamp_enable) == 0) {
    return;
  }
  const auto input =
      static_cast<unsigned>(std::ranges::find(tamper_pins, pin) - tamper_pins.begin());
  if (input == tamper_pins.size() || clock_hz_ == 0) return;
  synchronise(chip_.now());
  const bool falling = (control_ & timestamp_falling) != 0;
  if (pin == timestamp_pin && (control_ & timestamp_enable) != 0 && level != falling) stamp();
  if (tamper_enabled(input)) look_at_tamper(input, level);
  plan();
}

/// With a filter, the level has to last 2, 4 or 8 samples.
void Rtc::look_at_tamper(unsigned input, bool level) {
  tamper_at_[input] = no_event;
  if (level != tamper_level(input)) return;
  const std::uint32_t filter = tamper_ >> 11 & 3u;
  if (filter == 0) {
    detect_tamper(input);
    return;
  }
  const std::uint64_t cycles_a_sample = 32'768u >> (tamper_ >> 8 & 7u);
  tamper_at_[input] = later(chip_.now(), cycles_to_time(cycles_a_sample << filter, clock_hz_));
}

void Rtc::advance_tamper(Picoseconds now) {
  for (unsigned input = 0; input < tamper_at_.size(); ++input) {
    if (tamper_at_[input] > now) continue;
    tamper_at_[input] = no_event;
    detect_tamper(input);
  }
}

/// Backup registers are erased.
void Rtc::detect_tamper(unsigned input) {
  flags_ |= tamper_flag << input;
  backup_.fill(0);
  if ((tamper_ & tamper_stamps) != 0) stamp();
}

/// Keeps the time of the first event until TSF is cleared.
void Rtc::stamp() {
  if ((flags_ & timestamp_flag) != 0) {
    flags_ |= timestamp_overflow;
    return;
  }
  flags_ |= timestamp_flag;
  const Calendar now = calendar();
  constexpr std::uint32_t without_year = 0xFF3F;
  stamp_ = {time_register(now, (control_ & twelve_hours) != 0), date_register(now) & without_year,
            sub_second()};
}

}  // namespace goldcrest::board
