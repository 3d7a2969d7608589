// SPDX-License-Identifier: MIT
// The NVIC of the Cortex-M3, PM0056 4.3: which exceptions are pending, enabled and active, and
// which is to be taken. System exceptions (numbers 1–15) are held here too, because priority knows
// no difference; their registers are in scb.hpp. Exception number = 16 + IRQ.
//
//   0xE000E100 ISER   E180 ICER   E200 ISPR   E280 ICPR   E300 IABR   E400 IPR   EF00 STIR
//
// Priorities have 4 bits, in the upper half of their byte. A line that is still high when its
// handler returns pends again, as a level interrupt does.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "host/board/register_block.hpp"

namespace goldcrest::board {

inline constexpr unsigned irq_count = 57;  // RM0038 table "Vector table (Cat.3 to 6)"
inline constexpr unsigned exception_count = 16 + irq_count;

namespace exception {
inline constexpr unsigned nmi = 2;
inline constexpr unsigned hard_fault = 3;
inline constexpr unsigned mem_manage = 4;
inline constexpr unsigned bus_fault = 5;
inline constexpr unsigned usage_fault = 6;
inline constexpr unsigned sv_call = 11;
inline constexpr unsigned debug_monitor = 12;
inline constexpr unsigned pend_sv = 14;
inline constexpr unsigned sys_tick = 15;
}  // namespace exception

/// A priority as the CPU compares it: lower is more urgent; Thread mode without masks is 256.
using Priority = int;
inline constexpr Priority thread_priority = 256;

struct Masks {
  bool primask = false;
  bool faultmask = false;
  std::uint8_t basepri = 0;
};

class Nvic final : public RegisterBlock {
 public:
  explicit Nvic(Chip& chip);

  // --- lines and pending bits ---
  void set_line(unsigned irq, bool level);
  void set_pending(unsigned number);
  void clear_pending(unsigned number);
  bool pending(unsigned number) const { return pending_.test(number); }
  bool active(unsigned number) const { return active_.test(number); }
  void set_active(unsigned number, bool active) {
    active_.set(number, active);
    known_ = false;
  }
  bool any_irq_pending() const;
  void set_system_enabled(unsigned number, bool enabled) {
    enabled_.set(number, enabled);
    known_ = false;
  }
  bool enabled(unsigned number) const { return enabled_.test(number); }

  // --- priorities ---
  std::uint8_t priority_byte(unsigned number) const { return priority_.at(number); }
  void set_priority_byte(unsigned number, std::uint8_t value);
  /// AIRCR.PRIGROUP, 0–7.
  void set_priority_group(unsigned group) {
    group_ = group;
    known_ = false;
  }
  unsigned priority_group() const { return group_; }
  /// The group priority of an exception, which decides pre-emption.
  Priority group_priority(unsigned number) const;
  /// The priority the CPU executes at.
  Priority execution_priority(const Masks& masks) const;
  /// The enabled pending exception that comes first by priority, then by number.
  std::optional<unsigned> first_pending() const {
    work_out();
    return first_pending_;
  }
  /// The exception that pre-empts now.
  std::optional<unsigned> to_take(const Masks& masks) const;
  /// One waits that the masks alone may hold back.
  bool waiting() const { return to_take(Masks{}).has_value(); }
  unsigned active_count() const { return static_cast<unsigned>(active_.count()); }

  // --- entry and return ---
  void enter(unsigned number);
  void leave(unsigned number);
  /// What has just been entered is pending again: another has taken its place.
  void give_back(unsigned number);

  /// SCB_SCR.SEVONPEND: a bit that becomes pending is an event for WFE, enabled or not.
  void set_event_on_pend(bool on) { event_on_pend_ = on; }

  void reset(bool power_on) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;
  std::uint32_t peek_register(std::uint32_t offset) override;

 private:
  Priority grouped(std::uint8_t byte) const;
  void work_out() const;
  std::uint32_t word_of(const std::bitset<exception_count>& bits, std::uint32_t index) const;
  template <typename Action>
  void for_each_bit(std::uint32_t index, std::uint32_t value, Action action);

  std::bitset<exception_count> pending_;
  std::bitset<exception_count> enabled_;
  std::bitset<exception_count> active_;
  std::bitset<irq_count> lines_;
  std::array<std::uint8_t, exception_count> priority_{};
  unsigned group_ = 0;
  bool event_on_pend_ = false;

  // What follows from the above, asked far more often than it changes.
  mutable bool known_ = false;
  mutable std::optional<unsigned> first_pending_;
  mutable Priority active_priority_ = thread_priority;
};

/// STIR at 0xE000EF00: pends an interrupt by number.
class SoftwareTrigger final : public RegisterBlock {
 public:
  SoftwareTrigger(Chip& chip, Nvic& nvic)
      : RegisterBlock(chip, "STIR", NarrowWrite::merge), nvic_(nvic) {}
  void reset(bool) override {}
  void serialize(Saver&) override {}

 protected:
  std::uint32_t read_register(std::uint32_t) override { return 0; }
  void write_register(std::uint32_t, std::uint32_t value) override;

 private:
  Nvic& nvic_;
};

}  // namespace goldcrest::board
