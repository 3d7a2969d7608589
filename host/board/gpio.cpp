// SPDX-License-Identifier: MIT
#include "host/board/gpio.hpp"

#include <array>
#include <string>

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  moder = 0x00,
  otyper = 0x04,
  ospeedr = 0x08,
  pupdr = 0x0C,
  idr = 0x10,
  odr = 0x14,
  bsrr = 0x18,
  lckr = 0x1C,
  afrl = 0x20,
  afrh = 0x24,
  brr = 0x28,
};

constexpr std::uint32_t lock_key = 1u << 16;

std::string port_name(unsigned port) {
  return std::string("GPIO") + static_cast<char>('A' + port);
}

}  // namespace

Gpio::Gpio(Chip& chip, Pins& pins, unsigned port)
    : RegisterBlock(chip, port_name(port), NarrowWrite::merge), pins_(pins), port_(port) {}

void Gpio::reset(bool /*power_on*/) {
  mode_ = port_ == 0 ? 0xA800'0000u : port_ == 1 ? 0x0000'0280u : 0u;
  pull_ = port_ == 0 ? 0x6400'0000u : port_ == 1 ? 0x0000'0100u : 0u;
  speed_ = port_ == 1 ? 0x0000'00C0u : 0u;
  output_type_ = output_data_ = alternate_low_ = alternate_high_ = lock_ = 0;
  lock_step_ = 0;
  apply();
}

std::uint32_t Gpio::read_register(std::uint32_t offset) {
  switch (offset) {
    case moder:
      return mode_;
    case otyper:
      return output_type_;
    case ospeedr:
      return speed_;
    case pupdr:
      return pull_;
    case idr:
      return input_data();
    case odr:
      return output_data_;
    case bsrr:
      return 0;
    case brr:
      return 0;
    case lckr:
      return lock_;
    case afrl:
      return alternate_low_;
    case afrh:
      return alternate_high_;
    default:
      return unmodelled_read(offset);
  }
}

void Gpio::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case moder:
      change(mode_, value, 2);
      break;
    case otyper:
      change(output_type_, value & 0xFFFFu, 1);
      break;
    case ospeedr:
      change(speed_, value, 2);
      break;
    case pupdr:
      change(pull_, value, 2);
      break;
    case idr:
      break;
    case odr:
      output_data_ = value & 0xFFFFu;
      break;
    case bsrr:
      output_data_ = (output_data_ & ~(value >> 16)) | (value & 0xFFFFu);
      break;
    case brr:
      output_data_ &= ~(value & 0xFFFFu);
      break;
    case lckr:
      write_lock(value);
      break;
    case afrl:
      change(alternate_low_, value, 4, 0);
      break;
    case afrh:
      change(alternate_high_, value, 4, 8);
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  apply();
}

std::uint32_t Gpio::input_data() const {
  std::uint32_t data = 0;
  for (unsigned number = 0; number < pins_per_port; ++number) {
    const Pin pin{port_, number};
    // The Schmitt trigger is off in analog mode: the bit reads 0.
    if (pins_.setting(pin).mode == PinMode::analog) continue;
    if (pins_.level(pin)) data |= 1u << number;
  }
  return data;
}

// The sequence of RM0038 7.4.8: LCKK=1, 0, 1 with the same pins; then locked until reset.
void Gpio::write_lock(std::uint32_t value) {
  if ((lock_ & lock_key) != 0) return;
  const std::uint32_t wanted = value & 0xFFFFu;
  const bool key = (value & lock_key) != 0;
  const bool continues = lock_step_ > 0 && wanted == lock_ && key == (lock_step_ == 2);
  if (continues) {
    ++lock_step_;
  } else {
    lock_ = wanted;
    lock_step_ = key ? 1 : 0;
  }
  if (lock_step_ == 3) lock_ |= lock_key;
}

std::uint32_t Gpio::unlocked(unsigned bits_per_pin, unsigned first_pin) const {
  if ((lock_ & lock_key) == 0) return 0xFFFF'FFFFu;
  std::uint32_t mask = 0;
  const std::uint32_t field = (1u << bits_per_pin) - 1u;
  for (unsigned index = 0; index * bits_per_pin < 32 && first_pin + index < 16; ++index) {
    if ((lock_ >> (first_pin + index) & 1u) == 0) mask |= field << (index * bits_per_pin);
  }
  return mask;
}

void Gpio::change(std::uint32_t& reg, std::uint32_t value, unsigned bits_per_pin,
                  unsigned first_pin) {
  const std::uint32_t mask = unlocked(bits_per_pin, first_pin);
  reg = (reg & ~mask) | (value & mask);
}

void Gpio::apply() {
  for (unsigned number = 0; number < pins_per_port; ++number) {
    const std::uint32_t alternate =
        number < 8 ? alternate_low_ >> (4 * number) : alternate_high_ >> (4 * (number - 8));
    pins_.configure({port_, number},
                    {.mode = static_cast<PinMode>(mode_ >> (2 * number) & 3u),
                     .open_drain = (output_type_ >> number & 1u) != 0,
                     .pull = static_cast<Pull>(pull_ >> (2 * number) & 3u),
                     .alternate_function = static_cast<std::uint8_t>(alternate & 15u),
                     .output = (output_data_ >> number & 1u) != 0});
  }
}

void Gpio::serialize(Saver& saver) {
  saver.section(name());
  saver(mode_, output_type_, speed_, pull_, output_data_, alternate_low_, alternate_high_, lock_,
        lock_step_);
}

}  // namespace goldcrest::board
