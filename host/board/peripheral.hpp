// SPDX-License-Identifier: MIT
// What every peripheral of the virtual board is: a block of registers that is read and written by
// the CPU, that changes with time, and that raises interrupt lines. Peripherals know nothing of the
// CPU engine; they see the chip through the Chip interface.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "core/base/time.hpp"

namespace goldcrest::board {

/// Board time: microsecond Instants are too coarse for a 32 MHz chip, so inside the board time is
/// counted in picoseconds since the world's origin: an Instant times 10^6. int64 holds 106 days.
using Picoseconds = std::int64_t;
inline constexpr Picoseconds no_event = INT64_MAX;
inline constexpr Picoseconds picoseconds_per_microsecond = 1'000'000;

class Saver;  // archive of a board's state, see state.hpp: the same code path saves and loads

/// Something that happens by itself.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// When something will happen by itself, or no_event.
  virtual Picoseconds next_event() const { return no_event; }
  /// Time has reached `now` (≥ the last next_event()); do what is due, set IRQ lines. Whoever else
  /// gets another next event by that says so by Chip::reschedule().
  virtual void advance(Picoseconds now) { (void)now; }
};

/// The chip as its peripherals see it.
class Chip {
 public:
  /// Now, exact to the instruction block that is executing.
  virtual Picoseconds now() const = 0;
  /// Level of the interrupt line `irq` (position in the vector table, RM0038 table "vector table").
  /// The NVIC latches pending on the rising edge and while the level stays high.
  virtual void set_irq(unsigned irq, bool level) = 0;
  /// The peripheral's next_event() became earlier than it was; the CPU loop must look again.
  virtual void reschedule() = 0;
  /// The same, of a source that changes so often that the others are not to be asked again.
  virtual void reschedule(const EventSource& changed) {
    (void)changed;
    reschedule();
  }
  /// Current clocks in Hz, as RCC has them configured.
  virtual std::uint32_t hclk_hz() const = 0;
  virtual std::uint32_t pclk1_hz() const = 0;
  virtual std::uint32_t pclk2_hz() const = 0;
  /// Level at a GPIO pin: port 0 = A … 7 = H. Drives come from GPIO outputs, alternate functions
  /// and the board (button, jumper, radio).
  virtual bool pin(unsigned port, unsigned number) const = 0;
  /// An outside device (radio, button, jumper) drives an input pin.
  virtual void drive_pin(unsigned port, unsigned number, bool level) = 0;
  /// Asks for a system reset; `cause` is the RCC_CSR flag to set (RM0038 6.3.14).
  virtual void request_reset(std::uint32_t rcc_csr_flag) = 0;
  /// A bus master other than the CPU (DMA) reads or writes memory or a register, 1, 2 or 4 bytes.
  virtual std::uint32_t bus_read(std::uint32_t address, unsigned size) = 0;
  virtual void bus_write(std::uint32_t address, std::uint32_t value, unsigned size) = 0;
  /// Whether a bus master other than the CPU may read or write at `address`; otherwise it gets a
  /// bus error.
  virtual bool bus_answers(std::uint32_t address, bool writing) const {
    (void)address, (void)writing;
    return true;
  }
  /// A pulse on the CPU's event input (EXTI in event mode): ends WFE.
  virtual void signal_event() = 0;
  /// A line for --trace; `category` is registers, interrupts, radio, serial, flash, unmodelled.
  virtual bool tracing(std::string_view category) const = 0;
  virtual void trace(std::string_view category, std::string_view text) = 0;

 protected:
  ~Chip() = default;
};

class Peripheral : public EventSource {
 public:
  virtual std::string_view name() const = 0;
  /// Register access at byte `offset` from the peripheral's base, `size` 1, 2 or 4. Accesses that
  /// the model does not cover call Chip::trace("unmodelled", …) and read as 0.
  virtual std::uint32_t read(std::uint32_t offset, unsigned size) = 0;
  virtual void write(std::uint32_t offset, std::uint32_t value, unsigned size) = 0;
  /// System reset: registers to their reset values (power-on additionally clears what survives).
  virtual void reset(bool power_on) = 0;
  /// The chip enters (true) or leaves Stop mode (WFI/WFE with SLEEPDEEP and PWR_CR.PDDS clear):
  /// HCLK and the PCLKs stand still meanwhile; on leaving, RCC runs from MSI (RM0038 4.3.8).
  virtual void stop_mode(bool entered) { (void)entered; }
  /// Saves or restores every field.
  virtual void serialize(Saver& saver) = 0;
};

/// Something on an SPI bus that full-duplex bytes go to, with a chip-select (the SPIRIT1).
class SpiDevice {
 public:
  virtual void select(bool selected) = 0;
  /// One byte out, one byte in, at the end of its 8 SCK periods.
  virtual std::uint8_t transfer(std::uint8_t mosi) = 0;

 protected:
  ~SpiDevice() = default;
};

}  // namespace goldcrest::board
