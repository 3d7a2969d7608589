// SPDX-License-Identifier: MIT
#include "host/board/scb.hpp"

#include <array>
#include <utility>

#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint32_t cpuid = 0x411FC231;  // Cortex-M3 r1p1, PM0056 4.4.2
constexpr std::uint32_t stack_align_bit = 1u << 9;
constexpr std::uint32_t software_reset_flag = 1u << 28;  // RCC_CSR.SFTRSTF

/// SHCSR: active and pending bits by exception number; enables are bits 16–18.
constexpr std::array<std::pair<unsigned, unsigned>, 7> shcsr_active{{
    {0, exception::mem_manage},
    {1, exception::bus_fault},
    {3, exception::usage_fault},
    {7, exception::sv_call},
    {8, exception::debug_monitor},
    {10, exception::pend_sv},
    {11, exception::sys_tick},
}};
constexpr std::array<std::pair<unsigned, unsigned>, 4> shcsr_pending{{
    {12, exception::usage_fault},
    {13, exception::mem_manage},
    {14, exception::bus_fault},
    {15, exception::sv_call},
}};

/// ID_PFR0 … ID_ISAR4 of the Cortex-M3 (Cortex-M3 TRM r1p1, table 8-1).
constexpr std::array<std::uint32_t, 13> identification{
    0x00000030, 0x00000200, 0x00100000, 0x00000000, 0x00000030, 0x00000000, 0x00000000,
    0x00000000, 0x01141110, 0x02111000, 0x21112231, 0x01111110, 0x01310102};

}  // namespace

void AuxiliaryControl::reset(bool /*power_on*/) {
  control_ = 0;
}

std::uint32_t AuxiliaryControl::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x04:
      return 1;  // ICTR.INTLINESNUM: 33 to 64 interrupt lines
    case 0x08:
      return control_;
    default:
      return unmodelled_read(offset);
  }
}

void AuxiliaryControl::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == 0x08) {
    control_ = value & 7u;  // DISMCYCINT, DISDEFWBUF, DISFOLD
  } else if (offset != 0x04) {
    unmodelled_write(offset, value);
  }
}

void AuxiliaryControl::serialize(Saver& saver) {
  saver.section(name());
  saver(control_);
}

Scb::Scb(Chip& chip, Nvic& nvic) : RegisterBlock(chip, "SCB", NarrowWrite::merge), nvic_(nvic) {
  reset(true);
}

void Scb::add_bus_fault(std::uint32_t cfsr_bits, std::uint32_t address) {
  fault_status_ |= cfsr_bits | fault_status::bus_address_valid;
  bus_fault_address_ = address;
}

void Scb::add_memory_fault(std::uint32_t cfsr_bits, std::uint32_t address) {
  fault_status_ |= cfsr_bits | fault_status::memory_address_valid;
  memory_fault_address_ = address;
}

std::uint32_t Scb::interrupt_control() const {
  const auto first = nvic_.first_pending();
  std::uint32_t value = active_exception_;
  if (nvic_.active_count() <= 1) value |= 1u << 11;  // RETTOBASE
  if (first) value |= *first << 12;
  if (nvic_.any_irq_pending()) value |= 1u << 22;
  if (nvic_.pending(exception::sys_tick)) value |= 1u << 26;
  if (nvic_.pending(exception::pend_sv)) value |= 1u << 28;
  if (nvic_.pending(exception::nmi)) value |= 1u << 31;
  return value;
}

void Scb::write_interrupt_control(std::uint32_t value) {
  if ((value & 1u << 25) != 0) nvic_.clear_pending(exception::sys_tick);
  if ((value & 1u << 26) != 0) nvic_.set_pending(exception::sys_tick);
  if ((value & 1u << 27) != 0) nvic_.clear_pending(exception::pend_sv);
  if ((value & 1u << 28) != 0) nvic_.set_pending(exception::pend_sv);
  if ((value & 1u << 31) != 0) nvic_.set_pending(exception::nmi);
}

void Scb::write_reset_control(std::uint32_t value) {
  if (value >> 16 != 0x05FA) return;  // VECTKEY
  nvic_.set_priority_group(value >> 8 & 7u);
  if ((value & 1u << 2) != 0) chip_.request_reset(software_reset_flag);
}

std::uint32_t Scb::handler_control() const {
  std::uint32_t value = 0;
  for (const auto& [bit, number] : shcsr_active) {
    if (nvic_.active(number)) value |= 1u << bit;
  }
  for (const auto& [bit, number] : shcsr_pending) {
    if (nvic_.pending(number)) value |= 1u << bit;
  }
  for (unsigned number = exception::mem_manage; number <= exception::usage_fault; ++number) {
    if (nvic_.enabled(number)) value |= 1u << (16 + number - exception::mem_manage);
  }
  return value;
}

void Scb::write_handler_control(std::uint32_t value) {
  for (const auto& [bit, number] : shcsr_active) {
    nvic_.set_active(number, (value >> bit & 1u) != 0);
  }
  for (const auto& [bit, number] : shcsr_pending) {
    if ((value >> bit & 1u) == 0) {
      nvic_.clear_pending(number);
    } else if (!nvic_.pending(number)) {
      nvic_.set_pending(number);
    }
  }
  for (unsigned number = exception::mem_manage; number <= exception::usage_fault; ++number) {
    nvic_.set_system_enabled(number, (value >> (16 + number - exception::mem_manage) & 1u) != 0);
  }
}

std::uint32_t Scb::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x00:
      return cpuid;
    case 0x04:
      return interrupt_control();
    case 0x08:
      return vector_table_;
    case 0x0C:
      return 0xFA050000u | nvic_.priority_group() << 8;
    case 0x10:
      return system_control_;
    case 0x14:
      return configuration_;
    case 0x18:
    case 0x1C:
    case 0x20: {
      std::uint32_t value = 0;
      for (unsigned byte = 0; byte < 4; ++byte) {
        const unsigned number = 4 + (offset - 0x18) + byte;
        value |= std::uint32_t{nvic_.priority_byte(number)} << (8 * byte);
      }
      return value;
    }
    case 0x24:
      return handler_control();
    case 0x28:
      return fault_status_;
    case 0x2C:
      return hard_fault_status_;
    case 0x30:  // DFSR: no debugger is attached
    case 0x3C:  // AFSR: not implemented
    case 0x88:  // CPACR: no coprocessor
      return 0;
    case 0x34:
      return memory_fault_address_;
    case 0x38:
      return bus_fault_address_;
    default:
      if (offset >= 0x40 && (offset - 0x40) / 4 < identification.size()) {
        return identification.at((offset - 0x40) / 4);
      }
      return unmodelled_read(offset);
  }
}

std::uint32_t Scb::peek_register(std::uint32_t offset) {
  const bool written_by_ones = offset == 0x04 || offset == 0x28 || offset == 0x2C;
  return written_by_ones ? 0 : read_register(offset);
}

void Scb::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case 0x04:
      write_interrupt_control(value);
      break;
    case 0x08:
      vector_table_ = value & 0x3FFFFF80;
      break;
    case 0x0C:
      write_reset_control(value);
      break;
    case 0x10:
      system_control_ = value & 0x16;
      nvic_.set_event_on_pend((value & 1u << 4) != 0);
      break;
    case 0x14:
      configuration_ = value & 0x31B;
      break;
    case 0x18:
    case 0x1C:
    case 0x20:
      for (unsigned byte = 0; byte < 4; ++byte) {
        nvic_.set_priority_byte(4 + (offset - 0x18) + byte,
                                static_cast<std::uint8_t>(value >> (8 * byte)));
      }
      break;
    case 0x24:
      write_handler_control(value);
      break;
    case 0x28:
      fault_status_ &= ~value;
      break;
    case 0x2C:
      hard_fault_status_ &= ~value;
      break;
    case 0x34:
      memory_fault_address_ = value;
      break;
    case 0x38:
      bus_fault_address_ = value;
      break;
    case 0x30:
    case 0x3C:
    case 0x88:
      break;
    default:
      unmodelled_write(offset, value);
  }
  chip_.reschedule(*this);
}

void Scb::reset(bool) {
  vector_table_ = 0;
  system_control_ = 0;
  configuration_ = stack_align_bit;
  fault_status_ = 0;
  hard_fault_status_ = 0;
  bus_fault_address_ = 0;
  memory_fault_address_ = 0;
  active_exception_ = 0;
}

void Scb::serialize(Saver& saver) {
  saver.section("SCB");
  saver(vector_table_, system_control_, configuration_, fault_status_, hard_fault_status_,
        bus_fault_address_, memory_fault_address_, active_exception_);
}

}  // namespace goldcrest::board
