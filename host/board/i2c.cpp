// SPDX-License-Identifier: MIT
#include "host/board/i2c.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  cr1 = 0x00,
  cr2 = 0x04,
  oar1 = 0x08,
  oar2 = 0x0C,
  dr = 0x10,
  sr1 = 0x14,
  sr2 = 0x18,
  ccr = 0x1C,
  trise = 0x20,
};

// CR1
constexpr std::uint32_t pe = 1u << 0;
constexpr std::uint32_t smbus_or_pec = 1u << 1 | 1u << 4 | 1u << 5 | 1u << 12 | 1u << 13;
constexpr std::uint32_t start_bit = 1u << 8;
constexpr std::uint32_t stop_bit = 1u << 9;
constexpr std::uint32_t swrst = 1u << 15;
constexpr std::uint32_t cr1_mask = 0xBFFB;
// CR2
constexpr std::uint32_t iterren = 1u << 8;
constexpr std::uint32_t itevten = 1u << 9;
constexpr std::uint32_t cr2_mask = 0x1F3F;
// SR1
constexpr std::uint32_t sb = 1u << 0;
constexpr std::uint32_t af = 1u << 10;
constexpr std::uint32_t cleared_by_zero = 0xDF00;
// SR2
constexpr std::uint32_t msl_and_busy = 3u;
// CCR
constexpr std::uint32_t fast = 1u << 15;
constexpr std::uint32_t duty = 1u << 14;

/// PCLK1 cycles of an SCL period (RM0038, I2C_CCR).
std::uint64_t cycles_per_scl(std::uint32_t clock_control) {
  const std::uint64_t count = std::max(clock_control & 0xFFFu, 1u);
  if ((clock_control & fast) == 0) return 2 * count;
  return ((clock_control & duty) == 0 ? 3u : 25u) * count;
}

}  // namespace

I2c::I2c(Chip& chip, const I2cConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate), config_(config) {}

void I2c::reset(bool /*power_on*/) {
  control1_ = control2_ = own_address1_ = own_address2_ = clock_control_ = data_ = 0;
  rise_time_ = 2;
  clear_bus();
}

// What PE = 0 and SWRST do: lines let go, status as after reset.
void I2c::clear_bus() {
  control1_ &= ~(start_bit | stop_bit);
  status1_ = 0;
  status1_seen_ = master_ = false;
  phase_ = Phase::none;
  phase_end_ = no_event;
  update_interrupts();
}

std::uint32_t I2c::peek_register(std::uint32_t offset) {
  switch (offset) {
    case cr1:
      return control1_;
    case cr2:
      return control2_;
    case oar1:
      return own_address1_;
    case oar2:
      return own_address2_;
    case dr:
      return data_;
    case sr1:
      return status1_;
    case sr2:
      return master_ ? msl_and_busy : 0;
    case ccr:
      return clock_control_;
    case trise:
      return rise_time_;
    default:
      return unmodelled_read(offset);
  }
}

std::uint32_t I2c::read_register(std::uint32_t offset) {
  if (offset == sr1 && (status1_ & sb) != 0) status1_seen_ = true;
  return peek_register(offset);
}

void I2c::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case cr1:
      write_control1(value & cr1_mask);
      break;
    case cr2:
      control2_ = value & cr2_mask;
      break;
    case oar1:
      own_address1_ = value & 0x83FFu;
      break;
    case oar2:
      own_address2_ = value & 0xFFu;
      break;
    case dr:
      data_ = value & 0xFFu;
      write_data();
      break;
    case sr1:
      status1_ &= value | ~cleared_by_zero;
      break;
    case sr2:
      break;  // read-only
    case ccr:
      clock_control_ = value & 0xCFFFu;
      break;
    case trise:
      rise_time_ = value & 0x3Fu;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  update_interrupts();
}

void I2c::write_control1(std::uint32_t value) {
  if ((value & ~control1_ & smbus_or_pec) != 0) unmodelled("SMBus and PEC");
  control1_ = value;
  if ((value & swrst) != 0) {
    reset(false);
    control1_ = swrst;
  } else if ((value & pe) == 0) {
    clear_bus();
  } else {
    next_phase();
  }
}

// After a start condition, the address goes out; with nobody there, nothing else ever does.
void I2c::write_data() {
  if ((status1_ & sb) == 0 || !status1_seen_ || phase_ != Phase::none) return;
  status1_ &= ~sb;
  status1_seen_ = false;
  begin(Phase::address, 9);
}

void I2c::next_phase() {
  if (phase_ != Phase::none) return;
  if ((control1_ & stop_bit) != 0 && master_) {
    begin(Phase::stop, 1);
  } else if ((control1_ & start_bit) != 0) {
    begin(Phase::start, 1);
  }
}

void I2c::begin(Phase phase, unsigned scl_periods) {
  phase_ = phase;
  const auto cycles = scl_periods * cycles_per_scl(clock_control_);
  phase_end_ = later(chip_.now(), cycles_to_time(cycles, chip_.pclk1_hz()));
  chip_.reschedule();
}

void I2c::advance(Picoseconds now) {
  if (phase_end_ > now) return;
  const Phase ended = phase_;
  phase_ = Phase::none;
  phase_end_ = no_event;
  switch (ended) {
    case Phase::none:
      break;
    case Phase::start:
      control1_ &= ~start_bit;
      master_ = true;
      status1_ |= sb;
      break;
    case Phase::address:
      status1_ |= af;
      break;
    case Phase::stop:
      control1_ &= ~stop_bit;
      master_ = false;
      status1_ &= ~sb;
      break;
  }
  next_phase();
  update_interrupts();
}

void I2c::update_interrupts() {
  chip_.set_irq(config_.event_irq, (control2_ & itevten) != 0 && (status1_ & sb) != 0);
  chip_.set_irq(config_.error_irq, (control2_ & iterren) != 0 && (status1_ & af) != 0);
}

void I2c::serialize(Saver& saver) {
  saver.section(name());
  saver(control1_, control2_, own_address1_, own_address2_, clock_control_, rise_time_, data_,
        status1_, status1_seen_, master_, phase_, phase_end_);
  if (saver.loading() && phase_ > Phase::stop) saver.fail("I2C: no such phase");
}

}  // namespace goldcrest::board
