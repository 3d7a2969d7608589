// SPDX-License-Identifier: MIT
#include "host/board/exti.hpp"

#include <array>

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  imr = 0x00,
  emr = 0x04,
  rtsr = 0x08,
  ftsr = 0x0C,
  swier = 0x10,
  pr = 0x14,
};

constexpr std::uint32_t all_lines = 0x00FF'FFFFu;
constexpr std::uint32_t rtc_lines =
    1u << Exti::line_rtc_alarm | 1u << Exti::line_rtc_tamper | 1u << Exti::line_rtc_wakeup;

struct Vector {
  unsigned irq;
  std::uint32_t lines;
};

constexpr std::array<Vector, 14> vectors{{{6, 1u << 0},
                                          {7, 1u << 1},
                                          {8, 1u << 2},
                                          {9, 1u << 3},
                                          {10, 1u << 4},
                                          {23, 0x03E0u},
                                          {40, 0xFC00u},
                                          {1, 1u << 16},
                                          {41, 1u << 17},
                                          {42, 1u << 18},
                                          {2, 1u << 19},
                                          {3, 1u << 20},
                                          {22, 3u << 21},
                                          {56, 1u << 23}}};

}  // namespace

Exti::Exti(Chip& chip, Pins& pins, Syscfg& syscfg, Pwr& pwr)
    : RegisterBlock(chip, "EXTI", NarrowWrite::duplicate), pins_(pins), syscfg_(syscfg), pwr_(pwr) {
  pins_.add_listener(*this);
  syscfg_.set_listener(*this);
}

void Exti::set_line(unsigned line, bool level) {
  const std::uint32_t bit = 1u << line;
  if (((levels_ & bit) != 0) == level) return;
  levels_ ^= bit;
  if (level && (bit & rtc_lines) != 0) pwr_.rtc_event();
  if (((level ? rising_ : falling_) & bit) == 0) return;
  if ((event_mask_ & bit) != 0) chip_.signal_event();
  pending_ |= bit;
  update_interrupts();
}

void Exti::pin_changed(Pin pin, bool level) {
  if (syscfg_.exti_port(pin.number) == pin.port) set_line(pin.number, level);
}

void Exti::exti_port_changed(unsigned line) {
  set_line(line, pins_.level({syscfg_.exti_port(line), line}));
}

void Exti::reset(bool /*power_on*/) {
  interrupt_mask_ = event_mask_ = rising_ = falling_ = software_ = pending_ = 0;
  for (unsigned line = 0; line < 16; ++line) exti_port_changed(line);
  update_interrupts();
}

std::uint32_t Exti::read_register(std::uint32_t offset) {
  switch (offset) {
    case imr:
      return interrupt_mask_;
    case emr:
      return event_mask_;
    case rtsr:
      return rising_;
    case ftsr:
      return falling_;
    case swier:
      return software_;
    case pr:
      return pending_;
    default:
      return unmodelled_read(offset);
  }
}

void Exti::write_register(std::uint32_t offset, std::uint32_t value) {
  value &= all_lines;
  switch (offset) {
    case imr:
      interrupt_mask_ = value;
      break;
    case emr:
      event_mask_ = value;
      break;
    case rtsr:
      rising_ = value;
      break;
    case ftsr:
      falling_ = value;
      break;
    case swier: {
      // Only a change from 0 to 1 of an enabled line triggers; PR clears it again.
      const std::uint32_t triggered = value & ~software_;
      software_ |= value;
      pending_ |= triggered & interrupt_mask_;
      if ((triggered & event_mask_) != 0) chip_.signal_event();
      break;
    }
    case pr:
      pending_ &= ~value;
      software_ &= ~value;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  update_interrupts();
}

void Exti::update_interrupts() {
  const std::uint32_t active = pending_ & interrupt_mask_;
  for (const Vector& vector : vectors) chip_.set_irq(vector.irq, (active & vector.lines) != 0);
}

void Exti::serialize(Saver& saver) {
  saver.section(name());
  saver(interrupt_mask_, event_mask_, rising_, falling_, software_, pending_, levels_);
}

}  // namespace goldcrest::board
