// SPDX-License-Identifier: MIT
#include "host/board/spirit1.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/board/clock_time.hpp"
#include "host/board/spirit1_aes.hpp"
#include "host/board/spirit1_names.hpp"

namespace goldcrest::board {

using namespace spirit1;

namespace {

constexpr std::uint8_t write_header = 0x00;
constexpr std::uint8_t read_header = 0x01;
constexpr std::uint8_t command_header = 0x80;

constexpr std::uint8_t aes_on = 0x20;       // ANA_FUNC_CONF0
constexpr std::uint8_t seed_reload = 0x08;  // PROTOCOL1
/// The data sheet gives no time; an encryption is about 440 clocks, deriving the key as many.
constexpr std::uint32_t aes_cycles = 440;

/// Times of a packet that can be reckoned with, also if they come out of a forged state.
bool is_sane(Picoseconds payload_at, Picoseconds byte_time, std::uint32_t bytes) {
  constexpr Picoseconds longest_byte = 16 * static_cast<Picoseconds>(picoseconds_per_second);
  return payload_at >= 0 && payload_at <= no_event / 4 && byte_time >= 1 &&
         byte_time <= longest_byte && bytes <= 0xFFFF;
}

/// The sixteen registers from `first` on, whose last one is the first byte.
AesBlock aes_block(const RegisterFile& file, std::uint8_t first) {
  AesBlock block;
  for (std::size_t index = 0; index < block.size(); ++index)
    block[index] = file[first + 15 - index];
  return block;
}

}  // namespace

void Spirit1::Transmission::serialize(Saver& saver) {
  saver(begin, end, payload_at, byte_time, payload_bytes, fetched, announced, streamed,
        acknowledges, content);
  if (!is_sane(payload_at, byte_time, payload_bytes) || fetched > payload_bytes) {
    saver.fail("the radio sends an impossible packet");
    *this = {};
  }
}

void Spirit1::Reception::serialize(Saver& saver) {
  saver(id, settings.frequency_hz, settings.bitrate, settings.sync_word, settings.preamble_bytes,
        settings.sync_bytes, settings.crc_bytes, settings.whitening);
  saver(preamble_at, sync_at, payload_at, byte_time, rssi_dbm, preamble_seen, sync_seen, overflow,
        stored, fifo_before, payload);
  if (!is_sane(payload_at, byte_time, stored)) {
    saver.fail("the radio receives an impossible packet");
    *this = {};
  }
}

void Spirit1::Exchange::serialize(Saver& saver) {
  saver(content, retransmissions);
}

void Spirit1::Heard::serialize(Saver& saver) {
  saver(source, sequence, checksum);
}

Spirit1::Spirit1(Chip& chip, Pins& pins) : chip_(chip), pins_(pins) {
  pins_.add_listener(*this);
}

void Spirit1::power_on() {
  time_ = chip_.now();
  shut_down();
  selected_ = !pins_.level(chip_select);
  if (!pins_.level(shutdown_pin)) start_up();
}

void Spirit1::pin_changed(Pin pin, bool level) {
  if (driving_pins_) return;
  if (pin == chip_select) select(!level);
  if (pin == shutdown_pin) {
    time_ = chip_.now();
    if (level) {
      shut_down();
    } else if (state_ == State::shutdown) {
      start_up();
    }
  }
  if (!level || state_ == State::shutdown) return;
  for (unsigned index = 0; index < gpio_pins.size(); ++index) {
    const std::uint8_t setting = registers_[gpio0_conf - index];
    const bool input = (setting & 3u) == 1u;
    if (pin == gpio_pins[index] && input) pin_rises(setting >> 3);
  }
}

// --- SPI -----------------------------------------------------------------------------------------

void Spirit1::select(bool selected) {
  if (selected_ && !selected && header_ == write_header && address_ == fifo) tell_content();
  selected_ = selected;
  position_ = 0;
}

std::uint8_t Spirit1::transfer(std::uint8_t mosi) {
  if (!selected_ || state_ == State::shutdown) return 0;  // MISO floats
  advance(chip_.now());
  const std::uint32_t position = position_++;
  if (position == 0) {
    header_ = mosi;
    return status_high();
  }
  if (position == 1) {
    address_ = mosi;
    const std::uint8_t status = status_low();
    if (header_ == command_header) strobe(mosi);
    return status;
  }
  std::uint8_t result = 0;
  if (header_ == read_header) {
    result = read(address_);
  } else if (header_ == write_header) {
    write(address_, mosi);
  } else {
    unmodelled(fmt::format("SPI header {:#04x}", header_));
  }
  if (address_ != fifo) ++address_;
  return result;
}

std::uint8_t Spirit1::status_high() const {
  unsigned status = 0x50;
  if (error_lock_) status |= 1u;
  if (rx_fifo_.empty()) status |= 2u;
  if (tx_fifo_.full()) status |= 4u;
  return static_cast<std::uint8_t>(status);
}

std::uint8_t Spirit1::status_low() const {
  return static_cast<std::uint8_t>(static_cast<unsigned>(state_) << 1 | (crystal_on() ? 1u : 0u));
}

bool Spirit1::crystal_on() const {
  return state_ != State::standby && state_ != State::sleep && state_ != State::pm_setup &&
         state_ != State::xo_settling && state_ != State::shutdown;
}

std::uint8_t Spirit1::read(std::uint8_t address) {
  if (address == fifo) {
    if (rx_fifo_.empty()) {
      trace("RX FIFO underflow: it is read while empty");
      raise(Irq::rx_fifo_error);
    }
    const std::uint8_t byte = rx_fifo_.pop();
    update_fifo_flags();
    if (reception_) chip_.reschedule();  // it fills up again at another time
    return byte;
  }
  return address >= read_only_begin ? read_only(address) : registers_[address];
}

std::uint8_t Spirit1::read_only(std::uint8_t address) {
  switch (address) {
    case mc_state1:
      return status_high();
    case mc_state0:
      return status_low();
    case linear_fifo_status1:
      return static_cast<std::uint8_t>(tx_fifo_.size());
    case linear_fifo_status0:
      return static_cast<std::uint8_t>(rx_fifo_.size());
    case rssi_level:
      // The packet's level stays until the receiver is left or the next packet comes.
      if (state_ == State::rx && !packet_rssi_) registers_[rssi_level] = rssi_code(signal_dbm());
      return registers_[rssi_level];
    case link_qualif1:
      return static_cast<std::uint8_t>((registers_[link_qualif1] & 0x7Fu) |
                                       (state_ == State::rx && carrier_sensed() ? 0x80u : 0u));
    default:
      break;
  }
  if (address < irq_status3 || address > irq_status0) return registers_[address];
  const unsigned shift = 8u * (irq_status0 - address);
  const auto flags = static_cast<std::uint8_t>(irq_status_ >> shift);
  irq_status_ &= ~(0xFFu << shift);  // reading clears
  update_pins();
  return flags;
}

void Spirit1::write(std::uint8_t address, std::uint8_t value) {
  if (address == fifo) {
    if (!tx_fifo_.push(value)) {
      trace("TX FIFO overflow: the byte is lost");
      raise(Irq::tx_fifo_error);
    }
    update_fifo_flags();
    if (transmission_) chip_.reschedule();
    return;
  }
  if (tracing()) trace(fmt::format("{} = {:#04x}", register_name(address), value));
  if (address >= read_only_begin) return;
  warn_unmodelled(address, value);
  registers_[address] = value;
  if (address == protocol1 && (value & seed_reload) != 0) {
    random_ = static_cast<std::uint16_t>(registers_[csma_config3] << 8 | registers_[csma_config2]);
  }
  update_fifo_flags();  // thresholds, and with it pins, masks and GPIO functions
  update_pins();
  if (reception_ || transmission_) chip_.reschedule();
}

void Spirit1::warn_unmodelled(std::uint8_t address, std::uint8_t value) {
  if (address == ana_func_conf0 && (value & 0x01u) != 0) {
    unmodelled("the analog temperature sensor on GPIO0");
  }
  if (address == pcktctrl3 && (value & 0x30u) != 0) unmodelled("the bits of direct reception");
  if (address == pcktctrl1 && (value & 0x0Cu) != 0) {
    unmodelled("the bits of direct or PN9 transmission; others measure its carrier");
  }
  const unsigned function = value >> 3;
  const bool clock_or_data = function == 4 || function == 8 || function == 9 || function == 17;
  if (address >= gpio3_conf && address <= gpio0_conf && (value & 2u) != 0 && clock_or_data) {
    unmodelled(fmt::format("{}: clocks and raw data do not show on a pin", register_name(address)));
  }
}

void Spirit1::start_aes(Strobe command) {
  if (!set(ana_func_conf0, aes_on)) return trace("AES command ignored: AES_ON is clear");
  aes_command_ = command;
  const std::uint64_t runs = command == Strobe::aes_key_decrypt ? 2 : 1;
  aes_at_ = later(time_, cycles_to_time(runs * aes_cycles, digital_hz(registers_)));
  chip_.reschedule();
}

// AES_KEY derives the key for decryption from the data registers, AES_KEY_DEC from the key
// registers, and decrypts.
void Spirit1::finish_aes() {
  aes_at_ = no_event;
  const AesBlock key = aes_block(registers_, aes_key_in15);
  const AesBlock data = aes_block(registers_, aes_data_in15);
  AesBlock result{};
  switch (aes_command_) {
    case Strobe::aes_encrypt:
      result = aes_encrypt(key, data);
      break;
    case Strobe::aes_key:
      result = aes_decryption_key(data);
      break;
    case Strobe::aes_decrypt:
      result = aes_decrypt(key, data);
      break;
    default:
      result = aes_decrypt(aes_decryption_key(key), data);
  }
  for (std::size_t index = 0; index < result.size(); ++index) {
    registers_[aes_data_out15 + 15 - index] = result[index];
  }
  raise(Irq::aes_end);
}

bool Spirit1::tracing() const {
  return chip_.tracing("radio");
}

void Spirit1::trace(std::string_view text) const {
  if (tracing()) chip_.trace("radio", fmt::format("SPIRIT1: {}", text));
}

void Spirit1::unmodelled(std::string_view text) const {
  if (chip_.tracing("unmodelled")) chip_.trace("unmodelled", fmt::format("SPIRIT1: {}", text));
}

// --- time ----------------------------------------------------------------------------------------

Picoseconds Spirit1::next_event() const {
  return std::min({step_at_, next_fetch_event(), next_receive_event(), rx_timeout_at_, listen_at_,
                   wake_up_at_, transmission_ ? transmission_->end : no_event, carrier_until_,
                   aes_at_});
}

void Spirit1::advance(Picoseconds now) {
  for (Picoseconds at = next_event(); at <= now; at = next_event()) {
    time_ = std::max(at, time_);
    if (at == step_at_) {
      step_at_ = no_event;
      step();
    } else if (transmission_ && at == transmission_->end) {
      end_transmission();
    } else if (at == rx_timeout_at_) {
      rx_timed_out();
    } else if (at == listen_at_) {
      listen_step();
    } else if (at == wake_up_at_) {
      wake_up();
    } else if (at == carrier_until_) {
      continue_carrier();
    } else if (at == aes_at_) {
      finish_aes();
    } else {
      fetch_until(at);
      synchronise_until(at);
      store_until(at);
    }
  }
  time_ = std::max(now, time_);
  fetch_until(now);
  store_until(now);
}

RadioTimes Spirit1::times() const {
  RadioTimes times = times_;
  add_time(times, std::max(chip_.now(), accounted_at_) - accounted_at_);
  return times;
}

void Spirit1::serialize(Saver& saver) {
  saver.section("SPIRIT1");
  saver(registers_, tx_fifo_, rx_fifo_, state_, goal_, step_at_, time_, irq_status_, error_lock_,
        in_reset_, selected_, position_, header_, address_, tx_almost_full_, tx_almost_empty_,
        rx_almost_full_, rx_almost_empty_, transmission_, reception_, sequence_, rx_timeout_at_,
        listen_at_, listen_steps_, backoffs_, random_, wake_up_at_, wake_up_expired_);
  saver(accounted_at_, times_, carrier_until_, passing_, packet_rssi_, exchange_, heard_, reply_,
        duty_cycle_sends_, aes_at_, aes_command_);
}

}  // namespace goldcrest::board
