// SPDX-License-Identifier: MIT
// What firmware uses of the debug hardware: the cycle counter of the DWT (PM0056; ARMv7-M C1.8),
// DEMCR that switches it on, and ST's DBGMCU (RM0038 30.16) with the device's identity.
#pragma once

#include "host/board/register_block.hpp"

namespace goldcrest::board {

/// Counts CPU cycles; the CPU engine knows them.
class CycleCounter {
 public:
  virtual std::uint64_t cycles() const = 0;

 protected:
  ~CycleCounter() = default;
};

/// DWT at 0xE0001000: CTRL and CYCCNT.
class Dwt final : public RegisterBlock {
 public:
  Dwt(Chip& chip, CycleCounter& counter);
  void set_trace_enabled(bool enabled);
  bool trace_enabled() const { return trace_enabled_; }
  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  bool counting() const { return trace_enabled_ && (control_ & 1u) != 0; }
  std::uint32_t count() const;

  CycleCounter& counter_;
  bool trace_enabled_ = false;
  std::uint32_t control_ = 0;
  std::uint32_t count_ = 0;       ///< the count while stopped
  std::uint64_t started_at_ = 0;  ///< cycles() minus the count while running
};

/// DHCSR, DCRSR, DCRDR and DEMCR at 0xE000EDF0: no debugger is attached.
class CoreDebug final : public RegisterBlock {
 public:
  CoreDebug(Chip& chip, Dwt& dwt);
  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  Dwt& dwt_;
  std::uint32_t monitor_control_ = 0;
};

/// DBGMCU at 0xE0042000. The freeze bits are stored: while a debugger holds this board, all of its
/// time stands still.
class DebugMcu final : public RegisterBlock {
 public:
  explicit DebugMcu(Chip& chip);
  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  std::uint32_t control_ = 0;
  std::uint32_t apb1_freeze_ = 0;
  std::uint32_t apb2_freeze_ = 0;
};

}  // namespace goldcrest::board
