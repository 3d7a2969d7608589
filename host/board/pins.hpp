// SPDX-License-Identifier: MIT
// The wires at the chip's pins: who drives them, and what level results. A push-pull output wins,
// be it GPIO's or that of the alternate function which GPIO has selected, then an outside driver,
// then the chip's own pull resistor, then one on the board; a wire that nothing drives reads low.
// Whoever listens to a wire (EXTI, the radio's chip select and shutdown pin) is told when its level
// changes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "host/board/state.hpp"

namespace goldcrest::board {

inline constexpr unsigned port_count = 8;  ///< A … H
inline constexpr unsigned pins_per_port = 16;
inline constexpr std::size_t pin_count = std::size_t{port_count} * pins_per_port;

struct Pin {
  unsigned port = 0;    ///< 0 = A … 7 = H
  unsigned number = 0;  ///< 0 … 15

  friend bool operator==(const Pin&, const Pin&) = default;
};

enum class PinMode : std::uint8_t { input = 0, output = 1, alternate = 2, analog = 3 };
enum class Pull : std::uint8_t { none = 0, up = 1, down = 2 };

/// What the GPIO registers say of a pin.
struct PinSetting {
  PinMode mode = PinMode::input;
  bool open_drain = false;
  Pull pull = Pull::none;
  std::uint8_t alternate_function = 0;
  bool output = false;

  friend bool operator==(const PinSetting&, const PinSetting&) = default;
};

class PinListener {
 public:
  virtual void pin_changed(Pin pin, bool level) = 0;

 protected:
  ~PinListener() = default;
};

class Pins {
 public:
  void add_listener(PinListener& listener) { listeners_.push_back(&listener); }
  /// A resistor on the board, for wires that are open while the chip is in reset.
  void set_board_pull(Pin pin, Pull pull);

  bool level(Pin pin) const { return at(pin).level; }
  const PinSetting& setting(Pin pin) const { return at(pin).setting; }
  bool has_alternate(Pin pin, unsigned function) const {
    return setting(pin).mode == PinMode::alternate && setting(pin).alternate_function == function;
  }

  void configure(Pin pin, const PinSetting& setting);
  /// Drives from outside the chip, until release().
  void drive(Pin pin, bool level);
  void release(Pin pin);
  /// A part of the chip (a timer's channel) drives its output, which is the pin while GPIO selects
  /// that alternate function (0–15), until release_alternate().
  void drive_alternate(Pin pin, unsigned function, bool level);
  void release_alternate(Pin pin, unsigned function);

  void serialize(Saver& saver);

 private:
  struct Wire {
    PinSetting setting;
    Pull board_pull = Pull::none;
    bool driven = false;
    bool driven_level = false;
    std::uint16_t alternate_drivers = 0;  ///< one bit an alternate function
    std::uint16_t alternate_levels = 0;
    bool level = false;
  };

  Wire& at(Pin pin) { return wires_.at(pin.port * pins_per_port + pin.number); }
  const Wire& at(Pin pin) const { return wires_.at(pin.port * pins_per_port + pin.number); }
  static std::optional<bool> output(const Wire& wire);
  static bool resolve(const Wire& wire);
  void update(Pin pin);

  std::array<Wire, pin_count> wires_{};
  std::vector<PinListener*> listeners_;
};

}  // namespace goldcrest::board
