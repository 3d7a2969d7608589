// SPDX-License-Identifier: MIT
// Independent watchdog at 0x40003000, RM0038 chapter "Independent watchdog". Once started it counts
// LSI (37 kHz typical) through its prescaler and resets the chip (RCC_CSR.IWDGRSTF) when it reaches
// 0; nothing but a reset stops it. PR and RLR open with the key 0x5555 and take effect a few LSI
// cycles later, as PVU and RVU tell.
#pragma once

#include "host/board/rcc.hpp"
#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Iwdg final : public RegisterBlock {
 public:
  Iwdg(Chip& chip, Rcc& rcc) : RegisterBlock(chip, "IWDG", NarrowWrite::duplicate), rcc_(rcc) {}

  /// Starts the count, as the key 0xCCCC does; the option byte may have hardware do it.
  void start();

  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  void write_key(std::uint32_t key);
  void reload();

  Rcc& rcc_;
  bool running_ = false;
  bool open_ = false;
  std::uint32_t prescaler_ = 0;
  std::uint32_t reload_ = 0xFFF;
  Picoseconds prescaler_settled_at_ = no_event;
  Picoseconds reload_settled_at_ = no_event;
  Picoseconds expires_at_ = no_event;
};

}  // namespace goldcrest::board
