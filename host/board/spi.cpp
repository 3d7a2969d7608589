// SPDX-License-Identifier: MIT
#include "host/board/spi.hpp"

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
constexpr std::uint32_t mode_fault = 1u << 5;
constexpr std::uint32_t overrun = 1u << 6;
constexpr std::uint32_t busy = 1u << 7;

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

Picoseconds Spi::frame_time() const {
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
    case i2scfgr:
      return 0;
    case i2spr:
      return 2;
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
      if ((value & ti_frame) != 0) unmodelled("TI frame format");
      control2_ = value & 0x00F7u;
      break;
    case sr:
      break;  // only CRCERR can be written, and CRC is not modelled
    case dr:
      write_data(value & 0xFFFFu);
      break;
    case crcpr:
      polynomial_ = value & 0xFFFFu;
      break;
    case i2scfgr:
      if ((value & 1u << 11) != 0) unmodelled("I2S mode");
      break;
    case i2spr:
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
  if ((value & crc_enable) != 0) unmodelled("CRC");
  if (mode_fault_seen_) {
    status_ &= ~mode_fault;
    mode_fault_seen_ = false;
  }
  const bool was_enabled = enabled();
  control1_ = value;
  check_mode_fault();
  if (enabled() && !was_enabled && !is_master()) unmodelled("slave mode");
  if (!enabled() || !is_master() || frame_end_ != no_event) return;
  const bool waiting = (status_ & transmit_empty) == 0;
  if (receive_only() || waiting) start_frame(chip_.now());
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
  if (enabled() && is_master() && !receive_only() && frame_end_ == no_event) {
    start_frame(chip_.now());
  }
}

void Spi::start_frame(Picoseconds at) {
  if (receive_only()) {
    shifting_ = 0;
  } else {
    shifting_ = transmit_data_;
    status_ |= transmit_empty;
  }
  status_ |= busy;
  frame_end_ = later(at, frame_time());
  chip_.reschedule();
}

void Spi::finish_frame(Picoseconds at) {
  frame_end_ = no_event;
  std::uint32_t received = 0;
  if ((control1_ & sixteen_bits) != 0) {
    const bool low_first = (control1_ & least_significant_first) != 0;
    const auto high = static_cast<std::uint8_t>(shifting_ >> 8);
    const auto low = static_cast<std::uint8_t>(shifting_);
    const std::uint32_t first = exchange(low_first ? low : high);
    const std::uint32_t second = exchange(low_first ? high : low);
    received = low_first ? first | second << 8 : first << 8 | second;
  } else {
    received = exchange(static_cast<std::uint8_t>(shifting_));
  }
  if (!transmit_only()) {
    if ((status_ & receive_full) != 0) {
      status_ |= overrun;  // the new frame is lost
      overrun_data_read_ = false;
    } else {
      receive_data_ = received;
      status_ |= receive_full;
    }
  }
  const bool waiting = (status_ & transmit_empty) == 0;
  if (enabled() && is_master() && (receive_only() || waiting)) {
    start_frame(at);
  } else {
    status_ &= ~busy;
  }
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
  const bool mode_fits = ((control1_ & clock_phase_bit) != 0) == wiring_.clock_phase &&
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
  const bool error = (status_ & (overrun | mode_fault)) != 0;
  const bool level = ((control2_ & receive_interrupt) != 0 && (status_ & receive_full) != 0) ||
                     ((control2_ & transmit_interrupt) != 0 && (status_ & transmit_empty) != 0) ||
                     ((control2_ & error_interrupt) != 0 && error);
  chip_.set_irq(config_.irq, level);
  config_.dma_tx.set((control2_ & dma_transmit) != 0 && (status_ & transmit_empty) != 0 &&
                     enabled());
  config_.dma_rx.set((control2_ & dma_receive) != 0 && (status_ & receive_full) != 0);
}

void Spi::serialize(Saver& saver) {
  saver.section(name());
  saver(control1_, control2_, status_, polynomial_, transmit_data_, receive_data_, shifting_,
        overrun_data_read_, mode_fault_seen_, frame_end_);
}

}  // namespace goldcrest::board
