// SPDX-License-Identifier: MIT
// USART and UART, RM0038 chapter "Universal synchronous asynchronous receiver transmitter".
//
//   USART1 0x40013800 IRQ 37 (APB2)   USART2 0x40004400 IRQ 38   USART3 0x40004800 IRQ 39 (APB1)
//   UART4 0x40004C00 IRQ 48           UART5 0x40005000 IRQ 49    without flow control and clock
//
// Every frame takes the time its bits take at the configured baud rate, in both directions; the far
// end is taken to run at the same rate. On the NUCLEO, USART2 (PA2, PA3) is the virtual COM port.
// Half duplex hears itself; RTS holds the far end back and CTS the transmitter; breaks, LIN break
// detection, mute mode. IrDA frames carry bytes like all others. Not modelled, traced: the clock of
// synchronous mode at its pin, smartcard mode.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "host/board/dma_request.hpp"
#include "host/board/pins.hpp"
#include "host/board/register_block.hpp"

namespace goldcrest::board {

struct UsartConfig {
  std::string_view name;
  unsigned irq = 0;
  unsigned bus = 2;  ///< 1 = APB2, 2 = APB1
  /// Pins the bytes pass through when they are in `alternate_function`; none: not wired, any works.
  std::optional<Pin> tx;
  std::optional<Pin> rx;
  unsigned alternate_function = 7;
  /// Flow control; a UART has none, and no synchronous or smartcard mode either.
  std::optional<Pin> cts{};
  std::optional<Pin> rts{};
  bool synchronous = true;
  DmaLine dma_tx{};
  DmaLine dma_rx{};
};

/// How a frame comes in from the far end.
enum class LineFault : std::uint8_t { none, noise, framing, parity, line_break };

class Usart final : public RegisterBlock, public PinListener {
 public:
  Usart(Chip& chip, Pins& pins, const UsartConfig& config);

  /// The far end sends `bytes`, one after the other at the baud rate.
  void push(std::string_view bytes);
  /// The far end sends one frame of up to nine data bits, damaged or not.
  void push_frame(std::uint32_t data, LineFault fault);
  /// What the far end has received so far.
  std::string take_transmitted();
  /// How many breaks the far end has received since the last call.
  unsigned take_breaks();

  void pin_changed(Pin pin, bool level) override;
  void reset(bool power_on) override;
  Picoseconds next_event() const override;
  void advance(Picoseconds now) override;
  void serialize(Saver& saver) override;

 protected:
  std::uint32_t read_register(std::uint32_t offset) override;
  void write_register(std::uint32_t offset, std::uint32_t value) override;

 private:
  bool transmitter_on() const;
  bool receiver_on() const;
  std::uint32_t clock_hz() const;
  Picoseconds bits_time(std::uint32_t half_bits) const;
  Picoseconds frame_time() const;
  std::uint32_t read_data();
  void write_data(std::uint32_t value);
  void write_control(std::uint32_t value);
  void note_unmodelled(std::uint32_t offset, std::uint32_t value);
  bool held_back() const;
  bool holds_far_end() const;
  void continue_transmission(Picoseconds at);
  void start_transmission(Picoseconds at);
  void start_reception(Picoseconds at);
  void finish_transmission(Picoseconds at);
  void finish_reception(Picoseconds at);
  bool awake_for(std::uint32_t word);
  void receive(std::uint32_t word, LineFault fault, Picoseconds at);
  std::uint32_t received_word(std::uint32_t data) const;
  void update_rts();
  void update();

  Pins& pins_;
  UsartConfig config_;
  std::uint32_t status_ = 0;
  std::uint32_t baud_ = 0;
  std::uint32_t control1_ = 0;
  std::uint32_t control2_ = 0;
  std::uint32_t control3_ = 0;
  std::uint32_t guard_ = 0;
  std::uint32_t receive_data_ = 0;
  std::uint32_t transmit_data_ = 0;
  std::uint32_t shifting_ = 0;
  std::uint32_t status_seen_ = 0;  ///< flags of the last SR read, for the clear sequences
  Picoseconds transmit_end_ = no_event;
  Picoseconds receive_end_ = no_event;
  Picoseconds idle_at_ = no_event;
  bool sending_break_ = false;
  std::deque<std::pair<std::uint16_t, LineFault>> arriving_;
  std::string transmitted_;
  std::uint32_t breaks_ = 0;
};

}  // namespace goldcrest::board
