// SPDX-License-Identifier: MIT
#include "host/board/nvic.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/ensure.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {
namespace {

constexpr std::uint8_t priority_mask = 0xF0;  // 4 bits are implemented

/// In ascending order. (These two members are libstdc++'s own; the loop is in the CPU's way.)
template <std::size_t size, typename Action>
void for_each_set(const std::bitset<size>& bits, Action action) {
  for (std::size_t bit = bits._Find_first(); bit < size; bit = bits._Find_next(bit)) {
    action(static_cast<unsigned>(bit));
  }
}

template <std::size_t size>
void serialize_bits(Saver& saver, std::bitset<size>& bits) {
  for (std::size_t first = 0; first < size; first += 32) {
    std::uint32_t word = 0;
    const std::size_t end = std::min(first + 32, size);
    for (std::size_t bit = first; bit < end; ++bit)
      word |= std::uint32_t{bits[bit]} << (bit - first);
    saver(word);
    for (std::size_t bit = first; bit < end; ++bit) bits[bit] = (word >> (bit - first) & 1u) != 0;
  }
}

}  // namespace

Nvic::Nvic(Chip& chip) : RegisterBlock(chip, "NVIC", NarrowWrite::merge) {
  reset(true);
}

void Nvic::set_line(unsigned irq, bool level) {
  base::ensure(irq < irq_count);
  if (lines_[irq] == level) return;
  lines_[irq] = level;
  if (level) set_pending(16 + irq);
}

void Nvic::set_pending(unsigned number) {
  if (!pending_[number]) {
    pending_[number] = true;
    known_ = false;
    if (event_on_pend_) chip_.signal_event();
    if (chip_.tracing("interrupts")) {
      chip_.trace("interrupts", fmt::format("exception {} pending", number));
    }
  }
  chip_.reschedule(*this);
}

void Nvic::clear_pending(unsigned number) {
  pending_[number] = number >= 16 && lines_[number - 16];
  known_ = false;
}

bool Nvic::any_irq_pending() const {
  return (pending_ >> 16).any();
}

void Nvic::set_priority_byte(unsigned number, std::uint8_t value) {
  priority_.at(number) = value & priority_mask;
  known_ = false;
}

Priority Nvic::grouped(std::uint8_t byte) const {
  // PRIGROUP n: bits 7 to n+1 are the group, the rest the sub-priority (PM0056 4.4.5).
  return static_cast<Priority>(byte & ~((2u << group_) - 1u) & 0xFFu);
}

Priority Nvic::group_priority(unsigned number) const {
  switch (number) {
    case exception::nmi:
      return -2;
    case exception::hard_fault:
      return -1;
    default:
      return grouped(priority_.at(number));
  }
}

void Nvic::work_out() const {
  if (known_) return;
  known_ = true;
  active_priority_ = thread_priority;
  for_each_set(active_, [this](unsigned number) {
    active_priority_ = std::min(active_priority_, group_priority(number));
  });
  const auto urgency = [this](unsigned number) {
    return number <= exception::hard_fault ? group_priority(number) : Priority{priority_[number]};
  };
  first_pending_.reset();
  for_each_set(pending_ & enabled_, [&](unsigned number) {
    if (!first_pending_ || urgency(number) < urgency(*first_pending_)) first_pending_ = number;
  });
}

Priority Nvic::execution_priority(const Masks& masks) const {
  work_out();
  Priority priority = active_priority_;
  // Any bit of it masks, also one of the sub-priority; the engine keeps four that are not there.
  const auto base = static_cast<std::uint8_t>(masks.basepri & priority_mask);
  if (base != 0) priority = std::min(priority, grouped(base));
  if (masks.primask) priority = std::min(priority, 0);
  if (masks.faultmask) priority = std::min(priority, -1);
  return priority;
}

std::optional<unsigned> Nvic::to_take(const Masks& masks) const {
  const auto best = first_pending();
  if (best && group_priority(*best) < execution_priority(masks)) return best;
  return std::nullopt;
}

void Nvic::enter(unsigned number) {
  pending_[number] = false;
  active_[number] = true;
  known_ = false;
}

void Nvic::leave(unsigned number) {
  active_[number] = false;
  if (number >= 16 && lines_[number - 16]) pending_[number] = true;
  known_ = false;
}

void Nvic::give_back(unsigned number) {
  active_[number] = false;
  pending_[number] = true;
  known_ = false;
}

void SoftwareTrigger::write_register(std::uint32_t, std::uint32_t value) {
  const std::uint32_t irq = value & 0x1FF;
  if (irq < irq_count) nvic_.set_pending(16 + irq);
}

void Nvic::reset(bool) {
  pending_.reset();
  active_.reset();
  lines_.reset();
  enabled_.reset();
  known_ = false;
  priority_.fill(0);
  group_ = 0;
  event_on_pend_ = false;
  for (const unsigned number : {exception::nmi, exception::hard_fault, exception::sv_call,
                                exception::pend_sv, exception::sys_tick}) {
    enabled_[number] = true;
  }
}

std::uint32_t Nvic::word_of(const std::bitset<exception_count>& bits, std::uint32_t index) const {
  std::uint32_t word = 0;
  for (unsigned bit = 0; bit < 32; ++bit) {
    const unsigned irq = index * 32 + bit;
    if (irq < irq_count && bits[16 + irq]) word |= 1u << bit;
  }
  return word;
}

template <typename Action>
void Nvic::for_each_bit(std::uint32_t index, std::uint32_t value, Action action) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    const unsigned irq = index * 32 + bit;
    if (irq < irq_count && (value >> bit & 1u) != 0) action(16 + irq);
  }
}

std::uint32_t Nvic::read_register(std::uint32_t offset) {
  const std::uint32_t index = (offset & 0x7F) / 4;
  switch (offset & ~0x7Fu) {
    case 0x000:
    case 0x080:
      return word_of(enabled_, index);
    case 0x100:
    case 0x180:
      return word_of(pending_, index);
    case 0x200:
      return word_of(active_, index);
    case 0x300: {
      std::uint32_t word = 0;
      for (unsigned byte = 0; byte < 4; ++byte) {
        const unsigned irq = index * 4 + byte;
        if (irq < irq_count) word |= std::uint32_t{priority_[16 + irq]} << (8 * byte);
      }
      return word;
    }
    default:
      return unmodelled_read(offset);
  }
}

std::uint32_t Nvic::peek_register(std::uint32_t offset) {
  return offset >= 0x300 ? read_register(offset) : 0;
}

void Nvic::write_register(std::uint32_t offset, std::uint32_t value) {
  const std::uint32_t index = (offset & 0x7F) / 4;
  switch (offset & ~0x7Fu) {
    case 0x000:
      for_each_bit(index, value, [this](unsigned number) { enabled_[number] = true; });
      known_ = false;
      break;
    case 0x080:
      for_each_bit(index, value, [this](unsigned number) { enabled_[number] = false; });
      known_ = false;
      break;
    case 0x100:
      for_each_bit(index, value, [this](unsigned number) { set_pending(number); });
      break;
    case 0x180:
      for_each_bit(index, value, [this](unsigned number) { clear_pending(number); });
      break;
    case 0x300:
      for (unsigned byte = 0; byte < 4; ++byte) {
        const unsigned irq = index * 4 + byte;
        if (irq < irq_count) {
          set_priority_byte(16 + irq, static_cast<std::uint8_t>(value >> (8 * byte)));
        }
      }
      break;
    default:
      unmodelled_write(offset, value);
  }
  chip_.reschedule(*this);  // what is to be taken may have changed
}

void Nvic::serialize(Saver& saver) {
  saver.section("NVIC");
  serialize_bits(saver, pending_);
  serialize_bits(saver, enabled_);
  serialize_bits(saver, active_);
  serialize_bits(saver, lines_);
  saver(priority_, group_, event_on_pend_);
  if (saver.loading()) group_ &= 7;
  known_ = false;
}

}  // namespace goldcrest::board
