// SPDX-License-Identifier: MIT
// The SPIRIT1 radio on the X-NUCLEO-IDS01A4/A5, as its datasheet (DocID022758) describes it, seen
// from its three sides: the SPI and pins of the microcontroller, and the air.
//
//   CS PB6   SCK PB3   MISO PA6   MOSI PA7   SDN PA10   GPIO3 PC7   GPIO2 PA4   GPIO1 PB0   GPIO0
//   PC1
//
// An SPI transaction is a header (0x00 write, 0x01 read, 0x80 command), an address or strobe, and
// data with the address counting up (but for the FIFO at 0xFF); the two MC_STATE bytes come back
// during the first two. The packet handler speaks BASIC, STACK and MBUS formats; frames pass the
// RadioPort whole, with their air time, and fill and drain the FIFOs at air rate. What a RadioPort
// cannot carry, direct modes and PN9, is a carrier that others measure.
//
// Not modelled, traced: the bits of direct modes, clocks on GPIOs, the analog temperature sensor.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "host/board/peripheral.hpp"
#include "host/board/pins.hpp"
#include "host/board/radio_port.hpp"
#include "host/board/spirit1_fifo.hpp"
#include "host/board/spirit1_power.hpp"
#include "host/board/spirit1_registers.hpp"
#include "host/board/spirit1_settings.hpp"
#include "host/board/state.hpp"

namespace goldcrest::board {

class Spirit1 final : public EventSource,
                      public SpiDevice,
                      public PinListener,
                      public RadioReceiver {
 public:
  static constexpr Pin chip_select{1, 6};
  static constexpr Pin shutdown_pin{0, 10};
  /// Where GPIO0 … GPIO3 end.
  static constexpr std::array<Pin, 4> gpio_pins{Pin{2, 1}, Pin{1, 0}, Pin{0, 4}, Pin{2, 7}};
  static constexpr std::uint32_t max_spi_hz = 10'000'000;

  Spirit1(Chip& chip, Pins& pins);

  void connect(RadioPort& air) { air_ = &air; }
  spirit1::State state() const { return state_; }
  /// Time in each state until now.
  RadioTimes times() const;

  // SpiDevice
  void select(bool selected) override;
  std::uint8_t transfer(std::uint8_t mosi) override;
  // PinListener
  void pin_changed(Pin pin, bool level) override;
  // RadioReceiver; Instants are board time, chip.now() in microseconds.
  void packet_begin(std::uint64_t packet_id, base::Instant begin, base::Instant end, int rssi_dbm,
                    const RadioSettings& settings) override;
  void packet_content(std::uint64_t packet_id, std::span<const std::uint8_t> payload) override;
  void packet_end(std::uint64_t packet_id, base::Instant end, std::span<const std::uint8_t> payload,
                  bool corrupt) override;

  /// Power comes on; a reset of the microcontroller does not touch the radio.
  void power_on();
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver);

 private:
  /// Where a sequence of transitions leads to. listen: carrier sensing before tx; acknowledge: tx
  /// of the acknowledgement of what has been received; await: rx of the own one's.
  enum class Goal : std::uint8_t {
    none,
    ready,
    standby,
    sleep,
    lock_rx,
    lock_tx,
    rx,
    tx,
    listen,
    acknowledge,
    await
  };

  /// A packet on its way out.
  struct Transmission {
    Picoseconds begin = 0;
    Picoseconds end = no_event;
    Picoseconds payload_at = 0;  ///< the first payload byte is needed
    Picoseconds byte_time = 1;
    std::uint32_t payload_bytes = 0;    ///< through the FIFO
    std::uint32_t fetched = 0;          ///< of them, taken from the FIFO
    bool announced = false;             ///< the air knows of it
    bool streamed = false;              ///< the air gets its content at the end
    bool acknowledges = false;          ///< sent by the protocol engine
    std::vector<std::uint8_t> content;  ///< header and payload, as far as known
    void serialize(Saver& saver);
  };
  /// A packet on its way in, or passing by while the radio is not in RX.
  struct Reception {
    std::uint64_t id = 0;
    RadioSettings settings;       ///< the sender's
    Picoseconds preamble_at = 0;  ///< it is over; once locked on, enough of it has come
    Picoseconds sync_at = 0;
    Picoseconds payload_at = 0;  ///< the first payload byte begins
    Picoseconds byte_time = 1;
    std::int32_t rssi_dbm = 0;
    bool preamble_seen = false;
    bool sync_seen = false;
    bool overflow = false;
    std::uint32_t stored = 0;           ///< payload bytes that have arrived
    std::uint32_t fifo_before = 0;      ///< FIFO size when they began to
    std::vector<std::uint8_t> payload;  ///< without the header, as far as known
    void serialize(Saver& saver);
  };
  /// A sent packet that wants an acknowledgement.
  struct Exchange {
    std::vector<std::uint8_t> content;
    std::uint8_t retransmissions = 0;
    void serialize(Saver& saver);
  };
  /// By what a retransmission is known.
  struct Heard {
    std::uint8_t source = 0;
    std::uint8_t sequence = 0;
    std::uint32_t checksum = 0;
    void serialize(Saver& saver);
    friend bool operator==(const Heard&, const Heard&) = default;
  };

  // SPI and registers (spirit1.cpp)
  std::uint8_t read(std::uint8_t address);
  void write(std::uint8_t address, std::uint8_t value);
  std::uint8_t read_only(std::uint8_t address);
  std::uint8_t status_high() const;
  std::uint8_t status_low() const;
  void warn_unmodelled(std::uint8_t address, std::uint8_t value);
  void start_aes(spirit1::Strobe command);
  void finish_aes();
  bool tracing() const;
  void trace(std::string_view text) const;
  void unmodelled(std::string_view text) const;
  bool set(std::uint8_t address, std::uint8_t bits) const {
    return (registers_[address] & bits) != 0;
  }

  // States and strobes (spirit1_states.cpp)
  void strobe(std::uint8_t code);
  void strobe_radio(Goal goal);
  void strobe_ready();
  void strobe_sleep(Goal goal);
  void strobe_abort();
  void strobe_reload();
  void flush(spirit1::Fifo& fifo);
  void strobe_reset();
  void start_up();
  void shut_down();
  void enter(spirit1::State state);
  void account();
  void add_time(RadioTimes& times, Picoseconds duration) const;
  void become_ready();
  void step_to(spirit1::State state, Picoseconds duration);
  void step();
  void step_from_lock();
  void step_from_synthesizer();
  void lock_reached();
  void start_synthesizer(Goal goal);
  void leave_radio_state();
  bool crystal_on() const;

  // Interrupts and pins (spirit1_pins.cpp)
  void raise(spirit1::Irq irq);
  void update_pins();
  bool pin_function(unsigned function) const;
  void pin_rises(unsigned function);
  void update_fifo_flags();

  // Packets (spirit1_transmit.cpp, spirit1_receive.cpp)
  void begin_transmission();
  void transmit(Transmission next, const spirit1::PacketFormat& format);
  void announce(Transmission& sending, Picoseconds begin);
  std::vector<std::uint8_t> known_content(const Transmission& sending) const;
  void tell_content();
  void fetch_until(Picoseconds now);
  Picoseconds next_fetch_event() const;
  void underflow();
  void end_transmission();
  void packet_sent();
  void continue_carrier();
  void lock_on(Reception packet);
  void synchronise_until(Picoseconds now);
  void store_until(Picoseconds now);
  Picoseconds next_receive_event() const;
  void store(Reception& receiving, std::uint8_t byte);
  void finish_reception(std::span<const std::uint8_t> whole, bool corrupt);
  std::string_view refusal(const Reception& receiving, std::span<const std::uint8_t> whole,
                           bool bad) const;
  std::string_view filter_refusal(std::span<const std::uint8_t> header) const;
  bool address_matches(std::uint8_t destination) const;
  void note_packet(std::span<const std::uint8_t> whole);
  void discard(const Reception& receiving);
  void end_reception();

  // Acknowledgement and retransmission (spirit1_exchange.cpp)
  bool wants_acknowledgement() const;
  void await_acknowledgement(std::vector<std::uint8_t> content);
  bool is_acknowledgement(std::span<const std::uint8_t> whole) const;
  void acknowledged();
  void retransmit(Exchange& exchange);
  bool must_acknowledge(std::span<const std::uint8_t> whole) const;
  bool heard_before(std::span<const std::uint8_t> whole);
  void send_acknowledgement();

  // Receiver (spirit1_listen.cpp): RSSI, timeouts, CSMA, wake-up timer
  void enter_rx();
  int signal_dbm() const;
  bool carrier_sensed() const;
  bool timeout_is_stopped() const;
  void rx_timed_out();
  void begin_listening();
  void listen_step();
  void back_off();
  void start_synthesizer_again();
  std::uint32_t next_random();
  bool low_duty_cycle() const;
  void start_wake_up_timer();
  void wake_up();
  void back_to_sleep();

  Chip& chip_;
  Pins& pins_;
  RadioPort* air_ = nullptr;

  spirit1::RegisterFile registers_{};
  spirit1::Fifo tx_fifo_;
  spirit1::Fifo rx_fifo_;
  spirit1::State state_ = spirit1::State::shutdown;
  Goal goal_ = Goal::none;
  Picoseconds step_at_ = no_event;
  Picoseconds time_ = 0;          ///< of what is being done
  Picoseconds accounted_at_ = 0;  ///< times_ is true until then
  RadioTimes times_;
  std::uint32_t irq_status_ = 0;
  bool error_lock_ = false;
  bool in_reset_ = true;  ///< POR output is low

  bool selected_ = false;
  std::uint32_t position_ = 0;  ///< bytes since CS fell
  std::uint8_t header_ = 0;
  std::uint8_t address_ = 0;

  bool tx_almost_full_ = false;
  bool tx_almost_empty_ = false;
  bool rx_almost_full_ = false;
  bool rx_almost_empty_ = false;

  std::optional<Transmission> transmission_;
  Picoseconds carrier_until_ = no_event;  ///< of the piece of carrier that is on air
  std::optional<Reception> reception_;
  std::optional<Reception> passing_;  ///< the latest that began while the radio was not in RX
  bool packet_rssi_ = false;          ///< RSSI_LEVEL is that of a packet
  std::uint8_t sequence_ = 0;         ///< STACK: of the next packet
  std::optional<Exchange> exchange_;  ///< STACK: waits for its acknowledgement
  std::optional<Heard> heard_;        ///< STACK: the last that was acknowledged
  std::vector<std::uint8_t> reply_;   ///< STACK: header of the acknowledgement to be sent

  Picoseconds rx_timeout_at_ = no_event;
  Picoseconds listen_at_ = no_event;
  std::uint32_t listen_steps_ = 0;
  std::uint32_t backoffs_ = 0;
  std::uint16_t random_ = 0xFF00;
  Picoseconds wake_up_at_ = no_event;
  bool wake_up_expired_ = false;
  bool duty_cycle_sends_ = false;  ///< LDC mode wakes to send, not to receive
  Picoseconds aes_at_ = no_event;  ///< the co-processor is done
  spirit1::Strobe aes_command_ = spirit1::Strobe::aes_encrypt;
  bool driving_pins_ = false;  ///< pin_changed() comes from the radio itself
};

}  // namespace goldcrest::board
