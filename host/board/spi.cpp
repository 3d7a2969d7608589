// SPDX-License-Identifier: MIT
#include "host/board/spi.hpp"

#include <algorithm>

#include "host/board/clock_time.hpp"

namespace goldcrest::board {
namespace {

enum Offset : std::uint32_t {
  cr1 = 0x00,
  cr2 = 0x04,
  sr = 0x08,
  dr = 0x0C,
  crcpr = 0x10,
  rxcrcr = 0x14,
  txcrcr = 0x18,
  i2scfgr = 0x1C,
  i2spr = 0x20,
};

// CR1
constexpr std::uint32_t clock_phase_bit = 1u << 0;
constexpr std::uint32_t clock_polarity_bit = 1u << 1;
constexpr std::uint32_t master = 1u << 2;
constexpr std::uint32_t spi_enable = 1u << 6;
constexpr std::uint32_t least_significant_first = 1u << 7;
constexpr std::uint32_t internal_select = 1u << 8;
constexpr std::uint32_t software_select = 1u << 9;
constexpr std::uint32_t receive_only_bit = 1u << 10;
constexpr std::uint32_t sixteen_bits = 1u << 11;
constexpr std::uint32_t crc_next = 1u << 12;
constexpr std::uint32_t crc_enable = 1u << 13;
constexpr std::uint32_t one_line_output = 1u << 14;
constexpr std::uint32_t one_line = 1u << 15;

// CR2
constexpr std::uint32_t dma_receive = 1u << 0;
constexpr std::uint32_t dma_transmit = 1u << 1;
constexpr std::uint32_t ti_frame = 1u << 4;
constexpr std::uint32_t error_interrupt = 1u << 5;
constexpr std::uint32_t receive_interrupt = 1u << 6;
constexpr std::uint32_t transmit_interrupt = 1u << 7;

// SR
constexpr std::uint32_t receive_full = 1u << 0;
constexpr std::uint32_t transmit_empty = 1u << 1;
constexpr std::uint32_t channel_side = 1u << 2;
constexpr std::uint32_t crc_error = 1u << 4;
constexpr std::uint32_t mode_fault = 1u << 5;
constexpr std::uint32_t overrun = 1u << 6;
constexpr std::uint32_t busy = 1u << 7;

// I2SCFGR
constexpr std::uint32_t long_channel = 1u << 0;
constexpr std::uint32_t long_data = 3u << 1;
constexpr std::uint32_t i2s_receives = 1u << 8;
constexpr std::uint32_t i2s_master = 1u << 9;
constexpr std::uint32_t i2s_enable = 1u << 10;
constexpr std::uint32_t i2s_mode = 1u << 11;
// I2SPR
constexpr std::uint32_t odd_factor = 1u << 8;
constexpr std::uint32_t master_clock_output = 1u << 9;

constexpr std::uint8_t reversed(std::uint8_t byte) {
  unsigned result = 0;
  for (unsigned bit = 0; bit < 8; ++bit) result |= (byte >> bit & 1u) << (7 - bit);
  return static_cast<std::uint8_t>(result);
}

}  // namespace

Spi::Spi(Chip& chip, const Pins& pins, const SpiConfig& config)
    : RegisterBlock(chip, config.name, NarrowWrite::duplicate), pins_(pins), config_(config) {}

void Spi::connect(SpiDevice& device, const SpiWiring& wiring) {
  device_ = &device;
  wiring_ = wiring;
}

void Spi::reset(bool /*power_on*/) {
  control1_ = control2_ = 0;
  status_ = transmit_empty;
  polynomial_ = 7;
  transmit_crc_ = receive_crc_ = 0;
  crc_phase_ = false;
  i2s_configuration_ = 0;
  i2s_prescaler_ = 2;
  transmit_data_ = receive_data_ = shifting_ = 0;
  overrun_data_read_ = mode_fault_seen_ = false;
  frame_end_ = no_event;
  update();
}

bool Spi::enabled() const {
  return (control1_ & spi_enable) != 0;
}
bool Spi::is_master() const {
  return (control1_ & master) != 0;
}

bool Spi::receive_only() const {
  if ((control1_ & one_line) != 0) return (control1_ & one_line_output) == 0;
  return (control1_ & receive_only_bit) != 0;
}

bool Spi::transmit_only() const {
  return (control1_ & (one_line | one_line_output)) == (one_line | one_line_output);
}

/// A frame can be sent: there is a datum, or it is the CRC's turn.
bool Spi::frame_waits() const {
  return (status_ & transmit_empty) == 0 || crc_is_next();
}

bool Spi::crc_is_next() const {
  return (control1_ & (crc_enable | crc_next)) == (crc_enable | crc_next);
}

Picoseconds Spi::frame_time() const {
  if (i2s_enabled()) return cycles_to_time(i2s_word_clocks(), chip_.hclk_hz());
  const std::uint32_t clock = config_.bus == 1 ? chip_.pclk2_hz() : chip_.pclk1_hz();
  const std::uint64_t bits = (control1_ & sixteen_bits) != 0 ? 16 : 8;
  return cycles_to_time(bits << ((control1_ >> 3 & 7u) + 1), clock);
}

std::uint32_t Spi::read_register(std::uint32_t offset) {
  switch (offset) {
    case cr1:
      return control1_;
    case cr2:
      return control2_;
    case sr:
      return read_status();
    case dr:
      return read_data();
    case crcpr:
      return polynomial_;
    case rxcrcr:
      return receive_crc_;
    case txcrcr:
      return transmit_crc_;
    case i2scfgr:
      return i2s_configuration_;
    case i2spr:
      return i2s_prescaler_;
    default:
      return unmodelled_read(offset);
  }
}

void Spi::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case cr1:
      write_control(value & 0xFFFFu);
      break;
    case cr2:
      control2_ = value & 0x00F7u;
      break;
    case sr:
      status_ &= value | ~crc_error;
      break;
    case dr:
      write_data(value & 0xFFFFu);
      break;
    case crcpr:
      polynomial_ = value & 0xFFFFu;
      break;
    case rxcrcr:
    case txcrcr:
      break;
    case i2scfgr:
      write_i2s(value);
      break;
    case i2spr:
      if (config_.i2s) i2s_prescaler_ = value & 0x3FFu;
      break;
    default:
      unmodelled_write(offset, value);
      break;
  }
  update();
}

std::uint32_t Spi::read_status() {
  const std::uint32_t status = status_;
  if (overrun_data_read_) {
    status_ &= ~overrun;
    overrun_data_read_ = false;
    update();
  }
  mode_fault_seen_ = (status & mode_fault) != 0;
  return status;
}

std::uint32_t Spi::read_data() {
  if ((status_ & overrun) != 0) overrun_data_read_ = true;
  status_ &= ~receive_full;
  update();
  return receive_data_;
}

void Spi::write_control(std::uint32_t value) {
  if (mode_fault_seen_) {
    status_ &= ~mode_fault;
    mode_fault_seen_ = false;
  }
  if ((value & ~control1_ & crc_enable) != 0) transmit_crc_ = receive_crc_ = 0;
  control1_ = value;
  check_mode_fault();
  if (!enabled() || !is_master() || frame_end_ != no_event) return;
  if (receive_only() || frame_waits()) start_frame(chip_.now());
}

// A master whose select input is low steps down (RM0038 "Master mode fault"). The NSS pins of this
// board are open, so only the software select can cause it.
void Spi::check_mode_fault() {
  if (!is_master() || (control1_ & software_select) == 0) return;
  if ((control1_ & internal_select) != 0) return;
  status_ |= mode_fault;
  control1_ &= ~(spi_enable | master);
}

void Spi::write_data(std::uint32_t value) {
  transmit_data_ = value;
  status_ &= ~transmit_empty;
  if (frame_end_ != no_event) return;
  const bool sends = i2s_enabled()
                         ? (i2s_configuration_ & (i2s_receives | i2s_master)) == i2s_master
                         : enabled() && is_master() && !receive_only();
  if (sends) start_frame(chip_.now());
}

void Spi::start_frame(Picoseconds at) {
  const bool has_datum = (status_ & transmit_empty) == 0 && !receive_only();
  crc_phase_ = !has_datum && crc_is_next();
  if (crc_phase_) {
    shifting_ = transmit_crc_;
  } else if (receive_only()) {
    shifting_ = 0;
  } else {
    shifting_ = transmit_data_;
    status_ |= transmit_empty;
  }
  status_ |= busy;
  frame_end_ = later(at, frame_time());
  chip_.reschedule(*this);
}

void Spi::finish_frame(Picoseconds at) {
  frame_end_ = no_event;
  if (i2s_enabled()) {
    finish_i2s_word(at);
    return;
  }
  take_frame(exchange_frame(shifting_));
  if (enabled() && is_master() && (receive_only() || frame_waits())) {
    start_frame(at);
  } else {
    status_ &= ~busy;
  }
}

/// What one frame has brought, as master or slave.
void Spi::take_frame(std::uint32_t received) {
  if (crc_phase_) {
    if (received != receive_crc_ && !transmit_only()) status_ |= crc_error;
    control1_ &= ~crc_next;
    crc_phase_ = false;
  } else if ((control1_ & crc_enable) != 0) {
    add_to_crc(transmit_crc_, shifting_);
    add_to_crc(receive_crc_, received);
  }
  if (!transmit_only()) receive(received);
}

void Spi::receive(std::uint32_t word) {
  if ((status_ & receive_full) != 0) {
    status_ |= overrun;  // the new frame is lost
    overrun_data_read_ = false;
  } else {
    receive_data_ = word;
    status_ |= receive_full;
  }
}

/// The CRC takes the bits as they are on the wire.
void Spi::add_to_crc(std::uint32_t& crc, std::uint32_t word) const {
  const unsigned bits = (control1_ & sixteen_bits) != 0 ? 16 : 8;
  const std::uint32_t top = 1u << (bits - 1);
  for (unsigned index = 0; index < bits; ++index) {
    const unsigned place = (control1_ & least_significant_first) != 0 ? index : bits - 1 - index;
    const bool out = ((crc & top) != 0) != ((word >> place & 1u) != 0);
    crc = (crc << 1 ^ (out ? polynomial_ : 0u)) & (2 * top - 1);
  }
}

std::optional<std::uint32_t> Spi::clock_slave(std::uint32_t mosi) {
  // Only the software select is modelled: SSI says whether the slave is chosen.
  const bool chosen = (control1_ & software_select) != 0 && (control1_ & internal_select) == 0;
  if (!enabled() || is_master() || !chosen) return std::nullopt;
  // Without a new datum the old one goes out again.
  crc_phase_ = (status_ & transmit_empty) != 0 && crc_is_next();
  shifting_ = crc_phase_ ? transmit_crc_ : transmit_data_;
  status_ |= transmit_empty;
  const std::uint32_t width = (control1_ & sixteen_bits) != 0 ? 0xFFFFu : 0xFFu;
  const std::uint32_t out = shifting_ & width;
  take_frame(mosi & width);
  update();
  return out;
}

// --- I2S -----------------------------------------------------------------------------------------

bool Spi::i2s_enabled() const {
  return (i2s_configuration_ & (i2s_mode | i2s_enable)) == (i2s_mode | i2s_enable);
}

/// Clocks of one 16-bit word in the data register: half a channel of 32 bits if the data are
/// longer.
std::uint64_t Spi::i2s_word_clocks() const {
  const bool halves = (i2s_configuration_ & long_data) != 0;
  const bool wide = (i2s_configuration_ & long_channel) != 0 && !halves;
  const std::uint64_t half = std::max(i2s_prescaler_ & 0xFFu, 2u);  // 0 and 1 are forbidden
  const std::uint64_t divider = 2 * half + ((i2s_prescaler_ & odd_factor) != 0 ? 1u : 0u);
  // With the master clock there are 256 of its clocks to a pair of channels.
  if ((i2s_prescaler_ & master_clock_output) != 0) return (halves ? 64u : 128u) * divider;
  return (wide ? 32u : 16u) * divider;
}

void Spi::write_i2s(std::uint32_t value) {
  if (!config_.i2s) return;
  const bool was_enabled = i2s_enabled();
  i2s_configuration_ = value & 0xFBFu;
  if (was_enabled && !i2s_enabled()) {
    frame_end_ = no_event;
    status_ &= ~(busy | channel_side);
    i2s_second_half_ = false;
  }
  // A master starts by itself; a slave waits for a clock that never comes.
  const bool is_i2s_master = (i2s_configuration_ & i2s_master) != 0;
  const bool receives = (i2s_configuration_ & i2s_receives) != 0;
  const bool waits = (status_ & transmit_empty) == 0;
  if (!was_enabled && i2s_enabled() && is_i2s_master && (receives || waits)) {
    start_frame(chip_.now());
  }
}

void Spi::finish_i2s_word(Picoseconds at) {
  const bool halves = (i2s_configuration_ & long_data) != 0;
  const bool receives = (i2s_configuration_ & i2s_receives) != 0;
  if (!halves || i2s_second_half_) status_ ^= channel_side;
  i2s_second_half_ = halves && !i2s_second_half_;
  if (receives) receive(0);
  if ((i2s_configuration_ & i2s_master) != 0 && (receives || (status_ & transmit_empty) == 0)) {
    start_frame(at);
  } else {
    status_ &= ~busy;
  }
}

// --- the bus -------------------------------------------------------------------------------------

std::uint32_t Spi::exchange_frame(std::uint32_t word) {
  if ((control1_ & sixteen_bits) == 0) return exchange(static_cast<std::uint8_t>(word));
  const bool low_first = (control1_ & least_significant_first) != 0;
  const auto high = static_cast<std::uint8_t>(word >> 8);
  const auto low = static_cast<std::uint8_t>(word);
  const std::uint32_t first = exchange(low_first ? low : high);
  const std::uint32_t second = exchange(low_first ? high : low);
  return low_first ? first | second << 8 : first << 8 | second;
}

std::uint8_t Spi::exchange(std::uint8_t mosi) {
  if (device_ == nullptr || !device_hears()) return 0xFF;
  const bool swap = (control1_ & least_significant_first) != 0;
  const bool sends = pins_.has_alternate(wiring_.mosi, wiring_.alternate_function);
  const std::uint8_t out = sends ? (swap ? reversed(mosi) : mosi) : std::uint8_t{0};
  const std::uint8_t in = device_->transfer(out);
  if (!pins_.has_alternate(wiring_.miso, wiring_.alternate_function)) return 0;
  return swap ? reversed(in) : in;
}

bool Spi::device_hears() const {
  if (!pins_.has_alternate(wiring_.sck, wiring_.alternate_function)) return false;
  const bool mode_fits = (control2_ & ti_frame) == 0 &&
                         ((control1_ & clock_phase_bit) != 0) == wiring_.clock_phase &&
                         ((control1_ & clock_polarity_bit) != 0) == wiring_.clock_polarity;
  const std::uint32_t clock = config_.bus == 1 ? chip_.pclk2_hz() : chip_.pclk1_hz();
  const std::uint32_t sck = clock >> ((control1_ >> 3 & 7u) + 1);
  const bool speed_fits = wiring_.max_hz == 0 || sck <= wiring_.max_hz;
  if ((!mode_fits || !speed_fits) && chip_.tracing("radio")) {
    chip_.trace("radio", mode_fits ? "SPI clock too fast for the device"
                                   : "SPI mode that the device does not understand");
  }
  return mode_fits && speed_fits;
}

void Spi::advance(Picoseconds now) {
  while (frame_end_ <= now) finish_frame(frame_end_);
  update();
}

void Spi::update() {
  const bool error = (status_ & (overrun | mode_fault | crc_error)) != 0;
  const bool level = ((control2_ & receive_interrupt) != 0 && (status_ & receive_full) != 0) ||
                     ((control2_ & transmit_interrupt) != 0 && (status_ & transmit_empty) != 0) ||
                     ((control2_ & error_interrupt) != 0 && error);
  chip_.set_irq(config_.irq, level);
  config_.dma_tx.set((control2_ & dma_transmit) != 0 && (status_ & transmit_empty) != 0 &&
                     (enabled() || i2s_enabled()));
  config_.dma_rx.set((control2_ & dma_receive) != 0 && (status_ & receive_full) != 0);
}

void Spi::serialize(Saver& saver) {
  saver.section(name());
  saver(control1_, control2_, status_, polynomial_, transmit_data_, receive_data_, shifting_,
        overrun_data_read_, mode_fault_seen_, frame_end_, transmit_crc_, receive_crc_, crc_phase_,
        i2s_configuration_, i2s_prescaler_, i2s_second_half_);
}

}  // namespace goldcrest::board
