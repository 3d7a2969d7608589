// SPDX-License-Identifier: MIT
// The system control block at 0xE000ED00, PM0056 4.4: identification, VTOR, reset request, sleep
// and configuration control, priorities and enables of the system exceptions, fault status.
#pragma once

#include "host/board/nvic.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

/// CFSR bits (PM0056 4.4.10).
namespace fault_status {
inline constexpr std::uint32_t instruction_access = 1u << 0;    // IACCVIOL
inline constexpr std::uint32_t data_access = 1u << 1;           // DACCVIOL
inline constexpr std::uint32_t memory_unstacking = 1u << 3;     // MUNSTKERR
inline constexpr std::uint32_t memory_stacking = 1u << 4;       // MSTKERR
inline constexpr std::uint32_t memory_address_valid = 1u << 7;  // MMARVALID
inline constexpr std::uint32_t instruction_bus = 1u << 8;       // IBUSERR
inline constexpr std::uint32_t precise = 1u << 9;               // PRECISERR
inline constexpr std::uint32_t imprecise = 1u << 10;            // IMPRECISERR
inline constexpr std::uint32_t unstacking = 1u << 11;           // UNSTKERR
inline constexpr std::uint32_t stacking = 1u << 12;             // STKERR
inline constexpr std::uint32_t bus_address_valid = 1u << 15;    // BFARVALID
inline constexpr std::uint32_t undefined = 1u << 16;            // UNDEFINSTR
inline constexpr std::uint32_t invalid_state = 1u << 17;        // INVSTATE
inline constexpr std::uint32_t invalid_pc = 1u << 18;           // INVPC
inline constexpr std::uint32_t no_coprocessor = 1u << 19;       // NOCP
inline constexpr std::uint32_t unaligned = 1u << 24;            // UNALIGNED
inline constexpr std::uint32_t divided_by_zero = 1u << 25;      // DIVBYZERO
inline constexpr std::uint32_t bus_faults = 0x0000FF00;
inline constexpr std::uint32_t memory_faults = 0x000000FF;

/// The exception that a fault with such a bit ends in.
constexpr unsigned exception_of(std::uint32_t bit) {
  if ((bit & memory_faults) != 0) return exception::mem_manage;
  return (bit & bus_faults) != 0 ? exception::bus_fault : exception::usage_fault;
}
}  // namespace fault_status

/// HFSR bits.
namespace hard_fault_status {
inline constexpr std::uint32_t vector_table = 1u << 1;
inline constexpr std::uint32_t forced = 1u << 30;
inline constexpr std::uint32_t debug_event = 1u << 31;
}  // namespace hard_fault_status

/// ICTR and ACTLR at 0xE000E004 (PM0056 4.4.1; Cortex-M3 TRM r1p1, 8.2): driver libraries set
/// DISMCYCINT around a half page, so that no interrupt breaks into the store of its words. Stored,
/// without effect: an interrupt waits for the end of an instruction here anyway.
class AuxiliaryControl final : public RegisterBlock {
 public:
  static constexpr std::uint32_t base = 0xE000E000;
  explicit AuxiliaryControl(Chip& chip) : RegisterBlock(chip, "SCnSCB", NarrowWrite::merge) {}
  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  std::uint32_t control_ = 0;
};

class Scb final : public RegisterBlock {
 public:
  Scb(Chip& chip, Nvic& nvic);

  std::uint32_t vector_table() const { return vector_table_; }
  bool sleep_on_exit() const { return (system_control_ & 1u << 1) != 0; }
  bool sleep_deep() const { return (system_control_ & 1u << 2) != 0; }
  bool stack_align() const { return (configuration_ & 1u << 9) != 0; }
  bool divide_traps() const { return (configuration_ & 1u << 4) != 0; }
  bool unaligned_traps() const { return (configuration_ & 1u << 3) != 0; }
  bool non_base_thread_enable() const { return (configuration_ & 1u << 0) != 0; }
  /// What ICSR.VECTACTIVE shows.
  void set_active_exception(unsigned number) { active_exception_ = number; }

  void add_fault(std::uint32_t cfsr_bits) { fault_status_ |= cfsr_bits; }
  void add_bus_fault(std::uint32_t cfsr_bits, std::uint32_t address);
  void add_memory_fault(std::uint32_t cfsr_bits, std::uint32_t address);
  void add_hard_fault(std::uint32_t hfsr_bits) { hard_fault_status_ |= hfsr_bits; }
  std::uint32_t fault_status() const { return fault_status_; }
  std::uint32_t hard_fault_status() const { return hard_fault_status_; }

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  std::uint32_t interrupt_control() const;
  void write_interrupt_control(std::uint32_t value);
  void write_reset_control(std::uint32_t value);
  std::uint32_t handler_control() const;
  void write_handler_control(std::uint32_t value);

  Nvic& nvic_;
  std::uint32_t vector_table_ = 0;
  std::uint32_t system_control_ = 0;
  std::uint32_t configuration_ = 0;
  std::uint32_t fault_status_ = 0;
  std::uint32_t hard_fault_status_ = 0;
  std::uint32_t bus_fault_address_ = 0;
  std::uint32_t memory_fault_address_ = 0;
  std::uint32_t active_exception_ = 0;
};

}  // namespace goldcrest::board
