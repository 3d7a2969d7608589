// SPDX-License-Identifier: MIT
#include "host/board/adc.hpp"

#include <algorithm>
#include <optional>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  sr = 0x00,
  cr1 = 0x04,
  cr2 = 0x08,
  smpr1 = 0x0C,
  jofr1 = 0x18,
  htr = 0x28,
  ltr = 0x2C,
  sqr1 = 0x30,
  sqr5 = 0x40,
  jsqr = 0x44,
  jdr1 = 0x48,
  jdr4 = 0x54,
  dr = 0x58,
  smpr0 = 0x5C,
  csr = 0x300,
  ccr = 0x304,
};

namespace status {
constexpr std::uint32_t watchdog = 1u << 0;
constexpr std::uint32_t end = 1u << 1;
constexpr std::uint32_t injected_end = 1u << 2;
constexpr std::uint32_t injected_start = 1u << 3;
constexpr std::uint32_t start = 1u << 4;
constexpr std::uint32_t overrun = 1u << 5;
constexpr std::uint32_t ready = 1u << 6;
constexpr std::uint32_t flags = 0x3F;
}  // namespace status

// CR1
constexpr std::uint32_t end_interrupt = 1u << 5;
constexpr std::uint32_t watchdog_interrupt = 1u << 6;
constexpr std::uint32_t injected_interrupt = 1u << 7;
constexpr std::uint32_t scan = 1u << 8;
constexpr std::uint32_t watchdog_single = 1u << 9;
constexpr std::uint32_t discontinuous = 3u << 11;
constexpr std::uint32_t watchdog_on = 1u << 23;
constexpr std::uint32_t overrun_interrupt = 1u << 26;

// CR2
constexpr std::uint32_t on = 1u << 0;
constexpr std::uint32_t continuous = 1u << 1;
constexpr std::uint32_t delay = 7u << 4;
constexpr std::uint32_t dma_on = 1u << 8;
constexpr std::uint32_t end_of_each = 1u << 10;
constexpr std::uint32_t left = 1u << 11;
constexpr std::uint32_t injected_software_start = 1u << 22;
constexpr std::uint32_t external_triggers = 3u << 20 | 3u << 28;
constexpr std::uint32_t software_start = 1u << 30;

constexpr std::uint32_t sensors_on = 1u << 23;  // CCR.TSVREFE

/// Bits that exist, from SR to SMPR0; SR, JDR and DR are not written.
constexpr std::array<std::uint32_t, 24> masks{
    0,          0x07C3FFFF, 0x3F3F0F77, 0x3FFFFFFF, 0x3FFFFFFF, 0x3FFFFFFF, 0xFFF,      0xFFF,
    0xFFF,      0xFFF,      0xFFF,      0xFFF,      0x01FFFFFF, 0x3FFFFFFF, 0x3FFFFFFF, 0x3FFFFFFF,
    0x3FFFFFFF, 0x003FFFFF, 0,          0,          0,          0,          0,          0x3F};

constexpr Picoseconds start_up = 3'500'000;  // tSTAB, STM32L152xE datasheet
constexpr unsigned temperature_channel = 16;
constexpr unsigned reference_channel = 17;
constexpr std::uint32_t full_scale = 0xFFF;
constexpr std::uint32_t reference_at_3_3_v = 1519;
constexpr std::uint32_t temperature_at_3_3_v = 589;

/// Where a channel comes from, STM32L152xE datasheet "Pin definitions".
std::optional<Pin> channel_pin(unsigned channel) {
  if (channel < 8) return Pin{0, channel};
  if (channel < 10) return Pin{1, channel - 8};
  if (channel < 16) return Pin{2, channel - 10};
  if (channel >= 18 && channel < 22) return Pin{1, channel - 6};
  if (channel >= 22 && channel < 26) return Pin{4, channel - 15};
  return std::nullopt;
}

}  // namespace

Adc::Adc(Chip& chip, Rcc& rcc, Pins& pins, DmaLine dma)
    : RegisterBlock(chip, "ADC", NarrowWrite::duplicate), rcc_(rcc), pins_(pins), dma_(dma) {
  rcc_.add_listener(*this);
}

void Adc::reset(bool /*power_on*/) {
  registers_.fill(0);
  registers_[htr / 4] = full_scale;
  common_ = 0;
  waits_for_hsi_ = converting_ = false;
  ready_at_ = converted_at_ = injected_at_ = no_event;
  rank_ = 0;
  dma_.set(false);
  update_interrupt();
}

void Adc::clocks_changed() {
  if (waits_for_hsi_ && rcc_.hsi_ready()) power_up();
}

void Adc::power_up() {
  waits_for_hsi_ = !rcc_.hsi_ready();
  if (waits_for_hsi_) return;
  ready_at_ = chip_.now() + start_up;
  chip_.reschedule();
}

// --- registers -----------------------------------------------------------------------------------

std::uint32_t Adc::peek_register(std::uint32_t offset) {
  if (offset / 4 < register_count) return registers_[offset / 4];
  if (offset == csr) return registers_[0] & 0x7F;
  if (offset == ccr) return common_;
  return unmodelled_read(offset);
}

std::uint32_t Adc::read_register(std::uint32_t offset) {
  const std::uint32_t value = peek_register(offset);
  if (offset == dr) {
    const bool waited = held_back();
    registers_[0] &= ~status::end;
    update_interrupt();
    if (waited) begin_conversion();
  }
  return value;
}

void Adc::write_register(std::uint32_t offset, std::uint32_t value) {
  if (offset == sr) {
    const bool waited = held_back();
    registers_[0] &= value | ~status::flags;  // rc_w0
    update_interrupt();
    if (waited && !held_back()) begin_conversion();
  } else if (offset == cr1) {
    write_control_1(value);
  } else if (offset == cr2) {
    write_control_2(value);
  } else if (offset / 4 < register_count) {
    std::uint32_t& stored = registers_[offset / 4];
    stored = (stored & ~masks[offset / 4]) | (value & masks[offset / 4]);
  } else if (offset == ccr) {
    common_ = value & 0x0083'0000u;
  } else if (offset != csr) {
    unmodelled_write(offset, value);
  }
}

void Adc::write_control_1(std::uint32_t value) {
  registers_[cr1 / 4] = value & masks[cr1 / 4];
  if ((value & discontinuous) != 0) unmodelled("discontinuous mode");
  update_interrupt();
}

void Adc::write_control_2(std::uint32_t value) {
  const std::uint32_t before = registers_[cr2 / 4];
  registers_[cr2 / 4] = value & masks[cr2 / 4];
  if ((value & external_triggers) != 0) unmodelled("external triggers");
  if ((value & on) == 0) {
    registers_[0] &= ~status::ready;
    waits_for_hsi_ = converting_ = false;
    ready_at_ = converted_at_ = injected_at_ = no_event;
    return;
  }
  if ((before & on) == 0) power_up();
  if ((registers_[0] & status::ready) == 0) return;
  if ((value & software_start) != 0) start_regular();
  if ((value & injected_software_start) != 0) start_injected();
}

void Adc::update_interrupt() {
  const std::uint32_t flags = registers_[0];
  const std::uint32_t enables = reg(cr1);
  const auto raised = [&](std::uint32_t flag, std::uint32_t enable) {
    return (flags & flag) != 0 && (enables & enable) != 0;
  };
  chip_.set_irq(irq, raised(status::end, end_interrupt) ||
                         raised(status::injected_end, injected_interrupt) ||
                         raised(status::watchdog, watchdog_interrupt) ||
                         raised(status::overrun, overrun_interrupt));
}

// --- conversions ---------------------------------------------------------------------------------

unsigned Adc::regular_channel(unsigned rank) const {
  const std::uint32_t offset = sqr5 - 4 * (rank / 6);
  return reg(offset) >> (5 * (rank % 6)) & 31u;
}

/// JSQ1 … JSQ4; a sequence of JL + 1 conversions ends with JSQ4.
unsigned Adc::injected_channel(unsigned rank) const {
  const unsigned length = (reg(jsqr) >> 20 & 3u) + 1;
  return reg(jsqr) >> (5 * (4 - length + rank)) & 31u;
}

Picoseconds Adc::conversion_time(unsigned channel) const {
  constexpr std::array<std::uint32_t, 8> sampling{4, 9, 16, 24, 48, 96, 192, 384};
  constexpr std::array<std::uint32_t, 4> half_cycles{25, 21, 17, 13};  // by resolution
  const std::uint32_t offset = channel < 30 ? smpr1 + 8 - 4 * (channel / 10) : smpr0;
  const std::uint32_t code = reg(offset) >> (3 * (channel % 10)) & 7u;
  const std::uint32_t clock = Rcc::hsi_hz >> std::min(common_ >> 16 & 3u, 2u);
  return cycles_to_time(2 * sampling[code] + half_cycles[reg(cr1) >> 24 & 3u], 2 * clock);
}

void Adc::start_regular() {
  if (converting_) return;
  converting_ = true;
  rank_ = 0;
  registers_[0] |= status::start;
  begin_conversion();
}

void Adc::begin_conversion() {
  converted_at_ = later(chip_.now(), conversion_time(regular_channel(rank_)));
  chip_.reschedule();
}

/// The next conversion waits for the last datum: DELS asks for it; or nobody could tell that it was
/// made, because the flag stands and neither DMA nor the overrun flag looks at the datum.
bool Adc::held_back() const {
  if (!converting_ || converted_at_ != no_event || (registers_[0] & status::end) == 0) return false;
  return (reg(cr2) & delay) != 0 || (reg(cr2) & (dma_on | end_of_each)) == 0;
}

void Adc::end_regular() {
  converted_at_ = no_event;
  const bool watches = (reg(cr2) & (dma_on | end_of_each)) != 0;
  if (watches && (registers_[0] & status::end) != 0) registers_[0] |= status::overrun;
  registers_[dr / 4] = measure(regular_channel(rank_));
  const unsigned length = (reg(cr1) & scan) != 0 ? (reg(sqr1) >> 20 & 31u) + 1 : 1;
  const bool last = rank_ + 1u >= length || rank_ + 1u >= 28;
  if (last || watches) registers_[0] |= status::end;
  if ((reg(cr2) & dma_on) != 0) dma_.pulse();
  rank_ = last ? 0 : static_cast<std::uint8_t>(rank_ + 1);
  converting_ = !last || (reg(cr2) & continuous) != 0;
  update_interrupt();
  if (converting_ && !held_back()) begin_conversion();
}

void Adc::start_injected() {
  if (injected_at_ != no_event) return;
  registers_[0] |= status::injected_start;
  injected_at_ = chip_.now();
  for (unsigned rank = 0; rank <= (reg(jsqr) >> 20 & 3u); ++rank) {
    injected_at_ = later(injected_at_, conversion_time(injected_channel(rank)));
  }
  chip_.reschedule();
}

void Adc::end_injected() {
  injected_at_ = no_event;
  for (unsigned rank = 0; rank <= (reg(jsqr) >> 20 & 3u); ++rank) {
    const std::uint32_t value = measure(injected_channel(rank)) - reg(jofr1 + 4 * rank);
    registers_.at((jdr1 + 4 * rank) / 4) = value & 0xFFFFu;  // sign-extended to 16 bits
  }
  registers_[0] |= status::injected_end;
  update_interrupt();
}

std::uint32_t Adc::input(unsigned channel) const {
  const bool sensors = (common_ & sensors_on) != 0;
  if (channel == temperature_channel) return sensors ? temperature_at_3_3_v : 0;
  if (channel == reference_channel) return sensors ? reference_at_3_3_v : 0;
  const std::optional<Pin> pin = channel_pin(channel);
  return pin && pins_.level(*pin) ? full_scale : 0;
}

/// Converts, compares with the analog watchdog's window, and aligns.
std::uint32_t Adc::measure(unsigned channel) {
  const std::uint32_t resolution = reg(cr1) >> 24 & 3u;
  const std::uint32_t value = input(channel) >> (2 * resolution);
  const bool watched = (reg(cr1) & watchdog_single) == 0 || (reg(cr1) & 31u) == channel;
  if ((reg(cr1) & watchdog_on) != 0 && watched && (value > reg(htr) || value < reg(ltr))) {
    registers_[0] |= status::watchdog;
  }
  constexpr std::array<unsigned, 4> left_shifts{4, 6, 8, 2};
  return (reg(cr2) & left) != 0 ? value << left_shifts[resolution] : value;
}

Picoseconds Adc::next_event() const {
  return std::min({ready_at_, converted_at_, injected_at_});
}

void Adc::advance(Picoseconds now) {
  if (ready_at_ <= now) {
    ready_at_ = no_event;
    registers_[0] |= status::ready;
  }
  if (converted_at_ <= now) end_regular();
  if (injected_at_ <= now) end_injected();
}

void Adc::serialize(Saver& saver) {
  saver.section(name());
  saver(registers_, common_, waits_for_hsi_, ready_at_, rank_, converting_, converted_at_,
        injected_at_);
  if (rank_ >= 28) saver.fail("the ADC's sequence is out of range");
}

}  // namespace goldcrest::board
