// SPDX-License-Identifier: MIT
// PWR at 0x40007000, RM0038 chapter "Power control": core voltage range with VOSF, write access to
// the RTC domain, low-power mode selection. VDD is 3.3 V, above every PVD threshold.
#pragma once

#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Pwr final : public RegisterBlock {
 public:
  Pwr(Chip& chip, Rcc& rcc);

  /// RTC registers can be written (DBP).
  bool backup_access() const;
  /// Deep sleep means Standby (PDDS) instead of Stop.
  bool standby_selected() const;
  /// Core voltage range 1 (1.8 V), 2 or 3; 0 for the reserved code.
  unsigned voltage_range() const { return control_ >> 11 & 3u; }
  /// The CPU has been woken up from Standby.
  void note_standby_wakeup();

  void reset(bool power_on) override;
  Picoseconds next_event() const override { return settled_at_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  Rcc& rcc_;
  std::uint32_t control_ = 0;
  std::uint32_t status_ = 0;
  Picoseconds settled_at_ = no_event;  ///< end of a change of voltage range (VOSF)
};

}  // namespace goldcrest::board
