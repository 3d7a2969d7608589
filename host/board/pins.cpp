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

bool Pins::resolve(const Wire& wire) {
  const PinSetting& setting = wire.setting;
  const bool drives = setting.mode == PinMode::output && (!setting.open_drain || !setting.output);
  if (drives) return setting.output;
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
          setting.output, wire.driven, wire.driven_level, wire.level);
  }
}

}  // namespace goldcrest::board
