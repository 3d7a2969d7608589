// SPDX-License-Identifier: MIT
#include "host/board/dma.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t { isr = 0x00, ifcr = 0x04, first_channel = 0x08, channel_size = 20 };
enum Field : std::uint32_t { ccr = 0, cndtr = 4, cpar = 8, cmar = 12 };

// CCR
constexpr std::uint32_t enable = 1u << 0;
constexpr std::uint32_t from_memory = 1u << 4;
constexpr std::uint32_t circular = 1u << 5;
constexpr std::uint32_t peripheral_increment = 1u << 6;
constexpr std::uint32_t memory_increment = 1u << 7;
constexpr std::uint32_t memory_to_memory = 1u << 14;
constexpr std::uint32_t interrupt_enables = 0xEu;  // TCIE, HTIE, TEIE, at the places of the flags

// ISR, four bits a channel
constexpr std::uint32_t any_flag = 1u << 0;
constexpr std::uint32_t complete_flag = 1u << 1;
constexpr std::uint32_t half_flag = 1u << 2;
constexpr std::uint32_t error_flag = 1u << 3;

/// Arbitration, address, read and write, as RM0038 counts them.
constexpr std::uint64_t cycles_per_transfer = 5;

constexpr unsigned width(std::uint32_t code) {
  return 1u << std::min(code & 3u, 2u);
}

}  // namespace

void Dma::Channel::serialize(Saver& saver) {
  saver(control, count, peripheral, memory, requests, pulses, reload, next_peripheral, next_memory);
}

Dma::Dma(Chip& chip, Rcc& rcc, const DmaConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::merge), config_(config) {
  rcc.add_listener(*this);
}

void Dma::reset(bool power_on) {
  status_ = 0;
  for (Channel& channel : channels_) {
    // The requests are the peripherals' own, which are reset too when power comes.
    channel = {.requests = power_on ? 0 : channel.requests,
               .pulses = power_on ? 0 : channel.pulses};
  }
  due_at_ = no_event;
  update_interrupts();
}

void Dma::set_request(unsigned channel, DmaSource source, bool level) {
  const std::uint64_t bit = std::uint64_t{1} << static_cast<unsigned>(source);
  Channel& target = channels_.at(channel - 1);
  const std::uint64_t before = target.requests;
  target.requests = level ? before | bit : before & ~bit;
  target.pulses &= ~bit;
  if (target.requests != before) schedule();
}

void Dma::pulse_request(unsigned channel, DmaSource source) {
  set_request(channel, source, true);
  channels_.at(channel - 1).pulses |= std::uint64_t{1} << static_cast<unsigned>(source);
}

// Without HCLK nothing is moved; what was due takes its time once the clock is back.
void Dma::clocks_changed() {
  if (chip_.hclk_hz() == 0) {
    due_at_ = no_event;
  } else {
    schedule();
  }
}

std::uint32_t Dma::read_register(std::uint32_t offset) {
  if (offset == isr) return status_;
  if (offset == ifcr) return 0;
  const unsigned index = (offset - first_channel) / channel_size;
  if (index >= config_.channels) return unmodelled_read(offset);
  const Channel& channel = channels_[index];
  switch ((offset - first_channel) % channel_size) {
    case ccr:
      return channel.control;
    case cndtr:
      return channel.count;
    case cpar:
      return channel.peripheral;
    case cmar:
      return channel.memory;
    default:
      return unmodelled_read(offset);
  }
}

void Dma::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == ifcr) {
    for (unsigned index = 0; index < config_.channels; ++index) {
      const std::uint32_t cleared = value >> (4 * index) & 15u;
      // CGIF clears the channel's four flags.
      status_ &= ~(((cleared & any_flag) != 0 ? 15u : cleared) << (4 * index));
      if ((status_ >> (4 * index) & 14u) == 0) status_ &= ~(any_flag << (4 * index));
    }
  } else if (offset >= first_channel &&
             (offset - first_channel) / channel_size < config_.channels) {
    write_channel((offset - first_channel) / channel_size, (offset - first_channel) % channel_size,
                  value);
  } else if (offset != isr) {
    unmodelled_write(offset, value);
  }
  update_interrupts();
  schedule();
}

void Dma::write_channel(unsigned index, std::uint32_t field, std::uint32_t value) {
  Channel& channel = channels_[index];
  const bool enabled = (channel.control & enable) != 0;
  if (field == ccr) {
    channel.control = value & 0x7FFFu;
    if (!enabled && (value & enable) != 0) {
      channel.reload = channel.count;
      channel.next_peripheral = channel.peripheral;
      channel.next_memory = channel.memory;
    }
  } else if (enabled) {
    return;  // CNDTR, CPAR and CMAR are read-only while the channel runs
  } else if (field == cndtr) {
    channel.count = value & 0xFFFFu;
  } else if (field == cpar) {
    channel.peripheral = value;
  } else if (field == cmar) {
    channel.memory = value;
  }
}

bool Dma::ready(const Channel& channel) const {
  return (channel.control & enable) != 0 && channel.count > 0 &&
         (channel.requests != 0 || (channel.control & memory_to_memory) != 0);
}

/// The highest priority level wins, then the lowest channel number.
std::optional<unsigned> Dma::next_channel() const {
  std::optional<unsigned> best;
  const auto level = [this](unsigned index) { return channels_[index].control >> 12 & 3u; };
  for (unsigned index = 0; index < config_.channels; ++index) {
    if (ready(channels_[index]) && (!best || level(index) > level(*best))) best = index;
  }
  return best;
}

void Dma::schedule() {
  const auto index = next_channel();
  if (!index) {
    due_at_ = no_event;
    return;
  }
  if (due_at_ != no_event) return;
  due_at_ = later(chip_.now(), cycles_to_time(cycles_per_transfer, chip_.hclk_hz()));
  chip_.reschedule();
}

void Dma::advance(Picoseconds now) {
  if (due_at_ > now) return;
  due_at_ = no_event;
  if (const auto index = next_channel()) transfer(*index);
  update_interrupts();
  schedule();
}

void Dma::transfer(unsigned index) {
  Channel& channel = channels_[index];
  // Taken back first: what the transfer does may raise the next request.
  channel.requests &= ~channel.pulses;
  channel.pulses = 0;
  if (!move(channel)) {
    channel.control &= ~enable;
    set_flags(index, error_flag);
    return;
  }
  --channel.count;
  if (channel.count == channel.reload / 2) set_flags(index, half_flag);
  if (channel.count > 0) return;
  set_flags(index, complete_flag);
  if ((channel.control & circular) != 0) {
    channel.count = channel.reload;
    channel.next_peripheral = channel.peripheral;
    channel.next_memory = channel.memory;
  }
}

/// False where the bus answers with an error.
bool Dma::move(Channel& channel) {
  const unsigned peripheral_width = width(channel.control >> 8);
  const unsigned memory_width = width(channel.control >> 10);
  const bool outwards = (channel.control & from_memory) != 0;
  // Address bits below the width are ignored.
  const std::uint32_t peripheral = channel.next_peripheral & ~(peripheral_width - 1);
  const std::uint32_t memory = channel.next_memory & ~(memory_width - 1);
  const std::uint32_t source = outwards ? memory : peripheral;
  const std::uint32_t target = outwards ? peripheral : memory;
  if (!chip_.bus_answers(source, false) || !chip_.bus_answers(target, true)) return false;
  if ((channel.control & peripheral_increment) != 0) channel.next_peripheral += peripheral_width;
  if ((channel.control & memory_increment) != 0) channel.next_memory += memory_width;
  const std::uint32_t value = chip_.bus_read(source, outwards ? memory_width : peripheral_width);
  chip_.bus_write(target, value, outwards ? peripheral_width : memory_width);
  return true;
}

void Dma::set_flags(unsigned index, std::uint32_t flags) {
  status_ |= (flags | any_flag) << (4 * index);
}

void Dma::update_interrupts() {
  for (unsigned index = 0; index < config_.channels; ++index) {
    const std::uint32_t wanted = channels_[index].control & interrupt_enables;
    chip_.set_irq(config_.first_irq + index, (status_ >> (4 * index) & wanted) != 0);
  }
}

void Dma::serialize(Saver& saver) {
  saver.section(name());
  saver(status_, channels_, due_at_);
}

}  // namespace goldcrest::board
