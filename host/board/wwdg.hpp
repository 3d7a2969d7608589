// SPDX-License-Identifier: MIT
// Window watchdog at 0x40002C00, IRQ 0, RM0038 chapter "Window watchdog": a 7-bit counter at
// PCLK1 / 4096 / 2^WDGTB that resets the chip (RCC_CSR.WWDGRSTF) when bit 6 falls, or when it is
// written while above the window.
#pragma once

#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Wwdg final : public RegisterBlock, public ClockListener {
 public:
  static constexpr unsigned irq = 0;

  Wwdg(Chip& chip, Rcc& rcc);

  void clocks_changed() override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  std::uint64_t steps_until(Picoseconds now) const;
  std::uint32_t cycles_per_step() const { return 4096u << (configuration_ >> 7 & 3u); }
  void synchronise(Picoseconds now);
  void write_control(std::uint32_t value);
  void bite();

  Rcc& rcc_;
  bool active_ = false;
  std::uint32_t counter_ = 0x7F;
  std::uint32_t configuration_ = 0x7F;
  bool early_wakeup_ = false;
  std::uint32_t clock_hz_ = 0;
  Picoseconds counted_at_ = 0;  ///< when counter_ was right
};

}  // namespace goldcrest::board
