// SPDX-License-Identifier: MIT
#include "host/board/core_debug.hpp"

#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

/// DEV_ID 0x437 (STM32L15xxE), REV_ID 0x1000; bits 15–12 read 0110.
constexpr std::uint32_t device_identity = 0x10006437;
constexpr std::uint32_t four_comparators = 4u << 28;
constexpr std::uint32_t trace_enable = 1u << 24;  // DEMCR.TRCENA

}  // namespace

Dwt::Dwt(Chip& chip, CycleCounter& counter)
    : RegisterBlock(chip, "DWT", NarrowWrite::merge), counter_(counter) {}

std::uint32_t Dwt::count() const {
  return counting() ? static_cast<std::uint32_t>(counter_.cycles() - started_at_) : count_;
}

void Dwt::set_trace_enabled(bool enabled) {
  count_ = count();
  trace_enabled_ = enabled;
  started_at_ = counter_.cycles() - count_;
}

void Dwt::reset(bool power_on) {
  if (!power_on) return;  // only a power-on reset reaches the debug domain
  control_ = 0;
  count_ = 0;
  trace_enabled_ = false;
}

std::uint32_t Dwt::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x0:
      return control_ | four_comparators;
    case 0x4:
      return count();
    default:
      return unmodelled_read(offset);
  }
}

void Dwt::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case 0x0:
      count_ = count();
      control_ = value & 1u;
      if ((value & 0x0FFFFFFEu) != 0) unmodelled("only CYCCNTENA of DWT_CTRL has an effect");
      break;
    case 0x4:
      count_ = value;
      break;
    default:
      unmodelled_write(offset, value);
      return;
  }
  started_at_ = counter_.cycles() - count_;
}

void Dwt::serialize(Saver& saver) {
  saver.section("DWT");
  saver(trace_enabled_, control_, count_, started_at_);
}

CoreDebug::CoreDebug(Chip& chip, Dwt& dwt)
    : RegisterBlock(chip, "COREDEBUG", NarrowWrite::merge), dwt_(dwt) {}

void CoreDebug::reset(bool power_on) {
  if (power_on) monitor_control_ = 0;
}

std::uint32_t CoreDebug::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x0:  // DHCSR: C_DEBUGEN is clear
    case 0x4:
    case 0x8:
      return 0;
    default:
      return monitor_control_;
  }
}

void CoreDebug::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset != 0xC) {
    unmodelled_write(offset, value);
    return;
  }
  monitor_control_ = value & 0x010F07F1;
  dwt_.set_trace_enabled((value & trace_enable) != 0);
}

void CoreDebug::serialize(Saver& saver) {
  saver.section("COREDEBUG");
  saver(monitor_control_);
}

DebugMcu::DebugMcu(Chip& chip) : RegisterBlock(chip, "DBGMCU", NarrowWrite::merge) {}

void DebugMcu::reset(bool power_on) {
  if (!power_on) return;
  control_ = 0;
  apb1_freeze_ = 0;
  apb2_freeze_ = 0;
}

std::uint32_t DebugMcu::read_register(std::uint32_t offset) {
  switch (offset) {
    case 0x0:
      return device_identity;
    case 0x4:
      return control_;
    case 0x8:
      return apb1_freeze_;
    case 0xC:
      return apb2_freeze_;
    default:
      return unmodelled_read(offset);
  }
}

void DebugMcu::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case 0x4:
      control_ = value & 0xE7;
      break;
    case 0x8:
      apb1_freeze_ = value & 0x0060'1C3F;
      break;
    case 0xC:
      apb2_freeze_ = value & 0x1C;
      break;
    default:
      unmodelled_write(offset, value);
  }
}

void DebugMcu::serialize(Saver& saver) {
  saver.section("DBGMCU");
  saver(control_, apb1_freeze_, apb2_freeze_);
}

}  // namespace goldcrest::board
