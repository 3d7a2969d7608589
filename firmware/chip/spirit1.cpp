// SPDX-License-Identifier: MIT
#include "firmware/chip/spirit1.hpp"

#include <chrono>

#include "core/base/ensure.hpp"
#include "firmware/chip/exti.hpp"
#include "firmware/chip/gpio.hpp"
#include "firmware/chip/interrupts.hpp"
#include "firmware/chip/registers/core.hpp"
#include "firmware/chip/spi.hpp"
#include "firmware/chip/time.hpp"
#include "firmware/chip/wake.hpp"

namespace goldcrest::chip {
namespace {

using namespace std::chrono_literals;
using namespace spirit1;
using Result = std::expected<void, RadioError>;

constexpr unsigned irq_line = 7;
constexpr unsigned interrupt_priority = 1;
constexpr auto shutdown_time = 1ms;
constexpr auto power_up_time = 2ms;  // typically 0.65 ms until READY
// Polls of some 6 µs: every change of state takes well below 1.5 ms.
constexpr unsigned state_polls = 500;
constexpr auto check_interval = 500ms;
constexpr auto transmit_margin = 5ms;
constexpr unsigned interrupt_rounds = 4;
constexpr std::uint32_t wanted_interrupts = irq::rx_data_ready | irq::rx_data_discarded |
                                            irq::tx_data_sent | irq::tx_fifo_error |
                                            irq::rx_fifo_error | irq::valid_sync;

// The one radio of the board, for the interrupt handler.
constinit Spirit1* handled = nullptr;

/// The bus is shared by the main program and the interrupt handler.
class BusLock {
 public:
  BusLock() { mask_interrupt(Interrupt::exti9_5); }
  ~BusLock() {
    if (handled) unmask_interrupt(Interrupt::exti9_5);
  }
  BusLock(const BusLock&) = delete;
  BusLock& operator=(const BusLock&) = delete;
};

struct Selected {
  Selected() { pins::radio_select.set(false); }
  ~Selected() { pins::radio_select.set(true); }
  Selected(const Selected&) = delete;
  Selected& operator=(const Selected&) = delete;
};

/// Sends command or address; returns MC_STATE0, which comes in meanwhile.
std::uint8_t header(std::uint8_t first, std::uint8_t second) {
  (void)spi_transfer(first);
  return spi_transfer(second);
}

void write_registers(Address address, base::Bytes values) {
  const Selected selected;
  (void)header(header_write, static_cast<std::uint8_t>(address));
  for (const auto value : values) (void)spi_transfer(value);
}
void write_register(Address address, std::uint8_t value) {
  write_registers(address, {&value, 1});
}

void read_registers(Address address, base::MutableBytes out) {
  const Selected selected;
  (void)header(header_read, static_cast<std::uint8_t>(address));
  for (auto& value : out) value = spi_transfer(0);
}
std::uint8_t read_register(Address address) {
  std::uint8_t value;
  read_registers(address, {&value, 1});
  return value;
}
void change_register(Address address, std::uint8_t mask, std::uint8_t bits) {
  write_register(address, static_cast<std::uint8_t>((read_register(address) & ~mask) | bits));
}

void command(Command command) {
  const Selected selected;
  (void)header(header_command, static_cast<std::uint8_t>(command));
}

/// MC_STATE0: state in bits 7 to 1, XO_ON in bit 0.
State read_state() {
  std::array<std::uint8_t, 2> mc_state;
  read_registers(Address::mc_state1, mc_state);
  return static_cast<State>(mc_state[1] >> 1);
}

bool wait_for(State state) {
  for (unsigned i = 0; i < state_polls; ++i) {
    if (read_state() == state) return true;
  }
  return false;
}

std::uint32_t take_interrupts() {
  std::array<std::uint8_t, 4> status;
  read_registers(Address::irq_status3, status);
  return base::load_be32(status.data());
}

}  // namespace

std::string_view describe(RadioError error) {
  switch (error) {
    case RadioError::no_answer:
      return "the radio does not answer";
    case RadioError::calibration:
      return "the radio's synthesizer does not lock";
    case RadioError::stuck:
      return "the radio is stuck";
  }
  return "unknown";
}

Result Spirit1::start(const RadioProfile& profile) {
  profile_ = profile;
  handled = nullptr;
  mask_interrupt(Interrupt::exti9_5);
  pins::radio_irq.configure(PinMode::input, Pull::up);
  transmitting_ = false;
  receiving_ = false;

  if (auto up = power_up(); !up) return up;
  configure(profile);
  if (auto calibrated = calibrate_vco(profile); !calibrated) return calibrated;
  command(Command::flush_rx_fifo);
  command(Command::flush_tx_fifo);
  (void)take_interrupts();
  if (!enter_receive()) return std::unexpected(RadioError::stuck);

  handled = this;
  interrupt_on_falling_edge(Port::c, irq_line);
  enable_interrupt(Interrupt::exti9_5, interrupt_priority);
  next_check_ = now() + check_interval;
  return {};
}

Result Spirit1::power_up() {
  pins::radio_shutdown.set(true);
  pins::radio_shutdown.configure(PinMode::output);
  delay(shutdown_time);
  pins::radio_shutdown.set(false);
  delay(power_up_time);
  if (!wait_for(State::ready)) return std::unexpected(RadioError::no_answer);
  if (read_register(Address::device_info1) != part_number) {
    return std::unexpected(RadioError::no_answer);
  }
  return {};
}

void Spirit1::configure(const RadioProfile& profile) {
  namespace values = radio_registers;
  write_register(Address::gpio3_conf, gpio_output_nirq);
  // Settings of undocumented analog registers that ST gives with its driver: VCO tuning voltage,
  // order of the modulator, image rejection, VCO buffer.
  write_register(Address::synth_config0, 0xA0);
  change_register(Address::test_dem, 0x02, 0x00);
  constexpr std::array<std::uint8_t, 2> iq_correction{0x80, 0xE3};
  write_registers(Address::test_iqc, iq_correction);
  write_register(Address::test_vco_buffer, 0x11);

  write_register(Address::if_offset_ana, values::if_offset(profile.crystal_hz));
  write_register(Address::if_offset_dig, values::if_offset(values::digital_clock_hz(profile)));
  write_register(Address::chspace, values::channel_spacing(profile));
  write_register(Address::chnum, profile.channel);
  constexpr std::array<std::uint8_t, 2> no_offset{0, 0};
  write_registers(Address::fc_offset1, no_offset);
  write_registers(Address::mod1, values::modulation(profile));
  change_register(Address::afc2, 0, afc2_freeze_on_sync);
  write_register(Address::pa_power1, pa_power_11_6_dbm);
  write_register(Address::pa_power0, 0x00);  // no ramp, level 1

  write_registers(Address::pcktctrl4, values::packet_control(profile));
  write_registers(Address::sync4, values::sync_word(profile));
  constexpr std::uint8_t filter_on_crc_only = 0x41;  // bit 6: a reset value that concerns time-outs
  write_register(Address::pckt_flt_options, filter_on_crc_only);
  write_register(Address::protocol1, protocol1_auto_packet_filter);
  write_register(Address::protocol0, protocol0_persistent_rx);
  constexpr std::array<std::uint8_t, 2> no_rx_timeout{1, 0};
  write_registers(Address::timers5_rx_timeout_prescaler, no_rx_timeout);
  write_register(Address::rssi_th,
                 static_cast<std::uint8_t>((profile.carrier_sense_dbm + 130) * 2));

  std::array<std::uint8_t, 4> mask;
  base::store_be32(mask.data(), wanted_interrupts);
  write_registers(Address::irq_mask3, mask);
}

// The VCO is calibrated once, in both directions, with the reference divider on (a 50 MHz reference
// is too fast for the calibrator) and more VCO current; afterwards the words found are used as they
// are, which also makes every later start of TX and RX quicker.
Result Spirit1::calibrate_vco(const RadioProfile& profile) {
  namespace values = radio_registers;
  const bool divide = profile.crystal_hz >= 48'000'000;
  const std::uint8_t vco =
      values::uses_high_vco(profile) ? synth_config1_vco_high : synth_config1_vco_low;
  change_register(Address::synth_config1, synth_config1_vco_mask | synth_config1_refdiv,
                  static_cast<std::uint8_t>(vco | (divide ? synth_config1_refdiv : 0u)));
  write_registers(Address::synt3, values::synt(profile, divide ? 2 : 1));
  write_register(Address::vco_config, 0x19);
  change_register(Address::protocol2, 0, protocol2_vco_calibration);

  if (!enter(Command::lock_tx, State::lock)) return std::unexpected(RadioError::calibration);
  const auto tx_word = read_register(Address::rco_vco_calibr_out0) & vco_word_mask;
  if (!enter(Command::ready, State::ready)) return std::unexpected(RadioError::calibration);
  if (!enter(Command::lock_rx, State::lock)) return std::unexpected(RadioError::calibration);
  const auto rx_word = read_register(Address::rco_vco_calibr_out0) & vco_word_mask;
  if (!enter(Command::ready, State::ready)) return std::unexpected(RadioError::calibration);

  change_register(Address::protocol2, protocol2_vco_calibration, 0);
  change_register(Address::synth_config1, synth_config1_refdiv, 0);
  write_registers(Address::synt3, values::synt(profile, 1));
  write_register(Address::vco_config, 0x11);
  change_register(Address::rco_vco_calibr_in1, vco_word_mask, static_cast<std::uint8_t>(tx_word));
  change_register(Address::rco_vco_calibr_in0, vco_word_mask, static_cast<std::uint8_t>(rx_word));
  return {};
}

bool Spirit1::enter(Command what, State state) {
  command(what);
  return wait_for(state);
}

// The switching frequency of the step-down converter differs between TX and RX (ST's driver).
bool Spirit1::enter_receive() {
  write_register(Address::pm_config1, 0x98);
  receiving_ = false;
  return enter(Command::rx, State::rx);
}

bool Spirit1::leave_receive() {
  return enter(Command::abort, State::ready);
}

TransmitStart Spirit1::transmit(base::Instant now, base::Bytes frame, bool sense_carrier) {
  base::ensure(!frame.empty() && frame.size() <= limits::frame_bytes && !transmitting_);
  const BusLock lock;
  if (!pins::radio_irq.high()) return TransmitStart::channel_busy;  // the handler has work first
  if (receiving_ && now < receiving_until_) return TransmitStart::channel_busy;

  command(Command::flush_tx_fifo);
  write_registers(Address::fifo, frame);
  const std::array<std::uint8_t, 2> length{0, static_cast<std::uint8_t>(frame.size())};
  if (!leave_receive()) {
    recover();
    return TransmitStart::failed;
  }
  if (sense_carrier && rssi_dbm(read_register(Address::rssi_level)) >= profile_.carrier_sense_dbm) {
    if (!enter_receive()) recover();
    return TransmitStart::channel_busy;
  }
  write_registers(Address::pcktlen1, length);
  write_register(Address::pm_config1, 0x20);
  transmit_deadline_ =
      now + std::chrono::microseconds(radio_registers::air_time_us(profile_, frame.size())) +
      transmit_margin;
  command(Command::tx);
  transmitting_ = true;
  return TransmitStart::started;
}

void Spirit1::end_transmission(bool sent) {
  last_sent_ = sent;
  transmitting_ = false;
  if (sent) ++statistics_.sent;
}

void Spirit1::take_frame() {
  receiving_ = false;
  std::array<std::uint8_t, 2> length;
  read_registers(Address::rx_pckt_len1, length);
  const auto size = base::load_be16(length.data());
  const auto stored = read_register(Address::linear_fifo_status0) & 0x7Fu;
  if (size == 0 || size > limits::frame_bytes || stored < size) {
    ++statistics_.fifo_errors;
  } else if (auto* place = ring_.next_free()) {
    read_registers(Address::fifo, {place->bytes.data(), size});
    place->size = static_cast<std::uint8_t>(size);
    place->rssi_dbm = static_cast<std::int8_t>(rssi_dbm(frame_rssi_));
    ring_.publish();
    ++statistics_.received;
  } else {
    ++statistics_.overruns;
  }
  command(Command::flush_rx_fifo);
}

void Spirit1::on_interrupt() {
  // nIRQ stays low until all that happened has been read.
  for (unsigned round = 0; round < interrupt_rounds && !pins::radio_irq.high(); ++round) {
    const auto events = take_interrupts();
    // While the frame is still on air: afterwards the register may follow the quiet channel.
    if ((events & irq::valid_sync) != 0) frame_rssi_ = read_register(Address::rssi_level);
    if ((events & irq::rx_data_ready) != 0) take_frame();
    if ((events & irq::rx_data_discarded) != 0) {
      ++statistics_.discarded;
      receiving_ = false;
      command(Command::flush_rx_fifo);
    }
    if ((events & irq::rx_fifo_error) != 0) {
      ++statistics_.fifo_errors;
      if (!transmitting_) (void)leave_receive();
      command(Command::flush_rx_fifo);
      if (!transmitting_) (void)enter_receive();
    }
    if (transmitting_ && (events & (irq::tx_data_sent | irq::tx_fifo_error)) != 0) {
      (void)enter_receive();
      end_transmission((events & irq::tx_data_sent) != 0);
    } else if ((events & irq::valid_sync) != 0 &&
               (events & (irq::rx_data_ready | irq::rx_data_discarded)) == 0) {
      receiving_ = true;
      receiving_until_ = now() + std::chrono::microseconds(
                                     radio_registers::air_time_us(profile_, limits::frame_bytes));
    }
  }
  request_wake();
}

void Spirit1::supervise(base::Instant now) {
  const BusLock lock;
  if (!pins::radio_irq.high()) {
    // An edge can get lost only if the line was low all the time; serve it here.
    on_interrupt();
  }
  if (transmitting_) {
    if (now < transmit_deadline_) return;
    end_transmission(false);
    recover();
  } else if (now >= next_check_) {
    next_check_ = now + check_interval;
    if (read_state() != State::rx) recover();
  }
}

base::Instant Spirit1::next_deadline() const {
  return transmitting_ ? transmit_deadline_ : next_check_;
}

void Spirit1::recover() {
  ++statistics_.recoveries;
  // When even this fails the next check tries again.
  (void)start(profile_);
  handled = this;
  next_check_ = now() + check_interval;
}

std::array<std::uint8_t, 16> Spirit1::noise() {
  const BusLock lock;
  std::array<std::uint8_t, 16> levels{};
  for (auto& level : levels) {
    if (!leave_receive()) break;
    level = read_register(Address::rssi_level);
    if (!enter_receive()) break;
    delay(200us);
  }
  return levels;
}

extern "C" void exti9_5_handler() {
  if (take_edge(irq_line) && handled) handled->on_interrupt();
}

}  // namespace goldcrest::chip
