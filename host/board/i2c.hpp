// SPDX-License-Identifier: MIT
// I2C, RM0038 chapter "Inter-integrated circuit", as a master on a bus with pull-ups and nobody on
// it: neither the NUCLEO nor its radio shield has an I2C device.
//
//   I2C1 0x40005400 IRQ 31 (events), 32 (errors)   I2C2 0x40005800 IRQ 33, 34 (APB1)
//
// A start condition, an address with its acknowledge bit and a stop condition take as long as CCR
// says; no address is acknowledged, so that a driver of a sensor that is not there gets its error
// (SR1.AF) instead of waiting for ever. No other master exists, hence no slave mode, arbitration or
// general call: their registers are kept. SMBus and PEC are traced.
#pragma once

#include <cstdint>
#include <string_view>

#include "host/board/register_block.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

struct I2cConfig {
  std::string_view name;
  unsigned event_irq = 0;
  unsigned error_irq = 0;
};

class I2c final : public RegisterBlock {
 public:
  I2c(Chip& chip, const I2cConfig& config);

  void reset(bool power_on) override;
  Picoseconds next_event() const override { return phase_end_; }
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  /// What goes over the lines until phase_end_.
  enum class Phase : std::uint8_t { none, start, address, stop };

  void write_control1(std::uint32_t value);
  void write_data();
  /// Takes up what CR1 asks for, once the lines are free for it.
  void next_phase();
  void begin(Phase phase, unsigned scl_periods);
  void clear_bus();
  void update_interrupts();

  I2cConfig config_;
  std::uint32_t control1_ = 0;
  std::uint32_t control2_ = 0;
  std::uint32_t own_address1_ = 0;
  std::uint32_t own_address2_ = 0;
  std::uint32_t clock_control_ = 0;
  std::uint32_t rise_time_ = 0;
  std::uint32_t data_ = 0;
  std::uint32_t status1_ = 0;
  bool status1_seen_ = false;  ///< read since SB was set: the next write to DR clears SB
  bool master_ = false;        ///< SR2.MSL and SR2.BUSY: the bus is ours
  Phase phase_ = Phase::none;
  Picoseconds phase_end_ = no_event;
};

}  // namespace goldcrest::board
