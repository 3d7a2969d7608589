// SPDX-License-Identifier: MIT
#include "host/board/pins.hpp"

namespace goldcrest::board {

void Pins::set_board_pull(Pin pin, Pull pull) {
  at(pin).board_pull = pull;
  update(pin);
}

void Pins::configure(Pin pin, const PinSetting& setting) {
  Wire& wire = at(pin);
  if (wire.setting == setting) return;
  wire.setting = setting;
  update(pin);
}

void Pins::drive(Pin pin, bool level) {
  Wire& wire = at(pin);
  wire.driven = true;
  wire.driven_level = level;
  update(pin);
}

void Pins::release(Pin pin) {
  at(pin).driven = false;
  update(pin);
}

void Pins::drive_alternate(Pin pin, unsigned function, bool level) {
  Wire& wire = at(pin);
  const auto bit = static_cast<std::uint16_t>(1u << function);
  wire.alternate_drivers |= bit;
  wire.alternate_levels = static_cast<std::uint16_t>(level ? wire.alternate_levels | bit
                                                           : wire.alternate_levels & ~bit);
  update(pin);
}

void Pins::release_alternate(Pin pin, unsigned function) {
  at(pin).alternate_drivers &= static_cast<std::uint16_t>(~(1u << function));
  update(pin);
}

/// What the chip puts out at the pin, if it does.
std::optional<bool> Pins::output(const Wire& wire) {
  const PinSetting& setting = wire.setting;
  if (setting.mode == PinMode::output) return setting.output;
  if (setting.mode != PinMode::alternate) return std::nullopt;
  if ((wire.alternate_drivers >> setting.alternate_function & 1u) == 0) return std::nullopt;
  return (wire.alternate_levels >> setting.alternate_function & 1u) != 0;
}

bool Pins::resolve(const Wire& wire) {
  const PinSetting& setting = wire.setting;
  const std::optional<bool> out = output(wire);
  if (out && (!setting.open_drain || !*out)) return *out;
  if (wire.driven) return wire.driven_level;
  if (setting.mode != PinMode::analog && setting.pull != Pull::none) {
    return setting.pull == Pull::up;
  }
  return wire.board_pull == Pull::up;
}

void Pins::update(Pin pin) {
  Wire& wire = at(pin);
  const bool level = resolve(wire);
  if (level == wire.level) return;
  wire.level = level;
  for (PinListener* listener : listeners_) listener->pin_changed(pin, level);
}

void Pins::serialize(Saver& saver) {
  saver.section("PINS");
  for (Wire& wire : wires_) {
    PinSetting& setting = wire.setting;
    saver(setting.mode, setting.open_drain, setting.pull, setting.alternate_function,
          setting.output, wire.driven, wire.driven_level, wire.alternate_drivers,
          wire.alternate_levels, wire.level);
  }
}

}  // namespace goldcrest::board
