// SPDX-License-Identifier: MIT
// ADC1 at 0x40012400, IRQ 18, RM0038 chapter "Analog-to-digital converter": regular sequences by
// software start, single, scanned or continuous, with end-of-conversion flags, DMA requests,
// overrun, injected sequences and the analog watchdog.
//
// It runs from HSI and is not ready without it. What it measures: VDDA is 3.3 V, the die is at 25
// °C; a pin reads 0 or full scale, as its level is. Injected conversions do not hold up regular
// ones. External triggers, discontinuous mode and the delays of DELS but "until the datum is read"
// are traced.
#pragma once

#include <array>
#include <cstdint>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Adc final : public RegisterBlock, public ClockListener {
 public:
  static constexpr unsigned irq = 18;
  /// Factory calibration at 3.0 V in system memory: VREFINT, temperature at 30 and 110 °C.
  static constexpr std::uint32_t reference_calibration = 1671;
  static constexpr std::uint32_t calibration_30_degrees = 659;
  static constexpr std::uint32_t calibration_110_degrees = 835;

  Adc(Chip& chip, Rcc& rcc, Pins& pins, DmaLine dma);

  void clocks_changed() override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  static constexpr std::size_t register_count = 24;

  std::uint32_t reg(std::uint32_t offset) const { return registers_.at(offset / 4); }
  void write_control_1(std::uint32_t value);
  void write_control_2(std::uint32_t value);
  void power_up();
  void start_regular();
  void begin_conversion();
  void start_injected();
  void end_regular();
  void end_injected();
  bool held_back() const;
  void update_interrupt();
  unsigned regular_channel(unsigned rank) const;
  unsigned injected_channel(unsigned rank) const;
  std::uint32_t measure(unsigned channel);
  std::uint32_t input(unsigned channel) const;
  Picoseconds conversion_time(unsigned channel) const;

  Rcc& rcc_;
  Pins& pins_;
  DmaLine dma_;
  std::array<std::uint32_t, register_count> registers_{};  ///< as written, SR and DR as they are
  std::uint32_t common_ = 0;                               ///< CCR
  bool waits_for_hsi_ = false;
  Picoseconds ready_at_ = no_event;
  std::uint8_t rank_ = 0;  ///< of the regular conversion that runs
  bool converting_ = false;
  Picoseconds converted_at_ = no_event;
  Picoseconds injected_at_ = no_event;
};

}  // namespace goldcrest::board
